import {
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { messageOf } from '../../common/errors.js';
import { isLocalFilesystem } from '../../stores/filesystem/files/local-filesystem.js';
import { ShiftTimer } from '../../worker/shift-timer.js';
import type { DefaultPrefetcher } from '../default-prefetcher.js';
import type { PrefetchReport } from '../prefetcher.js';

/** Milliseconds between two sweeps, whatever is due. */
const SHORTEST = 1000;

/** Milliseconds from a sweep that has failed to the next one, whatever is due: it is likely to say the same again. */
const QUIET = 30_000;

/** When the queue is swept. */
export interface PrefetchTimes {
  /** Milliseconds; 0 = only when somebody says so. */
  readonly interval: number;
  readonly initialDelay: number;
}

/** What a {@link PrefetchSchedule} depends on. */
export interface PrefetchScheduleOptions {
  /** Nothing happens without one. */
  readonly prefetcher: DefaultPrefetcher | undefined;
  readonly times: PrefetchTimes;
  /** Of the queue, where it has one. */
  readonly directory: string | undefined;
  readonly moduleRef: ModuleRef;
  /** Name of the cache, where it has one. */
  readonly cache: string | undefined;
}

/** Sweeps the queue of a prefetcher at its interval, and when a job may be tried again; ends it with the application. */
export class PrefetchSchedule implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  readonly #options: PrefetchScheduleOptions;
  readonly #timer: ShiftTimer;
  readonly #logger: Logger;
  #isClosing = false;

  constructor(options: PrefetchScheduleOptions) {
    const { moduleRef, cache } = options;
    const name = cache === undefined ? 'image-cache:prefetch' : `image-cache:${cache}:prefetch`;
    this.#options = options;
    this.#timer = new ShiftTimer({ name, option: 'prefetch.interval', moduleRef });
    this.#logger = new Logger(cache === undefined ? 'Prefetcher' : `Prefetcher:${cache}`);
  }

  /** @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when there is no scheduler */
  async onApplicationBootstrap(): Promise<void> {
    const { prefetcher, times } = this.#options;
    if (prefetcher === undefined) return;
    await this.#warn(prefetcher);
    if (times.interval === 0) return;
    await this.#timer.open();
    this.#schedule(prefetcher, times.initialDelay);
  }

  /** Nothing new is begun. Nothing is waited for here, where requests are still taken. */
  beforeApplicationShutdown(): void {
    this.#isClosing = true;
    this.#timer.cancel();
    this.#options.prefetcher?.stop();
  }

  /** What is not done is given back to the queue. */
  async onApplicationShutdown(): Promise<void> {
    await this.#options.prefetcher?.close();
  }

  async #warn(prefetcher: DefaultPrefetcher): Promise<void> {
    const { directory } = this.#options;
    if (prefetcher.status().isPaused)
      this.#logger.warn('The queue is paused: nothing is prefetched until somebody resumes it.');
    if (directory !== undefined && !(await isLocalFilesystem(directory)))
      this.#logger.warn(
        `prefetch.directory: ${directory} is on no file system that is known to be local. On a network share, what two ` +
          'hosts write to a queue at a time gets lost: give each host a queue of its own, on its own disk.',
      );
  }

  #schedule(prefetcher: DefaultPrefetcher, delay: number): void {
    if (this.#isClosing) return;
    this.#timer.schedule(delay, () => {
      void this.#sweep(prefetcher).then((isWell) => {
        const pause = this.#pause(prefetcher);
        this.#schedule(prefetcher, isWell ? pause : Math.max(QUIET, pause));
      });
    });
    prefetcher.planned(this.#timer.nextAt);
  }

  /** Returns whether it came to its end. */
  async #sweep(prefetcher: DefaultPrefetcher): Promise<boolean> {
    try {
      this.#tell(await prefetcher.run());
      return true;
    } catch (error) {
      if (!this.#isClosing) this.#logger.error(`Prefetching failed: ${messageOf(error)}`);
      return false;
    }
  }

  #tell({ completed, retried, dead, rendered, cached, failed, omitted, duration }: PrefetchReport): void {
    if (completed + retried + dead === 0) return;
    this.#logger.log(
      `Images prefetched: ${completed}, in ${duration} ms (${rendered} rendered, ${cached} cached, ${failed} failed, ${omitted} left out that their images cannot have); ` +
        `${retried} will be tried again, ${dead} were given up`,
    );
  }

  #pause(prefetcher: DefaultPrefetcher): number {
    const { interval } = this.#options.times;
    const { nextDue } = prefetcher;
    return nextDue === undefined || prefetcher.status().isPaused
      ? interval
      : Math.min(interval, Math.max(SHORTEST, nextDue - Date.now()));
  }
}
