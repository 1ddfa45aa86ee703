import type { SourceStamp } from '../ports/entry.js';
import { sameStamp, type SourceState } from './source-state.js';

/** What is judged. */
export interface AgingEntry {
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Milliseconds since the epoch. */
  readonly lastAccess: number;
  readonly source?: SourceStamp;
}

/** For how long entries are good; always the current settings, never ones stamped into the entry. */
export interface FreshnessOptions {
  /** Milliseconds since the last access; 0 = for ever. */
  readonly ttl: number;
  /** Milliseconds since the creation; 0 = for ever. */
  readonly staleness: number;
}

/**
 * - `fresh`: may be served.
 * - `expired`: nobody asked for it within `ttl`; a miss, and goes away.
 * - `stale`: older than `staleness`; rendered anew.
 * - `changed`: made from another state of the source image; all of the image's entries go away.
 * - `missing`: there is no such source image any more.
 * - `unavailable`: the source cannot tell; nothing is evicted.
 */
export type Freshness = 'fresh' | 'expired' | 'stale' | 'changed' | 'missing' | 'unavailable';

/**
 * The times of a cache for a request that wants a shorter time to live.
 *
 * @param ttl milliseconds; 0 = no other than the cache's
 */
export function shortened(options: FreshnessOptions, ttl: number): FreshnessOptions {
  const isShorter = ttl > 0 && (options.ttl === 0 || ttl < options.ttl);
  return isShorter ? { ...options, ttl } : options;
}

/** Judges an entry. The source comes first: what is known to be wrong is never served, however young it is. */
export function freshnessOf(entry: AgingEntry, source: SourceState, now: number, options: FreshnessOptions): Freshness {
  if (source.status === 'missing' || source.status === 'unavailable') return source.status;
  if (source.status === 'found' && !madeFrom(entry, source.stamp)) return 'changed';
  if (options.ttl > 0 && now - entry.lastAccess > options.ttl) return 'expired';
  if (options.staleness > 0 && now - entry.createdAt > options.staleness) return 'stale';
  return 'fresh';
}

/**
 * Milliseconds for which the entry stays fresh if nobody asks for it again, below 0 when its time is over; `undefined`
 * when it stays so for ever.
 */
export function remaining(entry: AgingEntry, now: number, options: FreshnessOptions): number | undefined {
  const ends: number[] = [];
  if (options.ttl > 0) ends.push(entry.lastAccess + options.ttl);
  if (options.staleness > 0) ends.push(entry.createdAt + options.staleness);
  return ends.length === 0 ? undefined : Math.min(...ends) - now;
}

/** An entry without a stamp was made before there was a source to ask; it cannot be vouched for. */
function madeFrom(entry: AgingEntry, stamp: SourceStamp): boolean {
  return entry.source !== undefined && sameStamp(entry.source, stamp);
}
