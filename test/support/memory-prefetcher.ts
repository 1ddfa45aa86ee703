import type { ImageCache } from 'nestjs-image-cache';
import {
  Prefetcher,
  type Changed,
  type Enqueued,
  type JobsOptions,
  type PrefetchJob,
  type PrefetchReport,
  type PrefetchRequest,
  type PrefetchStatus,
  type Warmth,
} from '../../libs/image-cache/src/prefetch/prefetcher.js';

/** A queue that is worked off by forgetting it. */
export class MemoryPrefetcher extends Prefetcher {
  readonly #jobs = new Map<string, PrefetchJob>();
  #isPaused = false;
  #completed = 0;
  readonly #cache: ImageCache;

  constructor(cache: ImageCache) {
    super();
    this.#cache = cache;
  }

  enqueue({ identifier, variants, priority = 0 }: PrefetchRequest): Promise<Enqueued> {
    const known = this.#jobs.get(identifier);
    if (known !== undefined) return Promise.resolve({ status: 'already-queued', job: known });
    const id = `${this.#jobs.size}`.padStart(8, '0');
    const job: PrefetchJob = {
      id,
      identifier,
      ...(variants && { variants }),
      priority,
      state: 'queued',
      queuedAt: Date.UTC(2026, 0, 1),
      attempts: 0,
      notBefore: Date.UTC(2026, 0, 2),
    };
    this.#jobs.set(identifier, job);
    return Promise.resolve({ status: 'queued', job });
  }

  jobs({ state, after = '', limit = 100 }: JobsOptions = {}): Promise<{ jobs: readonly PrefetchJob[]; next?: string }> {
    const all = [...this.#jobs.values()].filter((job) => job.id > after && (state ?? job.state) === job.state);
    const jobs = all.slice(0, limit);
    const next = all.length > limit ? jobs.at(-1)?.id : undefined;
    return Promise.resolve({ jobs, ...(next !== undefined && { next }) });
  }

  find(identifier: string): Promise<PrefetchJob | undefined> {
    return Promise.resolve(this.#jobs.get(identifier));
  }

  warmth(identifier: string): Promise<Warmth> {
    return Promise.resolve({ identifier, isWarm: false, info: false, variants: { max: false } });
  }

  async changed(identifier: string): Promise<Changed> {
    return { evicted: await this.#cache.changed(identifier), requeued: 0 };
  }

  remove(identifier: string): Promise<boolean> {
    return Promise.resolve(this.#jobs.delete(identifier));
  }

  clear(): Promise<number> {
    const { size } = this.#jobs;
    this.#jobs.clear();
    return Promise.resolve(size);
  }

  async run(): Promise<PrefetchReport> {
    const completed = await this.clear();
    this.#completed += completed;
    return { completed, retried: 0, dead: 0, rendered: 0, cached: 0, failed: 0, duration: 1, aborted: false };
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  status(): PrefetchStatus {
    const nextAt = Date.UTC(2026, 0, 3);
    const counts = { queued: this.#jobs.size, running: 0, dead: 0, completed: this.#completed, failures: 0 };
    return { isPaused: this.#isPaused, ...counts, nextAt };
  }
}
