import type { CacheBus } from '../ports/cache-bus.js';
import type {
  CacheStore,
  ClearOptions,
  ListOptions,
  MaintainOptions,
  ReadOptions,
  Reservation,
  StepReport,
  StoreFeatures,
  StoreStep,
} from '../ports/cache-store.js';
import type { Clock } from '../ports/clock.js';
import type {
  EntryKey,
  Evicted,
  Generation,
  Kind,
  ListedEntry,
  NotModified,
  StoredEntry,
  Touch,
  Usage,
} from '../ports/entry.js';
import type { Leases } from '../ports/lease.js';

/** The calls of a store, of its reservations and of its leases. */
export type ChaosOperation =
  | Exclude<keyof CacheStore, 'name' | 'features' | 'bus' | 'leases' | 'leftOut' | 'isIndexing'>
  | 'commit'
  | 'abort'
  | 'lease'
  | 'release';

/** When a trouble strikes. */
export interface ChaosOptions {
  /** For how many calls. @default until the operation is healed */
  readonly times?: number;
  /** Before the call reaches the store, or when the store has done it already. @default 'before' */
  readonly when?: 'before' | 'after';
}

type Trouble = () => Promise<void>;

interface Plan {
  readonly trouble: Trouble;
  readonly release?: () => void;
  readonly when: 'before' | 'after';
  left: number;
}

/**
 * Passes all calls on to another store and makes the trouble that it is told to make: for tests of what a cache does
 * about a store that fails, hangs or is slow.
 */
export class ChaosStore implements CacheStore {
  readonly name: string;
  readonly bus: CacheBus | undefined;
  readonly #inner: CacheStore;
  readonly #clock: Clock;
  readonly #plans = new Map<ChaosOperation, Plan>();
  readonly #calls = new Map<ChaosOperation, number>();

  /** @param clock by which delays go */
  constructor(inner: CacheStore, clock: Clock) {
    this.#inner = inner;
    this.#clock = clock;
    this.name = inner.name;
    this.bus = inner.bus;
  }

  /** Makes an operation fail. */
  fail(operation: ChaosOperation, error: Error = new Error(`${operation} fails`), options: ChaosOptions = {}): void {
    this.#make(operation, { trouble: () => Promise.reject(error) }, options);
  }

  /** Makes an operation wait until it is healed. */
  hang(operation: ChaosOperation, options: ChaosOptions = {}): void {
    let release = (): void => undefined;
    const healed = new Promise<void>((resolve) => (release = resolve));
    this.#make(operation, { trouble: () => healed, release }, options);
  }

  /** Makes an operation take so many milliseconds longer. */
  delay(operation: ChaosOperation, milliseconds: number, options: ChaosOptions = {}): void {
    const trouble = (): Promise<void> =>
      new Promise((resolve) => {
        this.#clock.schedule(milliseconds, resolve);
      });
    this.#make(operation, { trouble }, options);
  }

  /** Ends the trouble of an operation, or all trouble; calls that hang go on. */
  heal(operation?: ChaosOperation): void {
    for (const each of operation === undefined ? [...this.#plans.keys()] : [operation]) {
      this.#plans.get(each)?.release?.();
      this.#plans.delete(each);
    }
  }

  /** How often an operation was called, those calls included that came to nothing. */
  calls(operation: ChaosOperation): number {
    return this.#calls.get(operation) ?? 0;
  }

  /** Counts from zero again. */
  resetCalls(): void {
    this.#calls.clear();
  }

  get features(): StoreFeatures {
    return this.#inner.features;
  }

  get images(): CacheStore['images'] {
    const images = this.#inner.images?.bind(this.#inner);
    return images && ((options) => this.#list('images', () => images(options)));
  }

  get leftOut(): CacheStore['leftOut'] {
    return this.#inner.leftOut;
  }

  get isIndexing(): boolean | undefined {
    return this.#inner.isIndexing;
  }

  get leases(): Leases | undefined {
    const { leases } = this.#inner;
    return (
      leases && {
        take: async (subject) => {
          const lease = await this.#through('lease', () => leases.take(subject));
          return lease && { signal: lease.signal, release: () => this.#through('release', () => lease.release()) };
        },
      }
    );
  }

  open(): Promise<void> {
    return this.#through('open', async () => this.#inner.open?.());
  }

  read(key: EntryKey, options?: ReadOptions): Promise<StoredEntry | NotModified | undefined> {
    return this.#through('read', () => this.#inner.read(key, options));
  }

  generation(group: string): Promise<Generation> {
    return this.#through('generation', () => this.#inner.generation(group));
  }

  async reserve(key: EntryKey, options?: { readonly signal?: AbortSignal }): Promise<Reservation> {
    const inner = await this.#through('reserve', () => this.#inner.reserve(key, options));
    return {
      generation: inner.generation,
      file: inner.file,
      commit: (body, meta) => this.#through('commit', () => inner.commit(body, meta)),
      abort: () => this.#through('abort', () => inner.abort()),
    };
  }

  touch(touches: readonly Touch[]): Promise<void> {
    return this.#through('touch', () => this.#inner.touch(touches));
  }

  stat(key: EntryKey): Promise<ListedEntry | undefined> {
    return this.#through('stat', () => this.#inner.stat(key));
  }

  delete(key: EntryKey): Promise<Evicted> {
    return this.#through('delete', () => this.#inner.delete(key));
  }

  deleteGroup(group: string, options?: { readonly ifGeneration?: Generation }): Promise<Evicted> {
    return this.#through('deleteGroup', () => this.#inner.deleteGroup(group, options));
  }

  clear(kind?: Kind, options?: ClearOptions): Promise<Evicted> {
    return this.#through('clear', () => this.#inner.clear(kind, options));
  }

  entries(options?: ListOptions): AsyncGenerator<ListedEntry> {
    return this.#list('entries', () => this.#inner.entries(options));
  }

  usage(kind?: Kind): Promise<Usage> {
    return this.#through('usage', () => this.#inner.usage(kind));
  }

  maintain(step: StoreStep, options: MaintainOptions): Promise<StepReport> {
    const nothing = { step, examined: 0, removed: 0, bytes: 0, failed: 0, duration: 0 };
    return this.#through('maintain', async () => (await this.#inner.maintain?.(step, options)) ?? nothing);
  }

  ping(): Promise<void> {
    return this.#through('ping', async () => this.#inner.ping?.());
  }

  close(): Promise<void> {
    return this.#through('close', async () => this.#inner.close?.());
  }

  #make(operation: ChaosOperation, plan: Omit<Plan, 'left' | 'when'>, options: ChaosOptions): void {
    const { times = Infinity, when = 'before' } = options;
    this.heal(operation);
    this.#plans.set(operation, { ...plan, when, left: times });
  }

  async *#list<T>(operation: ChaosOperation, list: () => AsyncIterable<T>): AsyncGenerator<T> {
    await this.#through(operation, () => Promise.resolve());
    yield* list();
  }

  async #through<T>(operation: ChaosOperation, call: () => Promise<T>): Promise<T> {
    this.#calls.set(operation, this.calls(operation) + 1);
    const plan = this.#plans.get(operation);
    if (plan === undefined || plan.left === 0) return call();
    plan.left -= 1;
    if (plan.when === 'before') await plan.trouble();
    const result = await call();
    if (plan.when === 'after') await plan.trouble();
    return result;
  }
}
