import { isImageCacheError, messageOf } from '../common/errors.js';
import type { Clock } from '../ports/clock.js';
import type { ImageCache } from '../service/image-cache.js';
import { pauseAfter } from './back-off.js';
import type { ImageState } from './image-state.js';
import { JobRun, type JobResult } from './job-run.js';
import type { PrefetchQueue } from './prefetch-queue.js';
import type { PrefetchReport } from './prefetcher.js';
import type { QueuedJob } from './queue/queue-operation.js';
import type { ResolvedPrefetch } from './resolve-prefetch-options.js';
import { SweepCounts, type JobFate } from './sweep-counts.js';

/** What a {@link QueueWorker} depends on. */
export interface QueueWorkerOptions {
  readonly cache: ImageCache;
  readonly queue: PrefetchQueue;
  readonly images: ImageState;
  readonly settings: ResolvedPrefetch;
  readonly clock: Clock;
  /** A number from 0 to 1, another one each time. */
  readonly chance: () => number;
  readonly onError: (what: string, error: unknown) => void;
}

/** Works a queue off, a few jobs at a time. One that fails is tried again later, and never stops the next. */
export class QueueWorker {
  readonly #options: QueueWorkerOptions;
  #completed = 0;
  #failures = 0;

  constructor(options: QueueWorkerOptions) {
    this.#options = options;
  }

  /** Jobs that were done to their end. */
  get completed(): number {
    return this.#completed;
  }

  /** Attempts that have failed. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * Does what can be done now.
   *
   * @param signal ends it before the next variant
   * @throws what the journal throws, after the jobs that are under way have ended
   */
  async sweep(signal: AbortSignal): Promise<PrefetchReport> {
    const { queue, settings, clock } = this.#options;
    const counts = new SweepCounts(clock.now());
    await queue.returnAll();
    const lanes = Array.from({ length: settings.concurrency }, () => this.#lane(signal, counts));
    const outcomes = await Promise.allSettled(lanes);
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
    return counts.report(clock.now(), this.#isOver(signal));
  }

  async #lane(signal: AbortSignal, counts: SweepCounts): Promise<void> {
    while (!this.#isOver(signal)) {
      const job = await this.#options.queue.claim();
      if (job === undefined) return;
      const began = this.#options.clock.now();
      const result = await this.#work(job, signal);
      counts.add(result, await this.#settle(job, result, began));
    }
  }

  #isOver(signal: AbortSignal): boolean {
    const { cache, queue } = this.#options;
    return signal.aborted || cache.isDraining || queue.isPaused;
  }

  #work(job: QueuedJob, signal: AbortSignal): Promise<JobResult> {
    const { cache, queue, images, settings } = this.#options;
    const run = new JobRun({
      cache,
      settings,
      signal,
      identifier: job.identifier,
      variants: images.wanted(job),
      isHeld: () => queue.isHeld(job),
      onProgress: (progress) => {
        queue.report(job, progress);
      },
    });
    return run.run();
  }

  async #settle(job: QueuedJob, result: JobResult, began: number): Promise<JobFate> {
    const { cache, queue, clock } = this.#options;
    const { identifier } = job;
    const { error, rendered, cached, omitted, isInterrupted } = result;
    if (isInterrupted) await queue.release(job);
    if (isInterrupted) return 'returned';
    if (error !== undefined) return this.#retry(job, result);
    if (!(await queue.complete(job))) return 'returned';
    this.#completed += 1;
    cache.tell('prefetched', { identifier, rendered, cached, omitted, duration: clock.now() - began });
    return 'completed';
  }

  async #retry(job: QueuedJob, result: JobResult): Promise<JobFate> {
    const { cache, queue, settings, clock, chance } = this.#options;
    const { identifier } = job;
    const { error } = result;
    const attempts = job.attempts + 1;
    const isGivenUp = this.#isGivenUp(job, result);
    const notBefore = isGivenUp ? undefined : clock.now() + pauseAfter(attempts, settings, chance());
    this.#failures += 1;
    await queue.fail(job, lineOf(error), notBefore);
    cache.tell('prefetch-failed', { identifier, error, attempts, isGivenUp });
    return isGivenUp ? 'dead' : 'retried';
  }

  /** An outage of the source would otherwise have the whole queue given up. */
  #isGivenUp({ attempts, failingSince }: QueuedJob, { isHopeless, isBlameless }: JobResult): boolean {
    const { settings, clock } = this.#options;
    const now = clock.now();
    const isTriedEnough = attempts + 1 >= settings.attempts;
    return isHopeless || (isTriedEnough && (!isBlameless || now - (failingSince ?? now) >= settings.patience));
  }
}

/** Longest message that is kept with a job. */
const LONGEST = 500;

function lineOf(error: unknown): string {
  const code = isImageCacheError(error) ? `${error.code}: ` : '';
  return `${code}${messageOf(error)}`.replaceAll(/\s+/g, ' ').slice(0, LONGEST);
}
