import type { ModuleRef } from '@nestjs/core';
import type { SchedulerRegistry } from '@nestjs/schedule';
import { ImageCacheError, systemCode } from '../common/errors.js';

/** Timers of Node fire at once beyond this many milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** What a {@link ShiftTimer} depends on. */
export interface ShiftTimerOptions {
  /** Under which it is found in the SchedulerRegistry. */
  readonly name: string;
  /** The option that wants it, for messages. */
  readonly option: string;
  readonly moduleRef: ModuleRef;
}

/** Plans the next shift of a worker, for all to see in the SchedulerRegistry. There is one at a time. */
export class ShiftTimer {
  readonly #options: ShiftTimerOptions;
  #registry: SchedulerRegistry | undefined;
  #nextAt: number | undefined;

  constructor(options: ShiftTimerOptions) {
    this.#options = options;
  }

  /** When the next shift begins; milliseconds since the epoch. */
  get nextAt(): number | undefined {
    return this.#nextAt;
  }

  get isScheduled(): boolean {
    return this.#registry?.doesExist('timeout', this.#options.name) === true;
  }

  /** @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when there is no scheduler */
  async open(): Promise<void> {
    this.#registry ??= await this.#findRegistry();
  }

  /** @param delay milliseconds, of any length */
  schedule(delay: number, shift: () => void): void {
    this.#nextAt = Date.now() + delay;
    this.#arm(delay, shift);
  }

  cancel(): void {
    this.#nextAt = undefined;
    if (this.isScheduled) this.#registry?.deleteTimeout(this.#options.name);
  }

  #arm(delay: number, shift: () => void): void {
    const step = Math.min(delay, LONGEST_TIMER);
    const timer = setTimeout(() => {
      if (this.isScheduled) this.#registry?.deleteTimeout(this.#options.name);
      if (delay > step) {
        this.#arm(delay - step, shift);
        return;
      }
      this.#nextAt = undefined;
      shift();
    }, step);
    this.#registry?.addTimeout(this.#options.name, timer);
  }

  /** The scheduler is an optional peer, and its module is for the application to import: imported twice, it runs twice. */
  async #findRegistry(): Promise<SchedulerRegistry> {
    const help = 'install @nestjs/schedule and import ScheduleModule.forRoot() in the root module';
    const { option, moduleRef } = this.#options;
    try {
      const schedule = await import('@nestjs/schedule');
      const registry: SchedulerRegistry = moduleRef.get(schedule.SchedulerRegistry, { strict: false });
      return registry;
    } catch (cause) {
      const reason =
        systemCode(cause) === 'ERR_MODULE_NOT_FOUND' ? '@nestjs/schedule is missing' : 'there is no SchedulerRegistry';
      throw new ImageCacheError('E_IMAGE_CACHE_OPTIONS', `${option}: ${reason}; ${help}.`, { cause });
    }
  }
}
