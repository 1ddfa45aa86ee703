import type { EntryKey, Kind } from './entry.js';

/** What was evicted: one entry, an image, everything of a kind, or everything. */
export type Eviction = { readonly key: EntryKey } | { readonly group: string } | { readonly kind?: Kind | undefined };

/** Is told of an eviction; does what it has to do about it before it returns. */
export type EvictionListener = (eviction: Eviction) => void;

/**
 * Tells those who share entries of one another's evictions, so that nobody goes on serving from memory what somebody
 * else has evicted.
 *
 * Whoever publishes has put the entries out of reach before. So what a listener was told of cannot be read any more, and
 * what it has read before, it can still drop.
 */
export interface CacheBus {
  /**
   * Tells all others of an eviction made here. Resolves when none of them can miss it any more.
   *
   * @throws when they cannot be told
   */
  publish(eviction: Eviction): Promise<void>;
  /**
   * Listens to the evictions that others make; call the result to stop. Where some may have been missed, the listener is
   * told that everything was evicted.
   */
  subscribe(listener: EvictionListener): () => void;
  /**
   * Resolves when all listeners were told of everything that was published before the call.
   *
   * @throws when that cannot be found out
   */
  poll?(): Promise<void>;
  /** Stops listening and gives everything back. */
  close?(): Promise<void>;
}
