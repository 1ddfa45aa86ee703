import { LRUCache } from 'lru-cache';
import type { Clock } from '../../ports/clock.js';

/** Wrong credentials of a client after which it is not listened to any more … */
const LIMIT = 10;

/** … until so many milliseconds have passed since the first of them. */
const WINDOW = 60_000;

/** Clients that are remembered at a time. */
const CLIENTS = 10_000;

interface Attempts {
  readonly since: number;
  readonly count: number;
}

/**
 * Counts the wrong credentials of each client, in a bounded memory. Right ones in between change nothing: who guesses may
 * have the address of an operator, whose dashboard sends them all the time.
 */
export class FailedAttempts {
  readonly #clock: Clock;
  readonly #attempts = new LRUCache<string, Attempts>({ max: CLIENTS });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Clients that are remembered. */
  get clients(): number {
    return this.#attempts.size;
  }

  /** Seconds for which a client is not listened to; `undefined` when it is. */
  retryAfter(client: string): number | undefined {
    const attempts = this.#current(client);
    if (attempts === undefined || attempts.count < LIMIT) return undefined;
    return Math.ceil((attempts.since + WINDOW - this.#clock.now()) / 1000);
  }

  /** Counts one more. */
  add(client: string): void {
    const { since = this.#clock.now(), count = 0 } = this.#current(client) ?? {};
    this.#attempts.set(client, { since, count: count + 1 });
  }

  #current(client: string): Attempts | undefined {
    const attempts = this.#attempts.get(client);
    return attempts !== undefined && this.#clock.now() < attempts.since + WINDOW ? attempts : undefined;
  }
}
