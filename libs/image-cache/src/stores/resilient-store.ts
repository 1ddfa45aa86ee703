import { withDeadline } from '../common/deadline.js';
import { ImageCacheError, isError, isImageCacheError, messageOf, type ImageCacheErrorCode } from '../common/errors.js';
import { Generations } from '../common/generations.js';
import { noLease } from '../common/no-lease.js';
import { tellBreak } from '../common/streams.js';
import { Turns } from '../common/turns.js';
import type { CacheStore, ClearOptions, CommitBody, ReadOptions, Reservation, StoreCalls } from '../ports/cache-store.js';
import type { OpenedEntry } from '../ports/opened-entry.js';
import type { Clock } from '../ports/clock.js';
import type {
  EntryKey,
  EntryMeta,
  Evicted,
  Generation,
  Kind,
  ListedEntry,
  NewEntryMeta,
  NotModified,
  StoredEntry,
} from '../ports/entry.js';
import type { Lease, Leases, LeaseSubject } from '../ports/lease.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { discardLate } from './discard-late.js';
import { DelegatingStore, type StoreOperation } from './delegating-store.js';

/** What a {@link ResilientStore} does about a store that fails. */
export interface ResilientStoreOptions {
  readonly clock: Clock;
  /** Milliseconds that a call may take for which a request waits. */
  readonly timeout: number;
  /** Milliseconds that any other call may take. */
  readonly writeTimeout: number;
  /** `bypass`: reads miss; `throw`: the request fails. A write that fails never fails the request. */
  readonly onError: 'bypass' | 'throw';
  /** Failures in a row after which the store is left alone for a while. */
  readonly failures: number;
  /** Milliseconds for which it is left alone. */
  readonly cooldown: number;
  /** Told of a call that took too long; whoever makes it counts it as failed. */
  readonly onTimeout?: (operation: StoreOperation, error: Error) => void;
  /** Told when calls of a kind are given up and taken up again. */
  readonly onChange: (path: StoreCalls, open: boolean) => void;
}

/** What fails and works again by itself: a store that knows its generations may be unable to read its entries. */
type Circuit = 'read' | 'stat' | 'generation' | 'write' | 'touch' | 'lease';

/** Evictions and maintenance are always tried: an eviction that was left out would be a lie. */
const CIRCUITS: Partial<Record<StoreOperation, Circuit>> = {
  read: 'read',
  openFile: 'read',
  stat: 'stat',
  generation: 'generation',
  reserve: 'write',
  commit: 'write',
  touch: 'touch',
  lease: 'lease',
};

const PATHS: Readonly<Record<Circuit, StoreCalls>> = {
  read: 'reads',
  stat: 'reads',
  generation: 'reads',
  write: 'writes',
  touch: 'writes',
  lease: 'leases',
};

/** Calls that a request waits for. */
const AWAITED: readonly StoreOperation[] = ['read', 'openFile', 'stat', 'generation', 'reserve', 'lease'];

/** Calls that take as long as they take. */
const UNHURRIED: readonly StoreOperation[] = ['open', 'close', 'usage', 'maintain'];

/** What says nothing about the store. */
const CALLERS_FAULTS: readonly ImageCacheErrorCode[] = [
  'E_IMAGE_CACHE_TOO_LARGE',
  'E_IMAGE_CACHE_STORE_FULL',
  'E_IMAGE_CACHE_LENGTH_MISMATCH',
  'E_IMAGE_CACHE_UNSUPPORTED',
];

/**
 * Keeps a slow or broken store from slowing or breaking requests: every call has a deadline, and after some failures
 * reads or writes are left out for a while, each for itself, since a full disk can still be read.
 */
export class ResilientStore extends DelegatingStore {
  readonly #options: ResilientStoreOptions;
  /** Errors of the bodies that were to be committed. */
  readonly #broken = new WeakSet<Error>();
  /** Calls that have a deadline of their own. */
  readonly #bounded = new WeakSet<Promise<unknown>>();
  readonly #evictions = new Generations();
  readonly #breakers = new Map<Circuit, CircuitBreaker>();

  constructor(inner: CacheStore, options: ResilientStoreOptions) {
    super(inner);
    this.#options = options;
    for (const circuit of Object.keys(PATHS) as Circuit[]) {
      const onChange = (): void => {
        this.#tell(circuit);
      };
      this.#breakers.set(circuit, new CircuitBreaker({ ...options, onChange }));
    }
  }

  override get leftOut(): readonly StoreCalls[] {
    const open = [...this.#breakers].filter(([, { isOpen }]) => isOpen).map(([circuit]) => PATHS[circuit]);
    return [...new Set(open)];
  }

  override read(key: EntryKey, options?: ReadOptions): Promise<StoredEntry | NotModified | undefined> {
    return this.#orElse(super.read(key, options), () => undefined);
  }

  protected override openEntry(open: () => Promise<OpenedEntry | undefined>): Promise<OpenedEntry | undefined> {
    return this.#orElse(super.openEntry(open), () => undefined);
  }

  /**
   * A body that breaks is not the store's fault, though it is the commit that fails; nor is one that comes slowly: the
   * store's time runs only while it does not ask for more.
   */
  protected override commit(
    reservation: Reservation,
    source: CommitBody,
    meta: NewEntryMeta,
  ): Promise<EntryMeta | 'fenced'> {
    if (!('body' in source) || Buffer.isBuffer(source.body)) return super.commit(reservation, source, meta);
    const onBreak = (error: unknown): void => {
      if (isError(error)) this.#broken.add(error);
    };
    const { clock, writeTimeout: timeout } = this.#options;
    const turns = new Turns({ clock, timeout, expired: () => this.#overdue('commit', timeout) });
    const body = tellBreak(source.body, onBreak, turns);
    return this.around('commit', () => {
      const committing = turns.bound(reservation.commit({ ...source, body }, meta));
      this.#bounded.add(committing);
      return committing;
    });
  }

  /** Without the store, this process's own evictions still tell what was asked for before them from what comes after. */
  override generation(group: string): Promise<Generation> {
    return this.#orElse(super.generation(group), () => `unavailable ${this.#evictions.of(group)}`);
  }

  override delete(key: EntryKey): Promise<Evicted> {
    return super.delete(key).finally(() => {
      this.#evictions.bump(key.group);
    });
  }

  override deleteGroup(group: string, options?: { readonly ifGeneration?: Generation }): Promise<Evicted> {
    return super.deleteGroup(group, options).finally(() => {
      this.#evictions.bump(group);
    });
  }

  override clear(kind?: Kind, options?: ClearOptions): Promise<Evicted> {
    return super.clear(kind, options).finally(() => {
      this.#evictions.bumpAll();
    });
  }

  override stat(key: EntryKey): Promise<ListedEntry | undefined> {
    return this.#orElse(super.stat(key), () => undefined);
  }

  /** A store that has none to give keeps nobody from working. */
  protected override lease(leases: Leases, subject: LeaseSubject): Promise<Lease | undefined> {
    return super.lease(leases, subject).catch(noLease);
  }

  protected override async around<T>(
    operation: StoreOperation,
    call: () => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const circuit = CIRCUITS[operation];
    const breaker = circuit && this.#breakers.get(circuit);
    // What has been reserved may be committed: it is the commit that shows whether writing works again.
    if (operation !== 'commit' && breaker?.admits() === false)
      throw this.#unavailable(operation, 'it failed before and is left alone for a while');
    const outcome = call();
    try {
      const result = await this.#hurry(operation, outcome);
      // On a full disk, a reservation can still be made.
      if (operation !== 'reserve') breaker?.succeeded();
      return result;
    } catch (error) {
      outcome.then(discardLate, ignore);
      if (signal?.aborted === true || this.#isCallersFault(error)) throw error;
      breaker?.failed();
      throw isImageCacheError(error) ? error : this.#unavailable(operation, messageOf(error), error);
    }
  }

  async #hurry<T>(operation: StoreOperation, outcome: Promise<T>): Promise<T> {
    if (UNHURRIED.includes(operation) || this.#bounded.has(outcome)) return outcome;
    const { clock, timeout: lookup, writeTimeout } = this.#options;
    const timeout = AWAITED.includes(operation) ? lookup : writeTimeout;
    return withDeadline(outcome, { clock, timeout, expired: () => this.#overdue(operation, timeout) });
  }

  #overdue(operation: StoreOperation, timeout: number): Error {
    const error = this.#unavailable(operation, `no answer within ${timeout} ms`);
    this.#options.onTimeout?.(operation, error);
    return error;
  }

  #isCallersFault(error: unknown): boolean {
    if (isImageCacheError(error)) return CALLERS_FAULTS.includes(error.code);
    return isError(error) && this.#broken.has(error);
  }

  #unavailable(operation: StoreOperation, reason: string, cause?: unknown): ImageCacheError {
    return new ImageCacheError('E_IMAGE_CACHE_STORE_UNAVAILABLE', `${this.name} ${operation}: ${reason}.`, { cause });
  }

  /** Tells of the first circuit of a path that opens, and of the last one that closes. */
  #tell(changed: Circuit): void {
    const path = PATHS[changed];
    const isOpen = (circuit: Circuit): boolean => this.#breakers.get(circuit)?.isOpen === true;
    const others = [...this.#breakers.keys()].filter((circuit) => circuit !== changed && PATHS[circuit] === path);
    if (!others.some(isOpen)) this.#options.onChange(path, isOpen(changed));
  }

  async #orElse<T>(call: Promise<T>, fallback: () => T): Promise<T> {
    try {
      return await call;
    } catch (error) {
      if (this.#options.onError === 'throw') throw error;
      return fallback();
    }
  }
}

function ignore(): void {
  // the failure has been told already
}
