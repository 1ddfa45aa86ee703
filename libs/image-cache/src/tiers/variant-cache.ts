import type { Background } from '../common/background.js';
import { ImageCacheError } from '../common/errors.js';
import type { Landed } from '../common/single-flight.js';
import { keyString, variantKey } from '../keys/entry-keys.js';
import type { EntryKey, EvictedCounts, VariantIdentity } from '../ports/entry.js';
import type { Render } from '../ports/image-info.js';
import type { Absences } from './absences.js';
import type { EvictionNotices } from './eviction-notices.js';
import { sumCounts, type ImageGenerations } from './image-evictor.js';
import { Renewals } from './renewals.js';
import type { SourceMonitor } from './source-monitor.js';
import { VariantLookup, type Found, type VariantLookupOptions, type Wanted } from './variant-lookup.js';
import { opened, type Picture } from './picture.js';
import type { RenderOrder } from './variant-renders.js';
import type { Variant, VariantRequest } from './variant-request.js';

/** What a {@link VariantCache} depends on. */
export interface VariantCacheOptions extends VariantLookupOptions {
  readonly monitor: SourceMonitor;
  readonly absences: Absences;
  readonly notices: EvictionNotices;
  readonly background: Background;
}

/** A render that is asked for, when it is known that there is no variant. */
type Order = Omit<RenderOrder<Found>, 'isThere' | 'find'>;

/** Processed images: from the store, or rendered once for all who ask at the same time. */
export class VariantCache {
  readonly #options: VariantCacheOptions;
  readonly #lookup: VariantLookup;
  readonly #renewals: Renewals;

  constructor(options: VariantCacheOptions) {
    this.#options = options;
    this.#lookup = new VariantLookup(options);
    this.#renewals = new Renewals(options);
  }

  /**
   * A variant, rendered by `render` when the store has none that is good.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_NOT_FOUND`, `E_IMAGE_CACHE_SOURCE_UNAVAILABLE`,
   * `E_IMAGE_CACHE_SOURCE_CHANGED`, `E_IMAGE_CACHE_OVERLOADED`, `E_IMAGE_CACHE_TOO_MANY`, `E_IMAGE_CACHE_NOT_CACHED`, or
   * what `render` threw
   */
  getOrRender(identity: VariantIdentity, render: Render, request: VariantRequest = {}): Promise<Variant> {
    const { identifier } = identity;
    const key = variantKey(identity);
    const sought = { identifier, key, wishes: request };
    return this.#options.absences.around(sought, () => this.#serve({ ...identity, key, render }, request));
  }

  /** Whether the store has a variant that would be served. To look is not to ask for it: it ages as before. */
  async has(identity: VariantIdentity, { signal }: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    const { identifier } = identity;
    const source = await this.#options.monitor.beforeHit(identifier, signal);
    return this.#lookup.isThere({ key: variantKey(identity), identifier, source });
  }

  /** Evicts one variant; a render that is under way is not kept. */
  async evict(key: EntryKey): Promise<EvictedCounts> {
    const { store, evictor, events, notices } = this.#options;
    const counts = sumCounts(store === undefined ? [] : [await store.delete(key)]);
    evictor.outdate(key.group);
    notices.tell('request', { group: key.group });
    events.emit('evicted', { reason: 'request', counts });
    return counts;
  }

  async #outdate(key: EntryKey, identifier: string): Promise<ImageGenerations> {
    await this.evict(key);
    return this.#options.evictor.generations(identifier);
  }

  async #serve(
    { key, identifier, operations, render }: Pick<Order, 'key' | 'identifier' | 'operations' | 'render'>,
    request: VariantRequest,
  ): Promise<Variant> {
    const { renders, evictor, monitor } = this.#options;
    const { expected, signal, priority, client, whole } = request;
    const source = await monitor.before(identifier, request);
    await evictor.refuseAbsent(identifier, source);
    if (request.onlyIfCached === true && request.use !== undefined) throw notCached(identifier);
    const order = { key, identifier, operations, render, expected, signal, priority, client, whole };
    if (request.use === 'bypass') {
      const seen = await evictor.generations(identifier);
      return { ...(await renders.alone({ ...order, seen })), outcome: { kind: 'bypass' } };
    }
    const wanted = { key, identifier, source, expected };
    const looked =
      request.use === 'reload'
        ? ({ reason: 'request', seen: await this.#outdate(key, identifier) } as const)
        : await this.#lookup.run(wanted, request);
    if ('reason' in looked) return this.#render({ ...order, seen: looked.seen }, looked.reason, { wanted, request });
    if ('seen' in looked && request.onlyIfCached !== true)
      this.#renew({ ...order, seen: looked.seen }, wanted, request);
    return looked.variant;
  }

  async #render(
    order: Order,
    reason: 'miss' | 'stale' | 'request',
    { wanted, request }: { readonly wanted: Wanted; readonly request: VariantRequest },
  ): Promise<Variant> {
    const { identifier } = order;
    if (request.onlyIfCached === true) throw notCached(identifier);
    const landed = await this.#options.renders.join({
      ...order,
      isThere: () => this.#lookup.isThere(wanted, request),
      find: () => this.#lookup.find(wanted, request),
    });
    const variant: Variant =
      'found' in landed
        ? { ...this.#lookup.hit(landed.found, wanted, request), outcome: { kind: 'collapsed' } }
        : this.#made(landed, reason);
    if (variant.outcome.kind === 'collapsed') this.#options.events.emit('collapsed', { identifier });
    return variant;
  }

  /** Whoever is served meanwhile does not wait for it, and its failure is not theirs. */
  #renew(order: Order, wanted: Wanted, { ttl, served }: VariantRequest): void {
    const { renders } = this.#options;
    const aged = ttl === undefined ? {} : { ttl };
    const isThere = (): Promise<boolean> => this.#lookup.isThere(wanted, aged);
    const find = async (): Promise<true | undefined> => ((await isThere()) ? true : undefined);
    this.#renewals.start(keyString(order.key), order.identifier, async () => {
      await served?.();
      const ofNobody = { signal: undefined, client: undefined, priority: 'background', whole: true } as const;
      await renders.join({ ...order, ...ofNobody, isThere, find });
    });
  }

  #made({ value, collapsed }: Landed<Picture>, reason: 'miss' | 'stale' | 'request'): Variant {
    const { store } = this.#options;
    if (store === undefined) return { ...opened(value), outcome: { kind: 'bypass' } };
    const { stored } = value;
    return { ...opened(value), outcome: collapsed ? { kind: 'collapsed' } : { kind: 'miss', reason, stored } };
  }
}

function notCached(identifier: string): ImageCacheError {
  return new ImageCacheError('E_IMAGE_CACHE_NOT_CACHED', `There is no such picture of ${identifier} in the cache.`);
}
