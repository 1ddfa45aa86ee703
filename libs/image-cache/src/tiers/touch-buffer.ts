import type { Background } from '../common/background.js';
import { keyString } from '../keys/entry-keys.js';
import type { CacheStore } from '../ports/cache-store.js';
import type { Clock, ScheduledCall } from '../ports/clock.js';
import type { EntryKey, Touch } from '../ports/entry.js';

/** Milliseconds until accesses are written; a crash loses no more recency than that. */
export const TOUCH_INTERVAL = 10_000;

/** Accessed entries that are collected before they are written without waiting any longer. */
const BATCH = 1000;

/** What a {@link TouchBuffer} depends on. */
export interface TouchBufferOptions {
  readonly store: CacheStore;
  readonly clock: Clock;
  readonly background: Background;
}

/** Collects accesses and writes them in batches, one per entry however often it was asked for. */
export class TouchBuffer {
  readonly #options: TouchBufferOptions;
  readonly #writing = new Set<ReadonlyMap<string, Touch>>();
  #touches = new Map<string, Touch>();
  #timer: ScheduledCall | undefined;

  constructor(options: TouchBufferOptions) {
    this.#options = options;
  }

  record(key: EntryKey): void {
    const { clock } = this.#options;
    const id = keyString(key);
    this.#touches.set(id, { key, at: clock.now(), hits: (this.#touches.get(id)?.hits ?? 0) + 1 });
    if (this.#touches.size >= BATCH) this.#flushSoon();
    else
      this.#timer ??= clock.schedule(TOUCH_INTERVAL, () => {
        this.#flushSoon();
      });
  }

  /** The last access that the store does not know of yet; 0 when there is none. */
  lastAccess(key: EntryKey): number {
    if (this.#touches.size + this.#writing.size === 0) return 0;
    const id = keyString(key);
    return Math.max(0, ...[this.#touches, ...this.#writing].map((batch) => batch.get(id)?.at ?? 0));
  }

  /** Writes what has been collected. */
  async flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const batch = this.#touches;
    if (batch.size === 0) return;
    this.#touches = new Map();
    this.#writing.add(batch);
    try {
      await this.#options.store.touch([...batch.values()]);
    } finally {
      this.#writing.delete(batch);
    }
  }

  #flushSoon(): void {
    this.#options.background.run('writing access times', () => this.flush());
  }
}
