import { LRUCache } from 'lru-cache';
import type { Background } from '../common/background.js';
import { NotCacheable } from '../common/not-cacheable.js';
import { sleep } from '../common/sleep.js';
import { keyString } from '../keys/entry-keys.js';
import type { CacheEvents, Tier } from '../observability/events.js';
import type { CacheStore } from '../ports/cache-store.js';
import type { Clock } from '../ports/clock.js';
import type { EntryKey } from '../ports/entry.js';
import type { Lease, Leases } from '../ports/lease.js';

/** What {@link SharedFills} depend on. */
export interface SharedFillsOptions {
  readonly tier: Tier;
  readonly store: CacheStore | undefined;
  readonly clock: Clock;
  readonly events: CacheEvents;
  readonly background: Background;
}

/** What was made to fill an entry. */
export interface Filling {
  /** Resolves when it is in the store, with `false` when it will not be, without a value when it could not be made. */
  readonly written: Promise<boolean | undefined>;
  /** Resolves when it has been made, if it is given before. */
  readonly ended?: Promise<void>;
}

/** An entry to be filled. */
export interface Fill<T extends Filling> {
  readonly key: EntryKey;
  readonly identifier: string;
  /** Whether the store has the entry, as good as a new one, by now. */
  readonly isThere: () => Promise<boolean>;
  readonly make: () => Promise<T | undefined>;
  /** Ends the wait for another process. */
  readonly signal: AbortSignal;
}

/** Milliseconds until another process's work is looked at for the first time; each time, twice as long … */
const SHORTEST_PAUSE = 5;

/** … up to this. */
const LONGEST_PAUSE = 100;

/** Entries that could not be stored, of which so many are remembered. */
const REMEMBERED = 1000;

/**
 * Lets one process fill an entry for all that share its store: the others wait until the entry is there. When it does
 * not come, since it could not be made, was not to be stored, or its process died, the next one does the work.
 */
export class SharedFills {
  readonly #options: SharedFillsOptions;
  /** What could not be stored is not waited for: each process would do it after the other. */
  readonly #unkept = new LRUCache<string, true>({ max: REMEMBERED });
  /** When the leases end that this process has. */
  readonly #held = new Map<string, Promise<void>>();

  constructor(options: SharedFillsOptions) {
    this.#options = options;
  }

  /**
   * Makes an entry when it is this process's turn; resolves with `undefined` when another one has made it.
   *
   * @throws what `isThere` and `make` throw, ImageCacheError `E_IMAGE_CACHE_ABORTED` when the signal ends the wait
   */
  async run<T extends Filling>(fill: Fill<T>): Promise<T | undefined> {
    const leases = this.#options.store?.leases;
    if (leases === undefined) return fill.make();
    if (this.#unkept.has(keyString(fill.key))) return this.#make(fill);
    const held = await this.#await(leases, fill);
    return held && this.#make(fill, held);
  }

  /** Waits for the lease or, which makes it idle, for the entry. */
  async #await<T extends Filling>(leases: Leases, fill: Fill<T>): Promise<Held | undefined> {
    const { tier, clock, events } = this.#options;
    const { key, identifier, signal } = fill;
    const id = keyString(key);
    let isAwaited = false;
    for (let pause = SHORTEST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      const before = this.#held.get(id);
      const lease = await leases.take(key);
      const held = lease && this.#hold(key, lease);
      // The last holder has published before it gave the lease back.
      if (await this.#isThere(fill, held)) return undefined;
      if (held !== undefined) return held;
      // Of what this process holds itself, it knows when that ends.
      const own = before ?? this.#held.get(id);
      if (own === undefined && !isAwaited) {
        isAwaited = true;
        events.emit('awaited', { tier, identifier });
      }
      await sleep(clock, pause, { signal, sooner: own });
    }
  }

  async #isThere<T extends Filling>({ isThere }: Fill<T>, held: Held | undefined): Promise<boolean> {
    let isNeeded = false;
    try {
      const isFilled = await isThere();
      isNeeded = !isFilled;
      return isFilled;
    } finally {
      if (!isNeeded) held?.giveBack();
    }
  }

  /** The lease lasts until the entry has been written, or is given up: the others find it then. */
  async #make<T extends Filling>({ key, make }: Fill<T>, held?: Held): Promise<T | undefined> {
    try {
      const made = await make();
      this.#options.background.run('waiting for a write', async () => {
        const isKept = await made?.written;
        if (isKept !== undefined) this.#remember(key, isKept);
        held?.giveBack();
      });
      return made;
    } catch (error) {
      if (error instanceof NotCacheable) this.#remember(key, false);
      held?.giveBack();
      throw error;
    }
  }

  #remember(key: EntryKey, isKept: boolean): void {
    if (isKept) this.#unkept.delete(keyString(key));
    else this.#unkept.set(keyString(key), true);
  }

  #hold(key: EntryKey, lease: Lease): Held {
    const id = keyString(key);
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    this.#held.set(id, ended);
    const giveBack = async (): Promise<void> => {
      try {
        await lease.release();
      } finally {
        if (this.#held.get(id) === ended) this.#held.delete(id);
        end();
      }
    };
    return {
      giveBack: () => {
        this.#options.background.run('giving a lease back', giveBack);
      },
    };
  }
}

/** A lease that this process has. */
interface Held {
  /** Nobody waits for it but who wants the same lease here. */
  readonly giveBack: () => void;
}
