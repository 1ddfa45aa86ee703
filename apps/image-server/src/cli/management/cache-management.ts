import type { EvictedCounts, Kind, StepProgress, SweepReport, Usage } from 'nestjs-image-cache';

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
  readonly order?: 'id' | 'lastAccess' | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** A page of entries. */
export interface EntryPage {
  readonly entries: readonly CachedEntry[];
  /** Where the next page begins; absent on the last one. */
  readonly next?: string;
  /** By last access, entries may be missing: an index is being made anew. */
  readonly partial?: true;
}

/** An image that waits for being prefetched. */
export interface QueuedJob {
  readonly identifier: string;
  readonly state: 'queued' | 'running' | 'dead';
  readonly priority: number;
  readonly variants?: readonly string[];
  /** ISO 8601, UTC. */
  readonly queuedAt: string;
  /** Attempts that have failed. */
  readonly attempts: number;
  readonly progress?: { readonly total: number; readonly done: number };
  /** Why the last attempt failed. */
  readonly error?: string;
}

/** How the queue is listed. */
export interface JobsRequest {
  readonly state?: QueuedJob['state'] | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** A page of the queue. */
export interface JobPage {
  readonly jobs: readonly QueuedJob[];
  /** Where the next page begins; absent on the last one. */
  readonly next?: string;
}

/** What is to be queued. */
export interface QueueRequest {
  readonly identifier: string;
  readonly variants?: readonly string[] | undefined;
  readonly priority?: number | undefined;
}

/** What became of it. */
export interface Queued {
  readonly status: 'queued' | 'already-queued' | 'writing' | 'cached';
  readonly job?: QueuedJob;
}

/** What is to be queued, many at a time: images by name, or those in a folder of the source. */
export interface QueueAllRequest extends Omit<QueueRequest, 'identifier'> {
  readonly images: { readonly identifiers: readonly string[] } | { readonly folder: string };
}

/** What became of many images. */
export interface QueuedCounts {
  readonly queued: number;
  readonly alreadyQueued: number;
  readonly writing: number;
  readonly cached: number;
}

/** What the prefetcher did. */
export interface Prefetched {
  readonly completed: number;
  readonly retried: number;
  readonly dead: number;
  readonly rendered: number;
  readonly cached: number;
  readonly failed: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly aborted: boolean;
}

/** Which steps of maintenance are done: all of a shift, what bounds ask for, or what is of no use. */
export type Upkeep = 'sweep' | 'prune' | 'clean';

/** How far long work is. */
export interface WorkProgress extends Partial<StepProgress> {
  /** What there is to do, and what of it is done. */
  readonly total?: number;
  readonly done?: number;
}

/** How long work is done. */
export interface Work {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: WorkProgress) => void;
}

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
  /** Lists what is cached. */
  entries(request: EntriesRequest): Promise<EntryPage>;
  /** Lists what waits for being prefetched. */
  jobs(request: JobsRequest): Promise<JobPage>;
  /** Queues an image for being prefetched. */
  enqueue(request: QueueRequest): Promise<Queued>;
  /** Queues many images. */
  enqueueAll(request: QueueAllRequest, work: Work): Promise<QueuedCounts>;
  /** Evicts all that is cached of an image; `false` when nothing is. */
  evict(identifier: string): Promise<boolean>;
  /** Takes an image out of the queue; `false` when it is not there. */
  dequeue(identifier: string): Promise<boolean>;
  /** Evicts everything. */
  evictAll(work: Work): Promise<EvictedCounts>;
  /** Empties the queue; returns how many jobs went. */
  clearQueue(): Promise<number>;
  /** Works the queue off. */
  prefetch(work: Work): Promise<Prefetched>;
  /** Does steps of maintenance. */
  upkeep(which: Upkeep, options: Work & { readonly dryRun: boolean }): Promise<SweepReport>;
  /** What the cache holds and does. */
  status(): Promise<CacheStatus>;
  /** Gives everything back. */
  close(): Promise<void>;
}
