import type { ImageCache, Prefetcher, PrefetchRequest } from 'nestjs-image-cache';
import type {
  JobPage,
  JobsRequest,
  Prefetched,
  Queued,
  QueueAllRequest,
  QueuedCounts,
  QueuedJob,
  QueueManagement,
  QueueRequest,
  QueueStatus,
} from './queue-management.js';
import { shownJob } from './shown.js';
import type { Work } from './work.js';

/** Manages the queue in the directory of a configuration, which a server may be working off at the same time. */
export class StoreQueue implements QueueManagement {
  readonly #prefetcher: Prefetcher;
  readonly #cache: ImageCache;

  constructor(prefetcher: Prefetcher, cache: ImageCache) {
    this.#prefetcher = prefetcher;
    this.#cache = cache;
  }

  async jobs({ state, after, limit }: JobsRequest): Promise<JobPage> {
    const options = { limit, ...(state && { state }), ...(after !== undefined && { after }) };
    const { jobs, next } = await this.#prefetcher.jobs(options);
    return { jobs: jobs.map(shownJob), ...(next !== undefined && { next }) };
  }

  async find(identifier: string): Promise<QueuedJob | undefined> {
    const job = await this.#prefetcher.find(identifier);
    return job && shownJob(job);
  }

  async enqueue({ identifier, variants, priority }: QueueRequest): Promise<Queued> {
    const { status, job } = await this.#prefetcher.enqueue({ identifier, ...wishes({ variants, priority }) });
    return { status, ...(job && { job: shownJob(job) }) };
  }

  async enqueueAll(
    { images, variants, priority }: QueueAllRequest,
    { signal, onProgress }: Work,
  ): Promise<QueuedCounts> {
    let omittedFolders = 0;
    const onOmitted = (): void => void (omittedFolders += 1);
    const all =
      'folder' in images ? this.#prefetcher.imagesIn(images.folder, { signal, onOmitted }) : images.identifiers;
    const tell = ({ queued, alreadyQueued, writing, cached }: QueuedCounts): void => {
      onProgress({ examined: queued + alreadyQueued + writing + cached });
    };
    const options = { ...wishes({ variants, priority }), signal, onProgress: tell };
    const counts = await this.#prefetcher.enqueueAll(all, options);
    return omittedFolders > 0 ? { ...counts, omittedFolders } : counts;
  }

  dequeue(identifier: string): Promise<boolean> {
    return this.#prefetcher.remove(identifier);
  }

  clear(): Promise<number> {
    return this.#prefetcher.clear();
  }

  retry(identifier?: string): Promise<number> {
    return this.#prefetcher.retry(identifier);
  }

  async pause(): Promise<QueueStatus> {
    await this.#prefetcher.pause();
    return this.status();
  }

  async resume(): Promise<QueueStatus> {
    await this.#prefetcher.resume({ atOnce: false });
    return this.status();
  }

  async prefetch({ signal, onProgress }: Work): Promise<Prefetched> {
    const total = this.#prefetcher.status().queued;
    let done = 0;
    const stop = this.#cache.on('prefetched', () => {
      done += 1;
      onProgress({ total: Math.max(total, done), done });
    });
    try {
      return await this.#prefetcher.run({ signal });
    } finally {
      stop();
    }
  }

  async status(): Promise<QueueStatus> {
    // To list takes in what others have written; the status is what is known then.
    await this.#prefetcher.jobs({ limit: 1 });
    return this.#prefetcher.status();
  }
}

function wishes({
  variants,
  priority,
}: Pick<QueueRequest, 'variants' | 'priority'>): Pick<PrefetchRequest, 'variants' | 'priority'> {
  return { ...(variants !== undefined && { variants }), ...(priority !== undefined && { priority }) };
}
