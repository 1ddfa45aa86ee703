import type { StoreUse } from '../../configuration/stores.js';

/**
 * Whether the queue is opened, too: never; to be looked at, if there is one; where there can be one, or in any case, and
 * made then.
 */
export type QueueUse = 'none' | 'look' | 'any' | 'required';

/** What is opened of a configuration. */
export interface ManagedStores {
  /** What the stores are opened for. */
  readonly use: StoreUse;
  readonly queue: QueueUse;
}
