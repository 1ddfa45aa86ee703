import { Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import type { SchedulerRegistry } from '@nestjs/schedule';
import { ImageCacheError, messageOf, systemCode } from '../common/errors.js';
import type { SweepReport } from '../maintenance/sweep.js';
import type { ImageCache } from '../service/image-cache.js';

/** Timers of Node fire at once beyond this many milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** What the worker did last. */
export interface WorkerShift {
  /** When the shift ended; milliseconds since the epoch. */
  readonly at: number;
  readonly report: SweepReport;
}

/**
 * Sweeps the cache at its interval: one shift at a time, the next one counted from the end of the last. No error ends
 * it, the end of the application does.
 */
export class CacheWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** Name under which the timer is found in the SchedulerRegistry. */
  readonly #timer: string;
  readonly #logger: Logger;
  readonly #cache: ImageCache;
  readonly #moduleRef: ModuleRef;
  readonly #closing = new AbortController();
  #registry: SchedulerRegistry | undefined;
  #shift: Promise<SweepReport | undefined> | undefined;
  #last: WorkerShift | undefined;
  #nextAt: number | undefined;

  /** @param name of the cache, where it has one */
  constructor(cache: ImageCache, moduleRef: ModuleRef, name?: string) {
    this.#timer = name === undefined ? 'image-cache:worker' : `image-cache:${name}:worker`;
    this.#logger = new Logger(name === undefined ? CacheWorker.name : `${CacheWorker.name}:${name}`);
    this.#cache = cache;
    this.#moduleRef = moduleRef;
  }

  /** @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when the worker is wanted and there is no scheduler */
  async onApplicationBootstrap(): Promise<void> {
    this.#cache.on('configured', ({ changed }) => {
      if (changed.includes('worker')) void this.#reschedule();
    });
    await this.#begin();
  }

  /** Stops the shift that is under way; what it has not done waits for the next start. The cache waits for its end. */
  beforeApplicationShutdown(): void {
    this.#closing.abort();
    this.#unschedule();
  }

  /** The last shift that came to its end in this process. */
  get last(): WorkerShift | undefined {
    return this.#last;
  }

  /** When the next shift begins; milliseconds since the epoch. */
  get nextAt(): number | undefined {
    return this.#nextAt;
  }

  /** Does a shift now, or waits for the one that is under way. Resolves with `undefined` when it failed. */
  async runShift(): Promise<SweepReport | undefined> {
    this.#shift ??= this.#sweep().finally(() => {
      this.#shift = undefined;
    });
    return this.#shift;
  }

  async #sweep(): Promise<SweepReport | undefined> {
    try {
      const { rate } = this.#cache.worker ?? {};
      const report = await this.#cache.sweep({ signal: this.#closing.signal, ...(rate && { rate }) });
      const { steps, duration, skipped = [] } = report;
      this.#last = { at: Date.now(), report };
      const done = steps.map(({ step, removed }) => `${step} ${removed}`).join(', ');
      if (skipped.length > 0) this.#logger.log(`Left to another process, which is sweeping now: ${skipped.join(', ')}`);
      if (steps.length > 0) this.#logger.log(`Shift done in ${duration} ms: ${done}`);
      for (const { step, stopped, failed, failure } of report.steps) {
        if (stopped !== undefined) this.#logger.warn(`${step} ended early: ${stopped}`);
        if (failed > 0) this.#logger.warn(`${step} failed ${failed} times, first: ${failure ?? 'see above'}`);
      }
      return report;
    } catch (error) {
      this.#logger.error(`Shift failed: ${messageOf(error)}`);
      return undefined;
    }
  }

  async #begin(): Promise<void> {
    const { worker } = this.#cache;
    if (worker === undefined) return;
    this.#registry ??= await this.#findRegistry();
    this.#schedule(worker.initialDelay);
  }

  /** The next shift is counted from now; one that is under way ends first. */
  async #reschedule(): Promise<void> {
    this.#unschedule();
    await this.#shift;
    this.#unschedule();
    try {
      await this.#begin();
    } catch (error) {
      this.#logger.error(messageOf(error));
    }
  }

  #schedule(delay: number): void {
    if (this.#closing.signal.aborted) return;
    const step = Math.min(delay, LONGEST_TIMER);
    this.#nextAt = Date.now() + delay;
    const timer = setTimeout(() => {
      this.#unschedule();
      if (delay > step) this.#schedule(delay - step);
      else
        void this.runShift()
          .then(() => {
            const { worker } = this.#cache;
            if (worker !== undefined && !this.#isScheduled()) this.#schedule(worker.interval);
          })
          .catch((error: unknown) => {
            this.#logger.error(`The next shift could not be scheduled: ${messageOf(error)}`);
          });
    }, step);
    this.#registry?.addTimeout(this.#timer, timer);
  }

  #unschedule(): void {
    this.#nextAt = undefined;
    if (this.#isScheduled()) this.#registry?.deleteTimeout(this.#timer);
  }

  #isScheduled(): boolean {
    return this.#registry?.doesExist('timeout', this.#timer) === true;
  }

  /** The scheduler is an optional peer, and its module is for the application to import: imported twice, it runs twice. */
  async #findRegistry(): Promise<SchedulerRegistry> {
    const help = 'install @nestjs/schedule and import ScheduleModule.forRoot() in the root module';
    try {
      const schedule = await import('@nestjs/schedule');
      const registry: SchedulerRegistry = this.#moduleRef.get(schedule.SchedulerRegistry, { strict: false });
      return registry;
    } catch (cause) {
      const reason =
        systemCode(cause) === 'ERR_MODULE_NOT_FOUND' ? '@nestjs/schedule is missing' : 'there is no SchedulerRegistry';
      throw new ImageCacheError('E_IMAGE_CACHE_OPTIONS', `imageCache.worker: ${reason}; ${help}.`, { cause });
    }
  }
}
