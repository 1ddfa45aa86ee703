import type { UncacheableReason } from '../common/not-cacheable.js';
import type { Duration, Size } from '../common/units.js';
import type { ClientOptions } from '../http/client-hints.js';
import type { SweepStepName } from '../maintenance/steps.js';
import type { SweepReport } from '../maintenance/sweep.js';
import type {
  CacheEvent,
  CacheEventListener,
  CacheEventMap,
  ManagedChange,
  ManagementRefusal,
  OuterEvent,
} from '../observability/events.js';
import type { CacheCounters } from '../observability/stats.js';
import type { ClearOptions, StepProgress, StoreCalls, StoreFeatures } from '../ports/cache-store.js';
import type { EntryKey, Evicted, EvictedCounts, Kind, ListedEntry, Usage, VariantIdentity } from '../ports/entry.js';
import type { InfoCache } from '../tiers/info-cache.js';
import type { RenderTurn } from '../tiers/render-turns.js';
import type { SourceCache } from '../tiers/source-cache.js';
import type { SourceState } from '../tiers/source-state.js';
import type { VariantCache } from '../tiers/variant-cache.js';
import type { WarmCounts, WarmListener } from './warm-outcome.js';
import type { SweepRateOptions, WorkerOptions } from './image-cache-options.js';
import type { WorkerSettings } from './resolve-worker.js';

/** What the cache is doing and has done. */
export interface ImageCacheStats extends CacheCounters {
  /** Infos in the heap. */
  readonly heapInfo: { readonly entries: number; /** Estimated. */ readonly bytes: number };
  /** The heap level in front of the variants' store, where there is one. */
  readonly hot?: { readonly bytes: number; readonly maxSize: number };
  /** Renders now. */
  readonly rendering: { readonly running: number; readonly waiting: number };
}

/** A store of the cache, and how it is. */
export interface StoreState {
  readonly name: string;
  /** What the cache keeps there. */
  readonly kinds: readonly Kind[];
  readonly features: StoreFeatures;
  /** Calls that are left out for a while, since they have failed. */
  readonly leftOut: readonly StoreCalls[];
  /** Whether a listing by last access may be without some entries, since the index is being made anew. */
  readonly isIndexing: boolean;
}

/** What can be changed while the cache is in use; what is left out stays as it is. */
export interface LiveOptions {
  /** Target size of the heap level in front of the variants' store. */
  readonly hot?: Size;
  /** Target size of a variants' store that is in the heap. */
  readonly targetSize?: Size;
  /** Time after the last access when an entry of a kind goes; for what is stored already too. `'0'` = never. */
  readonly ttl?: { readonly info?: Duration; readonly variant?: Duration; readonly source?: Duration };
  /** Time after the creation when a variant is rendered anew; for what is stored already too. `'0'` = never. */
  readonly staleness?: Duration;
  /** Time for which the source of an original is not asked; for what is stored already too. `'0'` = never asked. */
  readonly sourceStaleness?: Duration;
  /** When the worker sweeps; `false` stops it. */
  readonly worker?: WorkerOptions | false;
}

/** How a source image is looked up. */
export interface ResolveOptions {
  readonly signal?: AbortSignal;
  /** Asks the source in any case, in aggressive mode too, with a lookup that begins now. @default false */
  readonly now?: boolean;
}

/** How a sweep is done. */
export interface SweepOptions {
  /** Ends the sweep; the report tells what has been done. */
  readonly signal?: AbortSignal;
  /** Examines and counts, and changes nothing. @default false */
  readonly dryRun?: boolean;
  /** @default as fast as it goes; verifying, 16 MB per second */
  readonly rate?: SweepRateOptions;
  /** Told now and then how far a step is, as the event `progress` tells. */
  readonly onProgress?: (progress: StepProgress) => void;
  /** Which steps are done, in their own order. @default all that a shift consists of */
  readonly steps?: readonly SweepStepName[];
}

/** How entries are listed. */
export interface EntriesOptions {
  readonly kind?: Kind;
  /** By address, or the least recently used first. @default 'id' */
  readonly order?: 'id' | 'lastAccess';
  /** The cursor of the entry behind which the listing goes on; of an earlier listing in the same order. */
  readonly after?: string;
  readonly signal?: AbortSignal;
}

/**
 * The cache tiers of an application that serves images. Also the injection token.
 *
 * The verbs are those of Galia; each returns what it took away.
 */
export abstract class ImageCache {
  abstract readonly infos: InfoCache;
  abstract readonly variants: VariantCache;
  /** Whole originals; with the option `sources`. */
  abstract readonly sources: SourceCache | undefined;
  /** Hints for clients on routes that say nothing else. */
  abstract readonly client: ClientOptions | false;
  /** Names of the response headers that hits replay on routes that say nothing else, in lower case. */
  abstract readonly replayHeaders: readonly string[];
  /** Whether there is a source to look images up in; identifiers are then the source's. */
  abstract readonly hasSource: boolean;
  /** When the worker sweeps and how fast, as it is set now. A `configured` event tells when it changes. */
  abstract readonly worker: WorkerSettings | undefined;

  /**
   * What is to be known about a source image before anything cached of it is returned: in conservative mode the result
   * of a lookup, in aggressive mode nothing. Pass it to both tiers to ask the source once per request.
   */
  abstract resolve(identifier: string, options?: ResolveOptions): Promise<SourceState>;

  /** Evicts all that is cached of one or several images. Renders that are under way are not stored. */
  abstract evict(identifier: string | readonly string[]): Promise<EvictedCounts>;
  /** Evicts one variant. */
  abstract evictVariant(key: EntryKey): Promise<EvictedCounts>;
  /** Evicts all infos. */
  abstract evictInfos(options?: ClearOptions): Promise<Evicted>;
  /** Evicts all variants. */
  abstract evictVariants(options?: ClearOptions): Promise<Evicted>;
  /** Evicts all originals that are cached. */
  abstract evictSources(options?: ClearOptions): Promise<Evicted>;
  /** Evicts what has expired and, in conservative mode or with `evictMissing`, what the source no longer vouches for. */
  abstract evictInvalid(options?: Omit<SweepOptions, 'steps'>): Promise<SweepReport>;
  /** Removes abandoned writes, files that are no entries, empty directories, old damaged files and trash. */
  abstract cleanUp(options?: Omit<SweepOptions, 'steps'>): Promise<SweepReport>;
  /**
   * One shift of the worker: `evictInvalid`, `cleanUp`, putting right what stores know of their entries, making room where
   * they are fuller than they may be, and verifying a part of what nobody reads; of the stores that no other process is
   * sweeping at the time.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS`, the message starting with `sweep.` and the option
   */
  abstract sweep(options?: SweepOptions): Promise<SweepReport>;
  /** Evicts everything. A signal ends what takes long of it, giving space back. */
  abstract purge(options?: ClearOptions): Promise<Evicted>;
  /** Says that a source image has changed: what is cached of it goes. */
  abstract changed(identifier: string): Promise<EvictedCounts>;

  /**
   * Waits until `onEvict` has been told of all evictions up to now, or was given up, of which a `telling-failed` event
   * tells.
   */
  abstract told(): Promise<void>;

  /**
   * Renders with the `renderer` what the store has not yet, one variant after the other and only when no request waits
   * for a render. To look whether a variant is there does not make it look used. Resolves with what has been done when
   * the signal is aborted or the cache closes.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when there is no renderer or no variant cache, and what the list
   * throws
   */
  abstract warm(
    identities: Iterable<VariantIdentity> | AsyncIterable<VariantIdentity>,
    options?: { readonly signal?: AbortSignal; readonly onEach?: WarmListener },
  ): Promise<WarmCounts>;

  /**
   * Lists what the stores hold, an entry at a time: what a page of it costs does not depend on what there is besides,
   * except in the heap. Stores that cannot list are left out where others can.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_UNSUPPORTED` when a store has not this order, or none can list;
   * `E_IMAGE_CACHE_OPTIONS` when `after` is no cursor of such a listing
   */
  abstract entries(options?: EntriesOptions): AsyncIterable<ListedEntry>;
  /**
   * All that the stores hold of an image.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_UNSUPPORTED` when no store can list
   */
  abstract entriesOf(identifier: string): Promise<readonly ListedEntry[]>;
  /** Entries and bytes of each kind, of the stores that can count. A store of files without an index looks at all of them. */
  abstract usage(): Promise<Record<Kind, Usage>>;
  /** The stores, each once, as they are now. */
  abstract readonly stores: readonly StoreState[];
  /** What the cache is doing, and has done since the start. */
  abstract stats(): ImageCacheStats;
  /**
   * Asks every store whether it can be used; writes nothing.
   *
   * @throws what the first store that cannot says
   */
  abstract ping(): Promise<void>;
  /** Listens to an event; call the result to stop. */
  abstract on<E extends CacheEvent>(event: E, listener: CacheEventListener<E>): () => void;
  /**
   * Changes options while the cache is in use, all of those that are given or none, and emits `configured`.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS`, the message starting with `configure.` and the option
   */
  abstract configure(options: LiveOptions): void;
  /** Whether the renders of one client are limited: requests are to say whose they are. */
  abstract readonly limitsClients: boolean;
  /**
   * Does work that is not cached, but costs as much as a render, when its turn among the renders has come.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_OVERLOADED`, `E_IMAGE_CACHE_TOO_MANY`, `E_IMAGE_CACHE_ABORTED`, or what the
   * work threw
   */
  abstract admit<T>(work: () => Promise<T>, turn: RenderTurn): Promise<T>;
  /**
   * Waits for what has to be known before a request can be answered, no longer than a request waits for its picture.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_ABORTED` when the signal is aborted; the error that `expired` makes when the
   * time is over
   */
  abstract waitFor<T>(
    work: Promise<T>,
    options: { readonly signal: AbortSignal; readonly expired: () => Error },
  ): Promise<T>;
  /** Tells that a response cannot be stored; the message says why in words. */
  abstract reportUncacheable(route: string, reason: UncacheableReason, message: string): void;
  /** Tells of what is done with the cache from outside. */
  abstract tell<E extends OuterEvent>(event: E, payload: CacheEventMap[E]): void;
  /** Tells that a request was refused, since its client asks for more at a time than one may. */
  abstract reportLimited(error: unknown): void;
  /** Tells that an operator has changed something. */
  abstract reportManaged(change: ManagedChange): void;
  /** Tells that somebody was not let manage the cache. */
  abstract reportRefused(refusal: ManagementRefusal): void;
  /**
   * Begins the end: sweeps and warming stop, and renders have the time of the option `drain` from now on, those included
   * that requests still ask for. What takes longer is given up, and who waits for it gets 503 (`E_IMAGE_CACHE_CLOSED`).
   * Call it when the server takes no more requests; where nobody has, `close` begins the end.
   */
  abstract drain(): void;
  /** Whether the end has begun. */
  abstract readonly isDraining: boolean;
  /**
   * Waits for what is under way until `drain` is over, writes access times and closes the stores. What a store has not
   * done two seconds after that is left behind. Throws what the first store throws that cannot be closed.
   */
  abstract close(): Promise<void>;
}
