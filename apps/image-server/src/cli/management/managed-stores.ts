import type { StoreUse } from '../../configuration/stores.js';

/** Whether the queue is opened, too: never, where there is one that can be, or in any case. */
export type QueueUse = 'none' | 'any' | 'required';

/** What is opened of a configuration. */
export interface ManagedStores {
  /** What the stores are opened for. */
  readonly use: StoreUse;
  readonly queue: QueueUse;
}
