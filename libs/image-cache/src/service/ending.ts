import { setMaxListeners } from 'node:events';
import { untilAborted, withDeadline } from '../common/deadline.js';
import { ImageCacheError } from '../common/errors.js';
import { keepAlive } from '../common/keep-alive.js';
import type { CacheEvents } from '../observability/events.js';
import type { CacheStore } from '../ports/cache-store.js';
import type { Clock, ScheduledCall } from '../ports/clock.js';
import type { TouchBuffer } from '../tiers/touch-buffer.js';

/** Milliseconds for the last writes, and again for closing the stores, when there is no other time left. */
const LAST_STEP = 1000;

/** What an {@link Ending} depends on. */
export interface EndingOptions {
  readonly clock: Clock;
  readonly events: CacheEvents;
  /** Milliseconds that renders and sweeps have; 0 = as long as they take. */
  readonly drain: number;
}

/** What is to be brought to an end. */
export interface Unfinished {
  /** Waits until nothing is being read, rendered or written. */
  readonly settled: () => Promise<void>;
  readonly touches: readonly TouchBuffer[];
  readonly stores: readonly CacheStore[];
}

/** The end of a cache: what is under way has its time, what is known is written, and nothing is waited for for ever. */
export class Ending {
  readonly #options: EndingOptions;
  readonly #stopping = new AbortController();
  readonly #closing = new AbortController();
  readonly #sweeps = new Set<Promise<unknown>>();
  #begun: number | undefined;
  #timer: ScheduledCall | undefined;

  constructor(options: EndingOptions) {
    this.#options = options;
    // As many listen as there are requests that wait; Node takes more than ten for a leak.
    setMaxListeners(0, this.stopping, this.closing);
  }

  /** Aborted when sweeps and warming are to end, for which nobody waits. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Aborted when renders have had their time; the reason is the error for those who wait for them. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Does a sweep. It ends early with the cache, or when its caller says so. */
  async sweep<T>(work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const sweeping = work(signal === undefined ? this.stopping : AbortSignal.any([signal, this.stopping]));
    this.#sweeps.add(sweeping);
    try {
      return await sweeping;
    } finally {
      this.#sweeps.delete(sweeping);
    }
  }

  /** Whether the end has begun. */
  get hasBegun(): boolean {
    return this.#begun !== undefined;
  }

  /** Begins the end: the time of the renders runs from now, if it does not run already. */
  begin(): void {
    const { clock, drain } = this.#options;
    if (this.#begun !== undefined) return;
    this.#begun = clock.now();
    this.#stopping.abort();
    const close = (): void => {
      this.#close();
    };
    if (drain > 0) this.#timer = clock.schedule(drain, close, { deadline: true });
  }

  /**
   * Waits for what is under way, writes what is known and closes the stores.
   *
   * @throws what the first store throws that cannot be closed
   */
  async complete(unfinished: Unfinished): Promise<void> {
    this.begin();
    await keepAlive(this.#complete(unfinished));
  }

  async #complete({ settled, touches, stores }: Unfinished): Promise<void> {
    // Over before this call, for a server that takes its time: who waited for a render has been told.
    if (!this.closing.aborted) {
      const done = Promise.all([settled(), Promise.allSettled(this.#sweeps)]);
      await this.#attempt('draining', untilAborted(done, this.closing));
    }
    this.#timer?.cancel();
    this.#close();
    // What has been given up gives its reservations back.
    const clearing = this.#attempt('clearing away', this.#inTime(settled()));
    const flushing = touches.map((buffer) => this.#attempt('writing access times', this.#inTime(buffer.flush())));
    await Promise.all([clearing, ...flushing]);
    const closing = Promise.allSettled(stores.map(async (store) => store.close?.()));
    const outcomes = await this.#attempt('closing the stores', this.#inTime(closing));
    const failure = outcomes?.find((outcome) => outcome.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }

  #close(): void {
    this.#closing.abort(new ImageCacheError('E_IMAGE_CACHE_CLOSED', 'The image cache is closed; try again later.'));
  }

  /** Waits for what is left of the time, and a moment in any case. */
  #inTime<T>(work: Promise<T>): Promise<T> {
    const { clock, drain } = this.#options;
    const left = (this.#begun ?? 0) + drain - clock.now();
    const timeout = drain === 0 ? 0 : Math.max(left, 0) + LAST_STEP;
    const expired = (): Error =>
      new ImageCacheError('E_IMAGE_CACHE_CLOSED', 'A store has not answered in the time that there was.');
    return withDeadline(work, { clock, timeout, expired });
  }

  /** What fails, or takes too long, is told and left behind. */
  async #attempt<T>(what: string, work: Promise<T>): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      this.#options.events.emit('background-failed', { what, error });
      return undefined;
    }
  }
}
