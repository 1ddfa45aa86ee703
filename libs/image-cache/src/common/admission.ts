import type { Clock } from '../ports/clock.js';
import { abortError } from './deadline.js';
import { ImageCacheError } from './errors.js';

/** Limits of an {@link Admission}. */
export interface AdmissionLimits {
  /** Tasks that run at a time. */
  readonly concurrency: number;
  /** Tasks that may wait. */
  readonly queue: number;
  /** Milliseconds that a task may wait; 0 = for ever. */
  readonly timeout: number;
}

/** `interactive`: somebody waits for the outcome. `background`: runs when nothing interactive waits. */
export type Priority = 'interactive' | 'background';

/** How a task wants to be run. */
export interface AdmissionRequest<T = unknown> {
  /** Takes the task out of the queue; without effect once it runs. */
  readonly signal: AbortSignal;
  /** Asked whenever a place becomes free, so that it may change while the task waits. @default interactive */
  readonly priority?: () => Priority;
  /** Until when a task keeps its place that has made this already; does not reject. @default no longer */
  readonly lasting?: (made: T) => Promise<unknown> | undefined;
}

type Admit = () => void;

/**
 * Lets so many tasks run at a time and so many wait, refuses the rest at once. Interactive tasks go first; within a
 * priority, the order is that of arrival.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #clock: Clock;
  readonly #queue = new Map<Admit, () => Priority>();
  #running = 0;

  constructor(limits: AdmissionLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * Runs `task` when its turn comes. The limits of waiting are for interactive tasks: one that nobody waits for has time,
   * and takes no interactive one's place in the queue. Who has many of those gives them one after the other.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_OVERLOADED` when the queue is full or the wait too long,
   * `E_IMAGE_CACHE_ABORTED` when the signal is aborted while it waits
   */
  async run<T>(task: () => Promise<T>, request: AdmissionRequest<T>): Promise<T> {
    const { signal, priority = interactive, lasting } = request;
    if (signal.aborted) throw abortError(signal);
    if (this.#running < this.#limits.concurrency) this.#running += 1;
    else await this.#wait(signal, priority);
    const release = (): void => {
      this.#release();
    };
    let end: Promise<unknown> | undefined;
    try {
      const made = await task();
      end = lasting?.(made);
      return made;
    } finally {
      if (end === undefined) release();
      else void end.then(release);
    }
  }

  /** A place that becomes free goes to the next task without ever being free in between. */
  #release(): void {
    const next = this.#next();
    if (next === undefined) this.#running -= 1;
    else next();
  }

  #next(): Admit | undefined {
    for (const [admit, priority] of this.#queue) if (priority() === 'interactive') return admit;
    const [longest] = this.#queue.keys();
    return longest;
  }

  #isFull(): boolean {
    const { queue } = this.#limits;
    if (this.#queue.size < queue) return false;
    return [...this.#queue.values()].filter((priority) => priority() === 'interactive').length >= queue;
  }

  #wait(signal: AbortSignal, priority: () => Priority): Promise<void> {
    const patient = priority() === 'background';
    const timeout = patient ? 0 : this.#limits.timeout;
    if (!patient && this.#isFull()) {
      throw new ImageCacheError('E_IMAGE_CACHE_OVERLOADED', 'The render queue is full; try again later.');
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#queue.delete(admit);
        signal.removeEventListener('abort', onAbort);
        timer?.cancel();
      };
      const admit = (): void => {
        leave();
        resolve();
      };
      const onAbort = (): void => {
        leave();
        reject(abortError(signal));
      };
      const onTimeout = (): void => {
        leave();
        reject(
          new ImageCacheError('E_IMAGE_CACHE_OVERLOADED', 'The wait for a render took too long; try again later.'),
        );
      };
      const timer = timeout > 0 ? this.#clock.schedule(timeout, onTimeout) : undefined;
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.set(admit, priority);
    });
  }
}

function interactive(): Priority {
  return 'interactive';
}
