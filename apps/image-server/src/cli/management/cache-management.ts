import type { EvictedCounts, ImageInfo, Kind, Ranking, SweepReport, Usage, Warmth } from 'nestjs-image-cache';
import type { QueuedJob, QueueManagement } from './queue-management.js';
import type { Rehearsable } from './work.js';

/** An entry of the cache as a listing shows it. */
export interface CachedEntry {
  readonly identifier: string;
  readonly kind: Kind;
  /** What was done to the image; of variants. */
  readonly operations?: string;
  /** Names the entry in the store. */
  readonly key: string;
  readonly contentType: string;
  /** Bytes. */
  readonly size: number;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** ISO 8601, UTC. */
  readonly lastAccess: string;
  readonly hits?: number;
}

/** How entries are listed. */
export interface EntriesRequest {
  readonly kind?: Kind | undefined;
  readonly order?: 'id' | 'lastAccess' | Ranking | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** A page of entries. */
export interface EntryPage {
  readonly entries: readonly CachedEntry[];
  /** Where the next page begins; absent on the last one. */
  readonly next?: string;
  /** By last access, entries may be missing: an index is being made anew. */
  readonly partial?: true;
}

/** What there is of an image. */
export interface ImageDescription {
  readonly identifier: string;
  readonly state: 'cached' | 'writing' | 'queued';
  readonly entries: readonly CachedEntry[];
  /** Of the entries. */
  readonly bytes: number;
  readonly hits?: number;
  readonly info?: ImageInfo;
  readonly job?: QueuedJob;
  /** Absent where nothing is prefetched. */
  readonly warmth?: Warmth;
}

/** What went with everything. */
export interface PurgedCounts extends EvictedCounts {
  /** Nothing is cached any more, but not all of its space has been given back; what was is counted. */
  readonly aborted?: true;
}

/** What became of images that have changed. */
export interface ChangedCounts {
  readonly evicted: EvictedCounts;
  /** Variants that are queued to be rendered anew. */
  readonly requeued: number;
}

/** Which steps of maintenance are done: all of a shift, what bounds ask for, or what is of no use. */
export type Upkeep = 'sweep' | 'prune' | 'clean';

/** What a cache may hold. */
export interface CacheBounds {
  /** Bytes. */
  readonly maxSize?: number;
  readonly maxEntries?: number;
}

/** What the cache holds and does. Beside this, a server tells more. */
export interface CacheStatus {
  /** Left out where a server is counting and does not know yet. */
  readonly usage?: Readonly<Record<Kind, Usage>>;
  readonly bounds?: CacheBounds;
}

/** A cache that is managed: of a server that runs, or in the configured stores. */
export interface CacheManagement {
  /** What waits for being prefetched. */
  readonly queue: QueueManagement;
  /** Lists what is cached. */
  entries(request: EntriesRequest): Promise<EntryPage>;
  /** Tells what there is of an image; `undefined` when nothing is known of it. */
  describe(identifier: string): Promise<ImageDescription | undefined>;
  /** Evicts all that is cached of an image; `false` when nothing is. */
  evict(identifier: string): Promise<boolean>;
  /** Counts what is cached of an image. */
  countOf(identifier: string): Promise<EvictedCounts>;
  /** Evicts everything; a signal ends giving space back. */
  evictAll(work: Rehearsable): Promise<PurgedCounts>;
  /** Evicts images that have changed, and queues again what was there of them. */
  changed(identifiers: readonly string[], work: Rehearsable): Promise<ChangedCounts>;
  /** Does steps of maintenance. */
  upkeep(which: Upkeep, work: Rehearsable): Promise<SweepReport>;
  /** What the cache holds and does. */
  status(): Promise<CacheStatus>;
  /** What the cache holds, where that is known without counting it. */
  knownUsage(): Promise<CacheStatus['usage']>;
  /** Gives everything back. */
  close(): Promise<void>;
}
