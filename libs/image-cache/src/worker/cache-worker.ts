import { Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { messageOf } from '../common/errors.js';
import type { SweepReport } from '../maintenance/sweep.js';
import type { ImageCache } from '../service/image-cache.js';
import { ShiftTimer } from './shift-timer.js';

/** What the worker did in a shift. */
export interface WorkerShift {
  /** When the shift began; milliseconds since the epoch. */
  readonly startedAt: number;
  /** When the shift ended; milliseconds since the epoch. */
  readonly at: number;
  readonly report: SweepReport;
}

/** Shifts that are remembered. */
const REMEMBERED = 20;

/**
 * Sweeps the cache at its interval: one shift at a time, the next one counted from the end of the last. No error ends
 * it, the end of the application does.
 */
export class CacheWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #timer: ShiftTimer;
  readonly #logger: Logger;
  readonly #cache: ImageCache;
  readonly #closing = new AbortController();
  #shift: Promise<SweepReport | undefined> | undefined;
  #shifts: readonly WorkerShift[] = [];
  #plans = 0;

  /** @param name of the cache, where it has one */
  constructor(cache: ImageCache, moduleRef: ModuleRef, name?: string) {
    const timer = name === undefined ? 'image-cache:worker' : `image-cache:${name}:worker`;
    this.#timer = new ShiftTimer({ name: timer, option: 'imageCache.worker', moduleRef });
    this.#logger = new Logger(name === undefined ? CacheWorker.name : `${CacheWorker.name}:${name}`);
    this.#cache = cache;
  }

  /** @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when the worker is wanted and there is no scheduler */
  async onApplicationBootstrap(): Promise<void> {
    this.#cache.on('configured', ({ changed }) => {
      if (changed.includes('worker')) void this.#replan('initialDelay');
    });
    await this.#plan('initialDelay');
  }

  /** Stops the shift that is under way; what it has not done waits for the next start. The cache waits for its end. */
  beforeApplicationShutdown(): void {
    this.#closing.abort();
    this.#timer.cancel();
  }

  /** The last shift that came to its end in this process. */
  get last(): WorkerShift | undefined {
    return this.#shifts[0];
  }

  /** The last twenty shifts that came to their end in this process, the newest first; those left to another one, too. */
  get shifts(): readonly WorkerShift[] {
    return this.#shifts;
  }

  /** When the next shift begins; milliseconds since the epoch. */
  get nextAt(): number | undefined {
    return this.#timer.nextAt;
  }

  /** Does a shift now, or waits for the one that is under way. Resolves with `undefined` when it failed. */
  async runShift(): Promise<SweepReport | undefined> {
    this.#shift ??= this.#sweep().finally(() => {
      this.#shift = undefined;
    });
    return this.#shift;
  }

  async #sweep(): Promise<SweepReport | undefined> {
    const startedAt = Date.now();
    try {
      const { rate } = this.#cache.worker ?? {};
      const report = await this.#cache.sweep({ signal: this.#closing.signal, ...(rate && { rate }) });
      const { steps, duration, skipped = [] } = report;
      this.#shifts = [{ startedAt, at: Date.now(), report }, ...this.#shifts].slice(0, REMEMBERED);
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

  /** The next shift is counted from now, or from the end of the one that is under way; the plan made last holds. */
  async #plan(time: 'initialDelay' | 'interval'): Promise<void> {
    const plan = (this.#plans += 1);
    this.#timer.cancel();
    await this.#shift;
    if (this.#cache.worker !== undefined) await this.#timer.open();
    const { worker } = this.#cache;
    if (worker === undefined || plan !== this.#plans || this.#closing.signal.aborted) return;
    this.#timer.schedule(worker[time], () => void this.#turn(plan));
  }

  async #turn(plan: number): Promise<void> {
    await this.runShift();
    if (plan === this.#plans) await this.#replan('interval');
  }

  async #replan(time: 'initialDelay' | 'interval'): Promise<void> {
    try {
      await this.#plan(time);
    } catch (error) {
      this.#logger.error(`The next shift could not be planned: ${messageOf(error)}`);
    }
  }
}
