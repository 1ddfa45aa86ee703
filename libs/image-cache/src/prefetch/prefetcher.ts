import type { EvictedCounts } from '../ports/entry.js';
import type { FolderListingOptions } from './prefetch-options.js';

/** Where a job of the prefetcher is in its life. */
export type PrefetchState = 'queued' | 'running' | 'dead';

/** How far a job is. */
export interface PrefetchProgress {
  /** Things to be cached: the original, the info, the variants. */
  readonly total: number;
  readonly done: number;
  /** Of those, how many were there already. */
  readonly cached: number;
  readonly failed: number;
  /** Variants that are wanted, and that this image cannot have; not among `total`. */
  readonly omitted: number;
}

/** An image that is to be cached before it is asked for. */
export interface PrefetchJob {
  /** Names the job; sorts by the time when it was queued. */
  readonly id: string;
  readonly identifier: string;
  /** Variants in the words of the renderer, such as `full/400,/0/default.jpg`; the configured ones when absent. */
  readonly variants?: readonly string[];
  /** Greater goes first. @default 0 */
  readonly priority: number;
  readonly state: PrefetchState;
  /** Milliseconds since the epoch. */
  readonly queuedAt: number;
  /** Attempts that have failed. */
  readonly attempts: number;
  /** Not tried again before; milliseconds since the epoch. */
  readonly notBefore?: number;
  readonly progress?: PrefetchProgress;
  /** Why the last attempt failed; one line. */
  readonly error?: string;
  /**
   * Since when its attempts have been failing, but for the time when it could be tried again and was not, such as in a
   * pause; milliseconds since the epoch.
   */
  readonly failingSince?: number;
}

/** What to queue. */
export interface PrefetchRequest {
  readonly identifier: string;
  readonly variants?: readonly string[];
  readonly priority?: number;
}

/** What became of a request: queued, or why there was nothing to do. */
export interface Enqueued {
  readonly status: 'queued' | 'already-queued' | 'writing' | 'cached';
  /** Absent when everything is cached. */
  readonly job?: PrefetchJob;
}

/** How many images are queued at a time. */
export interface EnqueueAllOptions extends Omit<PrefetchRequest, 'identifier'> {
  /** Ends it before the next image; those before stay queued. */
  readonly signal?: AbortSignal;
  /** Called after each image. */
  readonly onProgress?: (soFar: EnqueuedCounts) => void;
}

/** What became of many requests: images by {@link Enqueued.status}. */
export interface EnqueuedCounts {
  readonly queued: number;
  readonly alreadyQueued: number;
  readonly writing: number;
  readonly cached: number;
}

/** What there is of an image. */
export interface Warmth {
  readonly identifier: string;
  /** Whether everything is there that would be prefetched. */
  readonly isWarm: boolean;
  readonly info: boolean;
  /** Whether the original is cached; absent where originals are not. */
  readonly source?: boolean;
  /** By variant, whether it is there. */
  readonly variants: Readonly<Record<string, boolean>>;
}

/** What the prefetcher has done and has to do. */
export interface PrefetchStatus {
  readonly isPaused: boolean;
  readonly queued: number;
  readonly running: number;
  readonly dead: number;
  /** Since the start of the process. */
  readonly completed: number;
  readonly failures: number;
  /** When the next sweep of the queue begins; milliseconds since the epoch; absent when none is planned. */
  readonly nextAt?: number;
}

/** What one sweep of the queue did. */
export interface PrefetchReport {
  /** Jobs that were completed. */
  readonly completed: number;
  /** Jobs that will be tried again. */
  readonly retried: number;
  /** Jobs that were given up. */
  readonly dead: number;
  /** Variants, infos and originals that were cached, were there before, and could not be. */
  readonly rendered: number;
  readonly cached: number;
  readonly failed: number;
  /** Variants that were wanted of images that cannot have them. */
  readonly omitted: number;
  /** Milliseconds. */
  readonly duration: number;
  /** Whether it was ended before the queue was empty. */
  readonly aborted: boolean;
}

/** Pages of jobs: what is being done, what waits, the next to be done first, and what was given up. */
export interface JobsOptions {
  readonly state?: PrefetchState;
  /** `next` of the page before, or the id of its last job. */
  readonly after?: string;
  /** @default 100 */
  readonly limit?: number;
}

/** How prefetching goes on. */
export interface ResumeOptions {
  /** @default true */
  readonly atOnce?: boolean;
}

/** How what has changed is dealt with. */
export interface ChangeOptions {
  /** Only tells what would be done. @default false */
  readonly dryRun?: boolean;
}

/** What became of an image that has changed. */
export interface Changed {
  readonly evicted: EvictedCounts;
  /** Variants that are rendered anew. */
  readonly requeued: number;
}

/**
 * Caches images before they are asked for: a durable queue, worked off behind the requests. Also the injection token.
 */
export abstract class Prefetcher {
  /** Queues an image; says so when there is nothing to do. */
  abstract enqueue(request: PrefetchRequest): Promise<Enqueued>;
  /** Queues many images: those of a list, of {@link imagesIn}, of a manifest. */
  abstract enqueueAll(
    identifiers: Iterable<string> | AsyncIterable<string>,
    options?: EnqueueAllOptions,
  ): Promise<EnqueuedCounts>;
  /** The images in a folder of the source, and in the folders in it. */
  abstract imagesIn(folder: string, options?: FolderListingOptions): AsyncIterable<string>;
  /** Lists jobs. */
  abstract jobs(options?: JobsOptions): Promise<{ readonly jobs: readonly PrefetchJob[]; readonly next?: string }>;
  /** The job of an image, if it has one. */
  abstract find(identifier: string): Promise<PrefetchJob | undefined>;
  /** Whether an image is cached as it would be prefetched. */
  abstract warmth(identifier: string): Promise<Warmth>;
  /** Takes the job of an image out of the queue; one that is running ends before its next variant. */
  abstract remove(identifier: string): Promise<boolean>;
  /**
   * Has what was given up, and what waits since it has failed, be done as if it were new: one image, or all.
   *
   * @returns how many jobs
   */
  abstract retry(identifier?: string): Promise<number>;
  /** Empties the queue; returns how many jobs went. */
  abstract clear(): Promise<number>;
  /** Works the queue off now, or waits for who does already. */
  abstract run(options?: { readonly signal?: AbortSignal }): Promise<PrefetchReport>;
  /** Says that a source image has changed: what is cached of it goes, and the variants that were there are queued. */
  abstract changed(identifier: string, options?: ChangeOptions): Promise<Changed>;
  /** Has all who share the queue begin no job any more until {@link resume}, whatever ends meanwhile. */
  abstract pause(): Promise<void>;
  /** Goes on after {@link pause}: with `atOnce`, this process does so now, the others with their next sweep. */
  abstract resume(options?: ResumeOptions): Promise<void>;
  /** What has been done and is to be done, as it is known in this process; what others do is learnt behind it. */
  abstract status(): PrefetchStatus;
}
