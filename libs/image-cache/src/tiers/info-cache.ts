import type { Admission } from '../common/admission.js';
import { ImageCacheError } from '../common/errors.js';
import type { Landed } from '../common/single-flight.js';
import { collect } from '../common/streams.js';
import type { CacheOutcome } from '../http/cache-status.js';
import { infoKey } from '../keys/entry-keys.js';
import { decodeInfo } from '../keys/info-codec.js';
import type { EntryKey, StoredEntry } from '../ports/entry.js';
import type { ImageInfo } from '../ports/image-info.js';
import type { Absences } from './absences.js';
import { freshnessOf, type Freshness, type FreshnessOptions } from './freshness.js';
import type { ImageGenerations } from './image-evictor.js';
import { InfoReading, overdue, type InfoReadingOptions, type ReadInfo } from './info-reading.js';
import { SharedFlights, type MadeElsewhere } from './shared-flights.js';
import { isTolerated, SOURCE_UNAVAILABLE, type SourceState } from './source-state.js';
import type { TouchBuffer } from './touch-buffer.js';
import type { CacheWishes } from './variant-request.js';

/** What an {@link InfoCache} depends on. */
export interface InfoCacheOptions extends InfoReadingOptions {
  readonly touches: TouchBuffer | undefined;
  readonly freshness: FreshnessOptions;
  readonly absences: Absences;
  readonly admission: Admission;
  /** Milliseconds that a caller waits for another one's reading. */
  readonly timeout: number;
}

/** How an info is asked for. */
export interface InfoRequest extends CacheWishes {
  /** What is known about the source image, when the caller has asked already. */
  readonly source?: SourceState;
  readonly signal?: AbortSignal;
}

/** An info that is to be read. */
interface InfoOrder {
  readonly identifier: string;
  readonly read: () => Promise<ImageInfo>;
  readonly source: SourceState;
  readonly seen: ImageGenerations | undefined;
  readonly signal: AbortSignal | undefined;
}

/** An info, and where it came from. */
export interface FoundInfo {
  readonly info: ImageInfo;
  readonly outcome: CacheOutcome;
}

/** Infos: heap info, then the info store, then the source image; what is found below is added above. */
export class InfoCache {
  readonly #options: InfoCacheOptions;
  readonly #reading: InfoReading;
  readonly #reads: SharedFlights<ReadInfo>;

  constructor(options: InfoCacheOptions) {
    this.#options = options;
    this.#reading = new InfoReading(options);
    this.#reads = new SharedFlights({ ...options, tier: 'info' });
  }

  /** The info that is in the heap; asks nobody. */
  peek(identifier: string): ImageInfo | undefined {
    return this.#options.heapInfos?.peek(identifier);
  }

  /** The info that is in the heap or in the store, however old; looking does not make it look used. */
  async find(identifier: string): Promise<ImageInfo | undefined> {
    const held = this.peek(identifier);
    if (held !== undefined) return held;
    const entry = await this.#options.store?.read(infoKey(identifier));
    const body = entry && !('notModified' in entry) ? await this.#whole(entry) : undefined;
    return body && decodeInfo(body, identifier);
  }

  /**
   * The info of an image, read by `read` when no tier has it.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_NOT_FOUND`, `E_IMAGE_CACHE_SOURCE_UNAVAILABLE`, `E_IMAGE_CACHE_OVERLOADED`,
   * or what `read` threw
   */
  async getOrRead(identifier: string, read: () => Promise<ImageInfo>, request: InfoRequest = {}): Promise<ImageInfo> {
    return (await this.lookUp(identifier, read, request)).info;
  }

  /**
   * {@link getOrRead} that also tells where the info came from.
   *
   * @throws as `getOrRead`
   */
  lookUp(identifier: string, read: () => Promise<ImageInfo>, request: InfoRequest = {}): Promise<FoundInfo> {
    const { absences } = this.#options;
    const sought = { identifier, key: infoKey(identifier), wishes: request };
    return absences.around(sought, () => this.#serve(identifier, read, request));
  }

  async #serve(identifier: string, read: () => Promise<ImageInfo>, request: InfoRequest): Promise<FoundInfo> {
    const { monitor, evictor } = this.#options;
    const { use, maxAge, onlyIfCached = false, mustRevalidate = maxAge !== undefined, signal } = request;
    const source = await monitor.before(identifier, { ...request, mustRevalidate });
    await evictor.refuseAbsent(identifier, source);
    // Nobody knows how old what is in the heap is.
    const isReload = use === 'reload' || (maxAge !== undefined && source.status === 'unknown');
    if (onlyIfCached && (isReload || use === 'bypass')) throw notCached(identifier);
    if (use === 'bypass') return { info: await this.#alone(identifier, read, signal), outcome: { kind: 'bypass' } };
    if (isReload) await this.#evict(identifier);
    const seen = source.status === 'found' ? await evictor.generations(identifier) : undefined;
    const held = (await this.#fromHeap(identifier, source, seen)) ?? (await this.#fromStore(identifier, source, seen));
    if (held !== undefined) return { info: held, outcome: hitOf(source) };
    if (onlyIfCached) throw notCached(identifier);
    const landed = await this.#join({ identifier, read, source, seen, signal });
    if ('found' in landed) return { info: landed.found, outcome: { kind: 'collapsed' } };
    const missed = this.#missed(isReload ? 'request' : 'miss');
    return { info: landed.value.info, outcome: landed.collapsed ? { kind: 'collapsed' } : missed };
  }

  async #join(order: InfoOrder): Promise<Landed<ReadInfo> | MadeElsewhere<ImageInfo>> {
    const { evictor, clock, timeout } = this.#options;
    const { identifier, read, source, seen, signal } = order;
    const { own, stores } = await evictor.generations(identifier);
    const flight = {
      name: [identifier, own, ...stores].join('\n'),
      key: infoKey(identifier),
      identifier,
      make: () => this.#reading.run(identifier, read),
      isThere: () => this.#isThere(identifier, source),
      find: () => this.#read(identifier, source, seen),
    };
    return this.#reads.join(flight, { clock, timeout, expired: overdue, signal });
  }

  #alone(identifier: string, read: () => Promise<ImageInfo>, signal?: AbortSignal): Promise<ImageInfo> {
    const { admission, closing } = this.#options;
    return admission.run(() => this.#reading.alone(identifier, read), { signal: signal ?? closing });
  }

  /** Only the info: what was rendered is as good as before. */
  async #evict(identifier: string): Promise<void> {
    const { heapInfos, store, evictor } = this.#options;
    const key = infoKey(identifier);
    await store?.delete(key);
    evictor.outdate(key.group);
    heapInfos?.delete(identifier);
  }

  /** Waits until no info is being read. */
  settled(): Promise<void> {
    return this.#reads.settled();
  }

  #missed(reason: 'miss' | 'request'): CacheOutcome {
    const { heapInfos, store } = this.#options;
    if (heapInfos === undefined && store === undefined) return { kind: 'bypass' };
    return { kind: 'miss', reason, stored: true };
  }

  async #fromHeap(identifier: string, source: SourceState, seen?: ImageGenerations): Promise<ImageInfo | undefined> {
    const { heapInfos, store, evictor, clock, events } = this.#options;
    if (heapInfos === undefined) return undefined;
    const info = heapInfos.peek(identifier);
    const now = clock.now();
    const age = { createdAt: now, lastAccess: now, ...(info?.source && { source: info.source }) };
    const judged = info && freshnessOf(age, source, now, { ttl: 0, staleness: 0 });
    events.emit(judged === 'fresh' ? 'hit' : 'miss', { tier: 'heap-info', identifier });
    if (judged === 'fresh') return info;
    // Another process may have put the new state into the store already; without one, nobody knows better.
    if (judged === 'changed' && store !== undefined) heapInfos.delete(identifier);
    else if (judged === 'changed') await evictor.evict(identifier, 'changed', seen);
    return undefined;
  }

  async #fromStore(identifier: string, source: SourceState, seen?: ImageGenerations): Promise<ImageInfo | undefined> {
    const { store, events } = this.#options;
    if (store === undefined) return undefined;
    const info = await this.#read(identifier, source, seen);
    events.emit(info ? 'hit' : 'miss', { tier: 'info', identifier });
    return info;
  }

  async #read(identifier: string, source: SourceState, seen?: ImageGenerations): Promise<ImageInfo | undefined> {
    const { store, heapInfos, evictor, touches } = this.#options;
    const key = infoKey(identifier);
    const fence = heapInfos?.generation(identifier) ?? '';
    const entry = await store?.read(key);
    if (entry === undefined || 'notModified' in entry) return undefined;
    const body = await this.#whole(entry);
    const judged = this.#judge(entry, source, key);
    const info = judged === 'fresh' && body ? decodeInfo(body, identifier) : undefined;
    if (judged === 'changed') await evictor.evict(identifier, 'changed', seen);
    if (info === undefined) return undefined;
    touches?.record(key);
    heapInfos?.set(identifier, info, fence);
    return info;
  }

  async #isThere(identifier: string, source: SourceState): Promise<boolean> {
    const key = infoKey(identifier);
    const entry = await this.#options.store?.stat(key);
    return entry !== undefined && this.#judge(entry, source, key) === 'fresh';
  }

  #judge(entry: Pick<StoredEntry, 'meta' | 'lastAccess'>, source: SourceState, key: EntryKey): Freshness {
    const { clock, touches, freshness } = this.#options;
    const lastAccess = Math.max(entry.lastAccess, touches?.lastAccess(key) ?? 0);
    return freshnessOf({ ...entry.meta, lastAccess }, source, clock.now(), freshness);
  }

  /** An info that breaks while it is read is none. */
  async #whole({ meta, body }: StoredEntry): Promise<Buffer | undefined> {
    try {
      return Buffer.isBuffer(body) ? body : await collect(body, meta.size);
    } catch (error) {
      this.#options.events.emit('background-failed', { what: 'reading an info', error });
      return undefined;
    }
  }
}

function hitOf(source: SourceState): CacheOutcome {
  return isTolerated(source) ? { kind: 'hit', detail: SOURCE_UNAVAILABLE } : { kind: 'hit' };
}

function notCached(identifier: string): ImageCacheError {
  return new ImageCacheError('E_IMAGE_CACHE_NOT_CACHED', `There is no info of ${identifier} in the cache.`);
}
