/**
 * Steps of maintenance that a store can do itself.
 *
 * - `expired`: entries that nobody has asked for in time, or that are too old.
 * - `abandoned`: unfinished writes that nothing has happened to for `stall`.
 * - `detritus`: what is no entry and older than `stall`, and empty directories.
 * - `quarantine`: damaged files that were set aside, beyond some number, size and age.
 * - `trash`: what evictions have left.
 * - `reconcile`: makes what the store knows of its entries agree with the entries; removes what is known of those that are
 *   not there.
 * - `bounds`: the least recently used entries, when the store is fuller than it may be.
 * - `scrub`: reads and verifies what nobody has read for long, a part in each shift; sets aside what is damaged.
 */
export type StoreStep =
  'expired' | 'abandoned' | 'detritus' | 'quarantine' | 'trash' | 'reconcile' | 'bounds' | 'scrub';

/** How much a store may hold; what is absent has no bound. */
export interface StoreBounds {
  /** Bytes. */
  readonly maxSize?: number;
  readonly maxEntries?: number;
}

/** Calls to a store that are given up together. */
export type StoreCalls = 'reads' | 'writes' | 'leases';

/** What a store can do beyond the port's minimum. */
export interface StoreFeatures {
  /** Other processes may use the same entries. */
  readonly shared: boolean;
  /** Entries outlive the process. */
  readonly persistent: boolean;
  /** The store keeps itself within a size. */
  readonly bounded: boolean;
  /** Counts hits per entry. */
  readonly hits: boolean;
  /** Knows what it holds: `entries` and `usage` answer, and evictions count. Without it, nothing is swept. */
  readonly enumerable: boolean;
  /** `entries` can be ordered by last access. */
  readonly orderedByAccess: boolean;
  /** How much it may hold, where it keeps itself within something. */
  readonly bounds?: StoreBounds;
  /** Steps that `maintain` does. Of an enumerable store, expired entries are else found by listing it. @default none */
  readonly steps?: readonly StoreStep[];
}
