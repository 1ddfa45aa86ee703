import type { Kind, Usage } from '../../ports/entry.js';
import type { CacheEventMap, CacheEvents } from '../events.js';
import type { CacheCounters } from '../stats.js';

/** What is looked at: an image cache, as far as its history needs it. */
export interface Observed {
  stats(): CacheCounters & { readonly rendering: { readonly running: number; readonly waiting: number } };
  on: CacheEvents['on'];
  /** Tells of something that failed and that nobody waits for. */
  tell(event: 'background-failed', failure: CacheEventMap['background-failed']): void;
  /** What the stores hold. */
  usage?(): Promise<Readonly<Partial<Record<Kind, Usage>>>>;
}

/** How many jobs the prefetcher has, by state. */
export interface QueueLength {
  readonly queued: number;
  readonly running: number;
  readonly dead: number;
}
