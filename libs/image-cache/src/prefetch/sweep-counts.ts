import type { JobResult } from './job-run.js';
import type { PrefetchReport } from './prefetcher.js';

/** What has become of a job. */
export type JobFate = 'completed' | 'retried' | 'dead' | 'returned';

/** Adds up what a sweep of the queue does. */
export class SweepCounts {
  readonly #counts = { completed: 0, retried: 0, dead: 0, rendered: 0, cached: 0, failed: 0, omitted: 0 };
  readonly #began: number;

  /** @param began milliseconds since the epoch */
  constructor(began: number) {
    this.#began = began;
  }

  add({ rendered, cached, failed, omitted }: JobResult, fate: JobFate): void {
    this.#counts.rendered += rendered;
    this.#counts.cached += cached;
    this.#counts.failed += failed;
    this.#counts.omitted += omitted;
    if (fate !== 'returned') this.#counts[fate] += 1;
  }

  report(now: number, aborted: boolean): PrefetchReport {
    return { ...this.#counts, duration: now - this.#began, aborted };
  }
}
