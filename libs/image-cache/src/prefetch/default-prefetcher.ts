import { untilAborted, withDeadline } from '../common/deadline.js';
import { ImageCacheError } from '../common/errors.js';
import { invalidOption, parseInteger, shown } from '../common/options.js';
import type { Clock } from '../ports/clock.js';
import type { ImageCache } from '../service/image-cache.js';
import { changeImage } from './change-image.js';
import { ImageState } from './image-state.js';
import type { FolderListingOptions } from './prefetch-options.js';
import { isWaiting, type PrefetchQueue } from './prefetch-queue.js';
import {
  Prefetcher,
  type Changed,
  type ChangeOptions,
  type EnqueueAllOptions,
  type Enqueued,
  type EnqueuedCounts,
  type JobsOptions,
  type PrefetchJob,
  type PrefetchReport,
  type PrefetchRequest,
  type PrefetchStatus,
  type ResumeOptions,
  type Warmth,
} from './prefetcher.js';
import type { QueuedJob } from './queue/queue-operation.js';
import { QueueWatch } from './queue-watch.js';
import { QueueWorker } from './queue-worker.js';
import { checkVariants, type ResolvedPrefetch } from './resolve-prefetch-options.js';
import { shownJob } from './shown-job.js';

/** What a {@link DefaultPrefetcher} depends on. */
export interface DefaultPrefetcherOptions {
  readonly cache: ImageCache;
  readonly queue: PrefetchQueue;
  readonly settings: ResolvedPrefetch;
  readonly clock: Clock;
  readonly chance: () => number;
  readonly onError: (what: string, error: unknown) => void;
}

/** Longest identifier; characters. */
const LONGEST = 4096;

/** Milliseconds for which the end waits for a variant that is being stored. */
const PATIENCE = 10_000;

/** The prefetcher over a queue and the cache that it fills. */
export class DefaultPrefetcher extends Prefetcher {
  readonly #options: DefaultPrefetcherOptions;
  readonly #images: ImageState;
  readonly #worker: QueueWorker;
  readonly #watch: QueueWatch;
  readonly #closing = new AbortController();
  #running: Promise<PrefetchReport> | undefined;
  #nextAt: number | undefined;

  constructor(options: DefaultPrefetcherOptions) {
    super();
    this.#options = options;
    this.#images = new ImageState(options);
    const parts = { ...options, images: this.#images };
    this.#worker = new QueueWorker(parts);
    this.#watch = new QueueWatch(parts);
  }

  /** @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` that names the field; what the queue throws */
  async enqueue(request: PrefetchRequest): Promise<Enqueued> {
    const { queue, cache } = this.#options;
    const { identifier, priority, ...wanted } = this.#checked(request);
    // To warm nothing asks for what warming needs.
    if (wanted.variants !== undefined && wanted.variants.length > 0) await cache.warm([]);
    await queue.sync();
    const known = queue.find(identifier);
    if (!isWaiting(known) && (await this.#images.isWarm(identifier, this.#images.wanted(wanted)))) {
      if (known !== undefined) await queue.remove(known.id);
      return { status: 'cached' };
    }
    const { isNew, job } = await queue.add({ identifier, priority, ...wanted });
    const status = isNew ? 'queued' : job.state === 'running' ? 'writing' : 'already-queued';
    return { status, job: shownJob(job, this.#images) };
  }

  /** @throws ImageCacheError as {@link enqueue}; what comes before stays queued */
  async enqueueAll(
    identifiers: Iterable<string> | AsyncIterable<string>,
    { signal, onProgress, ...wanted }: EnqueueAllOptions = {},
  ): Promise<EnqueuedCounts> {
    const counts = { queued: 0, alreadyQueued: 0, writing: 0, cached: 0 };
    this.#checked({ ...wanted, identifier: 'any' });
    for await (const identifier of identifiers) {
      signal?.throwIfAborted();
      const { status } = await this.enqueue({ ...wanted, identifier });
      counts[status === 'already-queued' ? 'alreadyQueued' : status] += 1;
      onProgress?.({ ...counts });
    }
    return counts;
  }

  /** @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` without the option `folder`; what that throws */
  imagesIn(folder: string, options: FolderListingOptions = {}): AsyncIterable<string> {
    const { folder: list } = this.#options.settings;
    if (list === undefined) throw invalidOption('folder', 'the source of this prefetcher cannot list its images.');
    return list(folder, options);
  }

  async jobs(options: JobsOptions = {}): Promise<{ readonly jobs: readonly PrefetchJob[]; readonly next?: string }> {
    const { queue } = this.#options;
    await queue.sync();
    const page = queue.page(options);
    return { ...page, jobs: page.jobs.map((job) => shownJob(job, this.#images)) };
  }

  async find(identifier: string): Promise<PrefetchJob | undefined> {
    const { queue } = this.#options;
    await queue.sync();
    const job = queue.find(identifier);
    return job && shownJob(job, this.#images);
  }

  async warmth(identifier: string): Promise<Warmth> {
    const job = this.#options.queue.find(identifier);
    return this.#images.warmth(identifier, this.#images.wanted(job ?? {}));
  }

  async remove(identifier: string): Promise<boolean> {
    const { queue } = this.#options;
    await queue.sync();
    const job = queue.find(identifier);
    return job !== undefined && (await queue.remove(job.id));
  }

  async retry(identifier?: string): Promise<number> {
    const { queue } = this.#options;
    if (identifier === undefined) return queue.retry();
    await queue.sync();
    const job = queue.find(identifier);
    return job === undefined ? 0 : queue.retry(job.id);
  }

  clear(): Promise<number> {
    return this.#options.queue.clear();
  }

  run({ signal }: { readonly signal?: AbortSignal } = {}): Promise<PrefetchReport> {
    const closing = this.#closing.signal;
    if (closing.aborted) return Promise.reject(closed());
    if (this.#running !== undefined) return signal ? untilAborted(this.#running, signal) : this.#running;
    const end = signal ? AbortSignal.any([signal, closing]) : closing;
    this.#running = this.#worker.sweep(end).finally(() => (this.#running = undefined));
    return this.#running;
  }

  changed(identifier: string, options?: ChangeOptions): Promise<Changed> {
    return changeImage(identifier, options, { ...this.#options, images: this.#images });
  }

  async pause(): Promise<void> {
    await this.#options.queue.pause();
  }

  async resume({ atOnce = true }: ResumeOptions = {}): Promise<void> {
    const { queue, onError } = this.#options;
    if (!(await queue.resume()) || !atOnce) return;
    this.run().catch((error: unknown) => {
      onError('prefetching', error);
    });
  }

  status(): PrefetchStatus {
    const { queue } = this.#options;
    const { counts, isPaused } = queue;
    // Who needs the queue is told that it cannot be read.
    queue.sync().catch(() => undefined);
    const { completed, failures } = this.#worker;
    const nextAt = this.#nextAt;
    return { isPaused, ...counts, completed, failures, ...(nextAt !== undefined && { nextAt }) };
  }

  /** Says when the next sweep begins; milliseconds since the epoch. */
  planned(nextAt: number | undefined): void {
    this.#nextAt = nextAt;
  }

  /** When a job may be tried again that has failed; milliseconds since the epoch. */
  get nextDue(): number | undefined {
    return this.#options.queue.nextDue;
  }

  /** Ends what is under way before the next variant. */
  stop(): void {
    this.#closing.abort(closed());
  }

  /** Waits for the variants that are under way; what has not been done waits in the queue. */
  async close(): Promise<void> {
    const { clock, queue, onError } = this.#options;
    this.stop();
    await this.#watch.close();
    try {
      const deadline = { clock, timeout: PATIENCE, expired: closed };
      await withDeadline(Promise.allSettled([this.#running]), deadline);
    } catch (error) {
      onError('ending the prefetcher', error);
    }
    await queue.close();
  }

  #checked({
    identifier,
    variants = [],
    priority = 0,
  }: PrefetchRequest): Pick<QueuedJob, 'identifier' | 'variants' | 'priority'> {
    if (typeof identifier !== 'string' || identifier === '' || identifier.length > LONGEST)
      throw invalidOption('identifier', `${shown(identifier)} is not a text of 1 to ${LONGEST} characters.`);
    parseInteger(priority, 'priority', { min: -1000, max: 1000 });
    const names = checkVariants(variants, 'variants', this.#options.settings.words);
    return { identifier, priority, ...(names.length > 0 && { variants: names }) };
  }
}

function closed(): ImageCacheError {
  return new ImageCacheError('E_IMAGE_CACHE_CLOSED', 'The prefetcher has ended.');
}
