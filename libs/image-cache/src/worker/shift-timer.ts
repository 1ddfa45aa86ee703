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
  #timer: NodeJS.Timeout | undefined;
  #nextAt: number | undefined;

  constructor(options: ShiftTimerOptions) {
    this.#options = options;
  }

  /** When the next shift begins; milliseconds since the epoch. */
  get nextAt(): number | undefined {
    return this.#nextAt;
  }

  /** @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when there is no scheduler */
  async open(): Promise<void> {
    this.#registry ??= await this.#findRegistry();
  }

  /**
   * Plans a shift instead of the one that was planned before.
   *
   * @param delay milliseconds, of any length
   * @throws Error when somebody else has a timer of that name
   */
  schedule(delay: number, shift: () => void): void {
    this.cancel();
    this.#arm(delay, shift);
    this.#nextAt = Date.now() + delay;
  }

  cancel(): void {
    this.#nextAt = undefined;
    this.#disarm();
  }

  #arm(delay: number, shift: () => void): void {
    const step = Math.min(delay, LONGEST_TIMER);
    const timer = setTimeout(() => {
      this.#disarm();
      if (delay > step) {
        this.#arm(delay - step, shift);
        return;
      }
      this.#nextAt = undefined;
      shift();
    }, step);
    try {
      this.#registry?.addTimeout(this.#options.name, timer);
    } catch (error) {
      clearTimeout(timer);
      throw error;
    }
    this.#timer = timer;
  }

  /** A timer of that name that somebody else has put into the registry stays there. */
  #disarm(): void {
    const { name } = this.#options;
    const registry = this.#registry;
    if (registry?.doesExist('timeout', name) === true && registry.getTimeout(name) === this.#timer)
      registry.deleteTimeout(name);
    clearTimeout(this.#timer);
    this.#timer = undefined;
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
