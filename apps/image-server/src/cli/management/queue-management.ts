import type { EnqueuedCounts, PrefetchReport } from 'nestjs-image-cache';
import type { Work } from './work.js';

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
  /** Not tried again before; ISO 8601, UTC. */
  readonly notBefore?: string;
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
export interface QueuedCounts extends EnqueuedCounts {
  /** Folders that were left out since they may not be read; absent when there are none. */
  readonly omittedFolders?: number;
}

/** What the prefetcher did. */
export type Prefetched = PrefetchReport;

/** How the queue is. */
export interface QueueStatus {
  readonly isPaused: boolean;
  readonly queued: number;
  readonly running: number;
  readonly dead: number;
}

/** A queue that is managed: of a server that runs, or in the directory of a configuration. */
export interface QueueManagement {
  /** Lists what waits for being prefetched. */
  jobs(request: JobsRequest): Promise<JobPage>;
  /** The job of an image; `undefined` when it has none. */
  find(identifier: string): Promise<QueuedJob | undefined>;
  /** Queues an image for being prefetched. */
  enqueue(request: QueueRequest): Promise<Queued>;
  /** Queues many images. */
  enqueueAll(request: QueueAllRequest, work: Work): Promise<QueuedCounts>;
  /** Takes an image out of the queue; `false` when it is not there. */
  dequeue(identifier: string): Promise<boolean>;
  /** Empties the queue; returns how many jobs went. */
  clear(): Promise<number>;
  /** Has what has failed be done as if it were new, of an image or of all; returns how many jobs. */
  retry(identifier?: string): Promise<number>;
  /** Has no job be begun any more. */
  pause(): Promise<QueueStatus>;
  /** Has jobs be begun again. */
  resume(): Promise<QueueStatus>;
  /** Works the queue off. */
  prefetch(work: Work): Promise<Prefetched>;
  /** How many jobs there are, and whether they are begun. */
  status(): Promise<QueueStatus>;
}
