import { randomBytes } from 'node:crypto';
import { ImageCacheError } from '../common/errors.js';
import type { JobsOptions, PrefetchProgress, PrefetchState } from './prefetcher.js';
import type { Journal } from './queue/journal.js';
import type { NewJob, QueuedJob } from './queue/queue-operation.js';
import { SignsOfLife, type SignsOfLifeOptions } from './queue/signs-of-life.js';

/** What a {@link PrefetchQueue} depends on. */
export interface PrefetchQueueOptions extends Omit<SignsOfLifeOptions, 'progress'> {
  /** Most jobs, but for those that were given up. */
  readonly maxJobs: number;
}

/** A job that is asked for. */
export type JobRequest = Omit<NewJob, 'id' | 'queuedAt'> & {
  /** What is being done for the image at the moment does not count. @default false */
  readonly again?: boolean;
};

/** What came of a {@link JobRequest}. */
export interface AddedJob {
  /** Whether there was none of this image, or one that had been given up. */
  readonly isNew: boolean;
  readonly job: QueuedJob;
}

/**
 * The jobs of a prefetcher, one for an image, shared by all processes that have the same journal. A job is done by one of
 * them at a time; when that dies, by another.
 */
export class PrefetchQueue {
  readonly #options: PrefetchQueueOptions;
  readonly #progress = new Map<string, PrefetchProgress>();
  readonly #signs: SignsOfLife;
  #count = 0;

  constructor(options: PrefetchQueueOptions) {
    this.#options = options;
    this.#signs = new SignsOfLife({ ...options, progress: () => Object.fromEntries(this.#progress) });
  }

  get counts(): Readonly<Record<PrefetchState, number>> {
    return this.#options.journal.state.jobs.counts;
  }

  /** Whether no job is to be begun. */
  get isPaused(): boolean {
    return this.#options.journal.state.isPaused;
  }

  /** When the next job may be done that has to wait, or is free if its process gives no sign of life; milliseconds since the epoch. */
  get nextDue(): number | undefined {
    const due = [this.#options.journal.state.jobs.nextDue(), this.#signs.nextLoss()].filter(
      (each) => each !== undefined,
    );
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** Learns of what other processes have done. */
  sync(): Promise<void> {
    return this.#options.journal.sync();
  }

  /** The job of an image, as it is known in this process. */
  find(identifier: string): QueuedJob | undefined {
    const job = this.#options.journal.state.jobs.find(identifier);
    return job && this.#shown(job);
  }

  /** Jobs, the next to be done first. */
  page(options: JobsOptions): { readonly jobs: readonly QueuedJob[]; readonly next?: string } {
    const page = this.#options.journal.state.jobs.page(options);
    return { ...page, jobs: page.jobs.map((job) => this.#shown(job)) };
  }

  /**
   * Queues a job, or adds what is wanted to the one that there is of the image. What has been cached before, and is to be
   * `again`, is taken by a full queue, too.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_OVERLOADED` when the queue is full, `E_IMAGE_CACHE_STORE_FULL`,
   * `E_IMAGE_CACHE_STORE_UNAVAILABLE` when it cannot be written
   */
  async add({ again = false, ...request }: JobRequest): Promise<AddedJob> {
    const { journal, clock, maxJobs } = this.#options;
    const { jobs } = journal.state;
    const isFull = jobs.counts.queued + jobs.counts.running >= maxJobs;
    if (isFull && !again && !isWaiting(jobs.find(request.identifier))) {
      const message = `The queue of the prefetcher has ${maxJobs} jobs; no more.`;
      throw new ImageCacheError('E_IMAGE_CACHE_OVERLOADED', message);
    }
    const job = { ...request, id: this.#newId(), queuedAt: clock.now() };
    const outcome = await journal.submit({ op: 'add', job, ...(again && { again }) });
    const { accepted, job: known = jobs.find(request.identifier) } = outcome;
    if (known === undefined) throw new ImageCacheError('E_IMAGE_CACHE_STORE_UNAVAILABLE', 'The job has gone again.');
    return { isNew: accepted, job: this.#shown(known) };
  }

  /** Takes the next job that may be done; `undefined` when there is none, and nobody has left one behind. */
  async claim(): Promise<QueuedJob | undefined> {
    const { journal, clock, holder } = this.#options;
    await journal.sync();
    while (!journal.state.isPaused) {
      const now = clock.now();
      const next = journal.state.jobs.next(now);
      if (next === undefined && (await this.#signs.reap())) continue;
      if (next === undefined) return undefined;
      const idle = next.notBefore === undefined ? {} : { idle: now - next.notBefore };
      const { accepted, job } = await journal.submit({ op: 'claim', id: next.id, holder, at: now, ...idle });
      if (!accepted || job === undefined) continue;
      this.#signs.give();
      return job;
    }
    return undefined;
  }

  /** Whether a job that was claimed is still this process's: it may have been cancelled, or taken for abandoned. */
  isHeld({ id }: QueuedJob): boolean {
    return this.#options.journal.state.jobs.get(id)?.holder === this.#options.holder;
  }

  /** Says how far a job is; it is told to the other processes with the next sign of life. */
  report({ id }: QueuedJob, progress: PrefetchProgress): void {
    this.#progress.set(id, progress);
  }

  /** A job is done; when more has been asked of the image meanwhile, it waits for its next turn. */
  complete({ id, revision }: QueuedJob): Promise<boolean> {
    return this.#end(id, { op: 'done', id, holder: this.#options.holder, revision });
  }

  /** A job has failed, and is tried again at some time; without one, it is given up. */
  fail({ id }: QueuedJob, error: string, notBefore?: number): Promise<boolean> {
    const { holder, clock } = this.#options;
    const at = clock.now();
    return this.#end(id, { op: 'failed', id, holder, error, at, ...(notBefore !== undefined && { notBefore }) });
  }

  /** A job waits again, as if nobody had begun it. */
  release({ id }: QueuedJob): Promise<boolean> {
    const { holder, clock } = this.#options;
    return this.#end(id, { op: 'release', id, holder, at: clock.now() });
  }

  /** Has jobs that have failed be as if they were new, one or all; returns how many. */
  async retry(id?: string): Promise<number> {
    const { count = 0 } = await this.#options.journal.submit({ op: 'retry', ...(id !== undefined && { id }) });
    return count;
  }

  /** Takes a job out of the queue, in whatever state; with a `revision`, only if nothing more is wanted since. */
  async remove(id: string, revision?: number): Promise<boolean> {
    const removal = { op: 'remove', id, ...(revision !== undefined && { revision }) } as const;
    return (await this.#options.journal.submit(removal)).accepted;
  }

  /** Takes all jobs out; returns how many. */
  async clear(): Promise<number> {
    return (await this.#options.journal.submit({ op: 'clear' })).count ?? 0;
  }

  /** Has nobody begin a job; returns whether somebody might have. */
  async pause(): Promise<boolean> {
    return (await this.#options.journal.submit({ op: 'pause' })).accepted;
  }

  /** Lets jobs be begun again; returns whether they were not. */
  async resume(): Promise<boolean> {
    return (await this.#options.journal.submit({ op: 'resume' })).accepted;
  }

  /**
   * Gives the jobs back that nobody works on: those that this process still has, as after a line that could not be
   * written, and those of processes that have ended.
   */
  async returnAll(): Promise<void> {
    await this.#returnOwn();
    await this.#signs.reap();
  }

  /** Gives back what is being done, and ends. */
  async close(): Promise<void> {
    const { journal, holder } = this.#options;
    await this.#signs.close();
    try {
      await this.#returnOwn();
    } catch (error) {
      this.#options.onError(`giving the jobs of ${holder} back`, error);
    }
    await journal.close();
  }

  async #returnOwn(): Promise<void> {
    const { journal, holder, clock } = this.#options;
    await journal.sync();
    const held = [...journal.state.jobs].filter((job) => job.holder === holder);
    await Promise.all(held.map(({ id }) => journal.submit({ op: 'release', id, holder, at: clock.now() })));
  }

  async #end(id: string, operation: Parameters<Journal['submit']>[0]): Promise<boolean> {
    try {
      return (await this.#options.journal.submit(operation)).accepted;
    } finally {
      this.#progress.delete(id);
    }
  }

  #shown(job: QueuedJob): QueuedJob {
    const progress = this.#progress.get(job.id);
    return progress === undefined ? job : { ...job, progress };
  }

  /** Sorts by the time, and by the order within this process. */
  #newId(): string {
    this.#count = (this.#count + 1) % 36 ** 4;
    const time = Math.max(0, Math.floor(this.#options.clock.now())).toString(36).padStart(9, '0');
    return `${time}${this.#count.toString(36).padStart(4, '0')}${randomBytes(4).toString('hex')}`;
  }
}

/** Whether a job is still to be done. */
export function isWaiting(job: QueuedJob | undefined): boolean {
  return job !== undefined && job.state !== 'dead';
}
