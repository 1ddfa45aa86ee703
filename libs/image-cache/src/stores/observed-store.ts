import type { CacheStore } from '../ports/cache-store.js';
import type { Clock } from '../ports/clock.js';
import { DelegatingStore, type StoreOperation } from './delegating-store.js';

/** A call to a store that has ended. */
export interface StoreCall {
  readonly store: string;
  readonly operation: StoreOperation;
  /** Milliseconds. */
  readonly duration: number;
  /** Why it failed; absent when it did not. */
  readonly error?: unknown;
}

/** What an {@link ObservedStore} depends on. */
export interface ObservedStoreOptions {
  readonly clock: Clock;
  readonly onCall: (call: StoreCall) => void;
}

/** Tells of every call to a store, how long it took and whether it failed. */
export class ObservedStore extends DelegatingStore {
  readonly #options: ObservedStoreOptions;

  constructor(inner: CacheStore, options: ObservedStoreOptions) {
    super(inner);
    this.#options = options;
  }

  protected override async around<T>(operation: StoreOperation, call: () => Promise<T>): Promise<T> {
    const { clock, onCall } = this.#options;
    const started = clock.now();
    const told = { store: this.name, operation };
    try {
      const result = await call();
      onCall({ ...told, duration: clock.now() - started });
      return result;
    } catch (error) {
      onCall({ ...told, duration: clock.now() - started, error });
      throw error;
    }
  }
}
