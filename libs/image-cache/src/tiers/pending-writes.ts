import { LRUCache } from 'lru-cache';

/** Ended writes that are remembered. */
const REMEMBERED = 1000;

/** Writes that may be under way at a time. */
const MOST_WRITES = 512;

/** Bytes in memory that writes may hold at a time. */
export const MOST_BYTES = 32 * 1024 * 1024;

/**
 * What a store has accepted and not yet published. It can be read from here until then, so that who comes right after a
 * render finds it. Bounded: a store that writes slower than is rendered gets less to write.
 */
export class PendingWrites<T> {
  readonly #writes = new Map<string, T>();
  readonly #writing = new Set<Promise<unknown>>();
  readonly #ended = new LRUCache<string, true>({ max: REMEMBERED });
  #bytes = 0;

  get(id: string): T | undefined {
    return this.#writes.get(id);
  }

  /** Whether the write has ended a moment ago: who has looked in the store before that looks again. */
  hasEnded(id: string): boolean {
    return this.#ended.has(id);
  }

  /** Whether a write of so many bytes in memory may begin. */
  admits(bytes: number): boolean {
    return this.#writes.size < MOST_WRITES && this.#bytes + bytes <= MOST_BYTES;
  }

  /** Waits for the writes that are under way now. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#writing);
  }

  /** Holds a value for as long as it is being written; call it at once when the value is there. */
  async hold<R>(id: string, held: { readonly value: T; readonly bytes: number }, write: () => Promise<R>): Promise<R> {
    this.#writes.set(id, held.value);
    this.#bytes += held.bytes;
    const writing = write();
    this.#writing.add(writing);
    try {
      return await writing;
    } finally {
      this.#writing.delete(writing);
      this.#bytes -= held.bytes;
      this.#ended.set(id, true);
      if (this.#writes.get(id) === held.value) this.#writes.delete(id);
    }
  }
}
