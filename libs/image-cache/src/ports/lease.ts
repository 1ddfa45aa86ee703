import type { EntryKey } from './entry.js';

/** What one process at a time does for all that use a store: fill an entry, or sweep. */
export type LeaseSubject = EntryKey | 'sweep';

/**
 * The right to do what one process at a time does. It saves work and keeps nothing right: what must not be published is
 * fenced by its reservation, whoever holds the lease.
 */
export interface Lease {
  /** Aborted when the lease was lost: evicted with its entry, or taken by another process that held it for abandoned. */
  readonly signal: AbortSignal;
  /** Gives it back; harmless when it was lost, and the second time. */
  release(): Promise<void>;
}

/**
 * Leases among all processes that use a store. The lease of an entry ends with every eviction of the entry, of its image
 * or of everything: who comes after that does not wait for a render that began before. The lease of a process that has
 * crashed ends by itself.
 */
export interface Leases {
  /** Takes a lease; `undefined` when somebody else holds it. Does not wait for it. */
  take(subject: LeaseSubject): Promise<Lease | undefined>;
}
