import { setImmediate } from 'node:timers/promises';
import type { Clock, ScheduledCall, ScheduleOptions } from '../ports/clock.js';

interface Pending {
  readonly due: number;
  readonly callback: () => void;
  readonly isDeadline: boolean;
}

/** Milliseconds of real time that what is outside the process gets, in each step, before it is given up. */
const PATIENCE = 250;

interface Repeated {
  due: number;
  readonly interval: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  readonly #calls = new Set<Pending>();
  readonly #repeated = new Set<Repeated>();
  #now: number;

  /** @param start milliseconds since the epoch */
  constructor(start = Date.UTC(2024, 0, 1)) {
    this.#now = start;
  }

  /** Number of calls that are still to come, but for repeated ones. */
  get scheduled(): number {
    return this.#calls.size;
  }

  now(): number {
    return this.#now;
  }

  schedule(delay: number, callback: () => void, { deadline = false }: ScheduleOptions = {}): ScheduledCall {
    const call: Pending = { due: this.#now + Math.max(0, delay), callback, isDeadline: deadline };
    this.#calls.add(call);
    return { cancel: () => void this.#calls.delete(call) };
  }

  /** A step of days costs no more than one of seconds: these calls are made before each other call, and at the end. */
  repeat(interval: number, callback: () => void): ScheduledCall {
    const call: Repeated = { due: this.#now + interval, interval: Math.max(1, interval), callback };
    this.#repeated.add(call);
    return { cancel: () => void this.#repeated.delete(call) };
  }

  /**
   * Moves the time on and makes the calls that fall due, in the order of their times. What a call sets off is settled
   * before the next one is made, as far as it does not wait for anything outside the process. Only a deadline waits for
   * that too, for a quarter of a second of real time in all: a file is read in no time at all by this clock, and would
   * else be late whenever the machine is busy.
   *
   * @param milliseconds by how much
   */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    const patience = performance.now() + PATIENCE;
    await setImmediate();
    for (;;) {
      const next = this.#next(end);
      this.#now = Math.max(this.#now, next?.due ?? end);
      // What is called again and again may take the next call back, or schedule an earlier one.
      if (await this.#repeat()) continue;
      if (next === undefined) return;
      if (next.isDeadline && (await this.#isMet(next, patience))) continue;
      this.#calls.delete(next);
      next.callback();
      await setImmediate();
    }
  }

  /** Whether a deadline is taken back before it is over in real time too. */
  async #isMet(deadline: Pending, patience: number): Promise<boolean> {
    while (this.#calls.has(deadline) && performance.now() < patience) await setImmediate();
    return !this.#calls.has(deadline);
  }

  /** Makes the repeated calls that are due, and tells whether there were any. */
  async #repeat(): Promise<boolean> {
    const due = [...this.#repeated].filter((call) => call.due <= this.#now);
    for (const call of due) {
      call.due = this.#now + call.interval;
      call.callback();
      await setImmediate();
    }
    return due.length > 0;
  }

  /** The earliest call that is due by `end`; of several at one time, the one that was scheduled first. */
  #next(end: number): Pending | undefined {
    let earliest: Pending | undefined;
    for (const call of this.#calls) if (call.due <= end && call.due < (earliest?.due ?? Infinity)) earliest = call;
    return earliest;
  }
}
