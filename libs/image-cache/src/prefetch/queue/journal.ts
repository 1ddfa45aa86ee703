import type { QueueOperation, QueueOutcome } from './queue-operation.js';
import { QueueState } from './queue-state.js';

/** Where the operations of a queue are put in an order. */
export interface Journal {
  /** As it is known in this process. */
  readonly state: QueueState;
  /**
   * Writes an operation down and tells what came of it.
   *
   * @throws ImageCacheError when it could not be written
   */
  submit(operation: QueueOperation): Promise<QueueOutcome>;
  /** Learns of what others have written. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A journal of this process alone, gone with it. */
export class HeapJournal implements Journal {
  readonly state = new QueueState();

  submit(operation: QueueOperation): Promise<QueueOutcome> {
    return Promise.resolve(this.state.apply(operation));
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
