import type { CacheStore } from '../../ports/cache-store.js';
import type { FakeClock } from '../fake-clock.js';

/** What a law is tried on. */
export interface LawContext {
  /** Open and empty. */
  readonly store: CacheStore;
  /** The store's time. */
  readonly clock: FakeClock;
  /** Bodies up to this many bytes travel as one Buffer. */
  readonly maxBufferedEntry: number;
  /** Makes one more store at the same place and opens it; it is closed after the law. */
  readonly another: () => Promise<CacheStore>;
}

/** Something that holds of every store. */
export interface CacheStoreLaw {
  /** A sentence. */
  readonly name: string;
  /** Milliseconds that it may take, where a runner's usual limit may be too short. */
  readonly timeout?: number;
  /** Rejects when the law does not hold. */
  readonly run: (context: LawContext) => Promise<void>;
}
