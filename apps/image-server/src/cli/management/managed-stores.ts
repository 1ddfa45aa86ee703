import type { StoreUse } from '../../configuration/stores.js';

/** What is opened of a configuration. */
export interface ManagedStores {
  /** What the stores are opened for. */
  readonly use: StoreUse;
  /** Whether the queue is opened, too. */
  readonly queue: boolean;
}
