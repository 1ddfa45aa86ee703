import { whileOpen, withDeadline } from '../common/deadline.js';
import { LinkedController } from '../common/linked-controller.js';
import type { UncacheableReason } from '../common/not-cacheable.js';
import type { ClientOptions } from '../http/client-hints.js';
import type { SweepStepName } from '../maintenance/steps.js';
import type { SweepReport } from '../maintenance/sweep.js';
import type { CacheEvent, CacheEventListener, CacheEventMap, OuterEvent } from '../observability/events.js';
import type { ClearOptions } from '../ports/cache-store.js';
import type { EntryKey, Evicted, EvictedCounts, Kind, ListedEntry, Usage, VariantIdentity } from '../ports/entry.js';
import { sumCounts } from '../tiers/image-evictor.js';
import type { InfoCache } from '../tiers/info-cache.js';
import type { RenderTurn } from '../tiers/render-turns.js';
import type { SourceCache } from '../tiers/source-cache.js';
import type { SourceState } from '../tiers/source-state.js';
import type { VariantCache } from '../tiers/variant-cache.js';
import { evictAll, evictInfos } from './evicting-all.js';
import {
  ImageCache,
  type EntriesOptions,
  type ImageCacheStats,
  type LiveOptions,
  type ResolveOptions,
  type StoreState,
  type SweepOptions,
} from './image-cache.js';
import { entriesOf, listEntries, servingStores, usageOf } from './listing.js';
import { statsOf } from './current-stats.js';
import type { ResolvedOptions } from './resolve-options.js';
import type { WarmCounts, WarmListener } from './warm-outcome.js';
import { storeStates } from './store-states.js';
import { sweepAtOnce, sweepShift } from './sweeping.js';
import { warm } from './warming.js';
import type { Parts } from './parts.js';

interface Stoppable {
  readonly signal?: AbortSignal;
}

/** The image cache over the tiers and stores that it is given. */
export class DefaultImageCache extends ImageCache {
  readonly infos: InfoCache;
  readonly variants: VariantCache;
  readonly sources: SourceCache | undefined;
  readonly client: ClientOptions | false;
  readonly replayHeaders: readonly string[];
  readonly hasSource: boolean;
  readonly #parts: Parts;
  #closed: Promise<void> | undefined;

  constructor(parts: Parts) {
    super();
    this.#parts = parts;
    this.infos = parts.infos;
    this.variants = parts.variants;
    this.sources = parts.sources;
    this.client = parts.options.client;
    this.replayHeaders = parts.options.replayHeaders;
    this.hasSource = parts.options.source !== undefined;
  }

  get worker(): ResolvedOptions['worker'] {
    return this.#parts.live.worker;
  }

  resolve(identifier: string, { signal, now = false }: ResolveOptions = {}): Promise<SourceState> {
    const { monitor } = this.#parts;
    return now ? monitor.current(identifier) : monitor.beforeHit(identifier, signal);
  }

  async evict(identifier: string | readonly string[]): Promise<EvictedCounts> {
    const identifiers = typeof identifier === 'string' ? [identifier] : identifier;
    const counts: EvictedCounts[] = [];
    for (const each of identifiers) counts.push(await this.#parts.evictor.evict(each, 'request'));
    return sumCounts(counts);
  }

  changed(identifier: string): Promise<EvictedCounts> {
    return this.#parts.evictor.evict(identifier, 'changed');
  }

  evictVariant(key: EntryKey): Promise<EvictedCounts> {
    return this.variants.evict(key);
  }

  evictInfos(options?: ClearOptions): Promise<Evicted> {
    return evictInfos(this.#parts, options);
  }

  purge(options?: ClearOptions): Promise<Evicted> {
    return evictAll(this.#parts, undefined, options);
  }

  evictVariants(options?: ClearOptions): Promise<Evicted> {
    return evictAll(this.#parts, 'variant', options);
  }

  evictSources(options?: ClearOptions): Promise<Evicted> {
    return evictAll(this.#parts, 'source', options);
  }

  get stores(): readonly StoreState[] {
    return storeStates(this.#parts.stores);
  }

  told(): Promise<void> {
    return this.#parts.notices.settled();
  }

  evictInvalid(options: Omit<SweepOptions, 'steps'> = {}): Promise<SweepReport> {
    const { resolveFirst, evictMissing } = this.#parts.options;
    const steps: readonly SweepStepName[] = resolveFirst || evictMissing ? ['expired', 'invalid'] : ['expired'];
    return this.#sweep(sweepAtOnce, { ...options, steps });
  }

  cleanUp(options: Omit<SweepOptions, 'steps'> = {}): Promise<SweepReport> {
    return this.#sweep(sweepAtOnce, { ...options, steps: ['abandoned', 'detritus', 'quarantine', 'trash'] });
  }

  sweep(options: SweepOptions = {}): Promise<SweepReport> {
    return this.#sweep(sweepShift, options);
  }

  entries(options: EntriesOptions = {}): AsyncIterable<ListedEntry> {
    return listEntries(this.#parts.stores, options);
  }

  entriesOf(identifier: string): Promise<readonly ListedEntry[]> {
    return entriesOf(this.#parts.stores, identifier);
  }

  usage(): Promise<Record<Kind, Usage>> {
    return usageOf(this.#parts.stores);
  }

  stats(): ImageCacheStats {
    return statsOf(this.#parts);
  }

  async ping(): Promise<void> {
    await Promise.all(this.#parts.stores.distinct.map(async (store) => store.ping?.()));
  }

  on<E extends CacheEvent>(event: E, listener: CacheEventListener<E>): () => void {
    return this.#parts.events.on(event, listener);
  }

  configure(options: LiveOptions): void {
    const { live, events } = this.#parts;
    const change = live.change(options);
    if (change.changed.length > 0) events.emit('configured', change);
  }

  async warm(
    identities: Iterable<VariantIdentity> | AsyncIterable<VariantIdentity>,
    { signal, onEach }: Stoppable & { readonly onEach?: WarmListener } = {},
  ): Promise<WarmCounts> {
    const { stopping } = this.#parts.ending;
    return LinkedController.during(signal === undefined ? [stopping] : [stopping, signal], (either) =>
      warm(identities, { ...this.#parts, signal: either, onEach }),
    );
  }

  get limitsClients(): boolean {
    return this.#parts.turns.limitsClients;
  }

  admit<T>(work: () => Promise<T>, turn: RenderTurn): Promise<T> {
    return this.#parts.turns.admit(work, turn);
  }

  waitFor<T>(
    work: Promise<T>,
    { signal, expired }: { readonly signal: AbortSignal; readonly expired: () => Error },
  ): Promise<T> {
    const { clock, options, ending } = this.#parts;
    const { timeout } = options.render;
    return whileOpen(() => withDeadline(work, { clock, timeout, expired, signal }), ending.closing);
  }

  reportUncacheable(route: string, reason: UncacheableReason, message: string): void {
    this.#parts.events.emit('uncacheable', { route, reason, message });
  }

  tell<E extends OuterEvent>(event: E, payload: CacheEventMap[E]): void {
    this.#parts.events.emit(event, payload);
  }

  reportLimited(error: unknown): void {
    this.#parts.events.emit('limited', { error });
  }

  reportManaged(change: CacheEventMap['managed']): void {
    this.#parts.events.emit('managed', change);
  }

  reportRefused(refusal: CacheEventMap['management-refused']): void {
    this.#parts.events.emit('management-refused', refusal);
  }

  get isDraining(): boolean {
    return this.#parts.ending.hasBegun;
  }

  drain(): void {
    this.#parts.ending.begin();
  }

  close(): Promise<void> {
    const { ending, touches, stores } = this.#parts;
    this.#closed ??= ending.complete({ settled: () => this.#settled(), touches, stores: stores.distinct });
    return this.#closed;
  }

  /** What is rendered is stored then. */
  async #settled(): Promise<void> {
    const { infos, sources, renders, background, notices } = this.#parts;
    await Promise.all([infos.settled(), renders.settled(), sources?.settled()]);
    await background.settled();
    await notices.settled();
  }

  #sweep(work: typeof sweepShift, options: SweepOptions): Promise<SweepReport> {
    const { stores, live, ending } = this.#parts;
    const shift = { stores: stores.distinct, serving: servingStores(stores), freshness: live.freshness };
    return ending.sweep((signal) => work({ ...options, signal }, { ...this.#parts, ...shift }), options.signal);
  }
}
