import { emptyReport } from '../common/step-report.js';
import type { CacheBus } from '../ports/cache-bus.js';
import type {
  CacheStore,
  ClearOptions,
  CommitBody,
  ListOptions,
  MaintainOptions,
  ReadOptions,
  Reservation,
  StepReport,
  StoreCalls,
  StoreFeatures,
  StoreStep,
} from '../ports/cache-store.js';
import type { OpenedEntry } from '../ports/opened-entry.js';
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
  Touch,
  Usage,
} from '../ports/entry.js';
import type { Lease, Leases, LeaseSubject } from '../ports/lease.js';

/** Names of the calls that go to a store. */
export type StoreOperation =
  | 'open'
  | 'read'
  | 'openFile'
  | 'generation'
  | 'reserve'
  | 'commit'
  | 'abort'
  | 'lease'
  | 'release'
  | 'touch'
  | 'stat'
  | 'delete'
  | 'deleteGroup'
  | 'clear'
  | 'usage'
  | 'maintain'
  | 'ping'
  | 'close';

/** A store that passes every call on to another one through `around`, that of its reservations and leases too. */
export abstract class DelegatingStore implements CacheStore {
  readonly name: string;
  readonly bus: CacheBus | undefined;
  protected readonly inner: CacheStore;

  constructor(inner: CacheStore) {
    this.inner = inner;
    this.name = inner.name;
    this.bus = inner.bus;
  }

  get images(): CacheStore['images'] {
    return this.inner.images?.bind(this.inner);
  }

  get features(): StoreFeatures {
    return this.inner.features;
  }

  get leftOut(): readonly StoreCalls[] | undefined {
    return this.inner.leftOut;
  }

  get isIndexing(): boolean | undefined {
    return this.inner.isIndexing;
  }

  get leases(): Leases | undefined {
    const { leases } = this.inner;
    return leases && { take: (subject) => this.lease(leases, subject) };
  }

  open(): Promise<void> {
    return this.around('open', async () => this.inner.open?.());
  }

  read(key: EntryKey, options?: ReadOptions): Promise<StoredEntry | NotModified | undefined> {
    return this.around('read', () => this.inner.read(key, options), options?.signal);
  }

  get openFile(): CacheStore['openFile'] {
    const { openFile } = this.inner;
    return openFile && ((key) => this.openEntry(() => openFile(key)));
  }

  generation(group: string): Promise<Generation> {
    return this.around('generation', () => this.inner.generation(group));
  }

  async reserve(key: EntryKey, options?: { readonly signal?: AbortSignal }): Promise<Reservation> {
    const reservation = await this.around('reserve', () => this.inner.reserve(key, options), options?.signal);
    return {
      generation: reservation.generation,
      file: reservation.file,
      commit: (body: CommitBody, meta: NewEntryMeta) => this.commit(reservation, body, meta),
      abort: () => this.around('abort', () => reservation.abort()),
    };
  }

  touch(touches: readonly Touch[]): Promise<void> {
    return this.around('touch', () => this.inner.touch(touches));
  }

  stat(key: EntryKey): Promise<ListedEntry | undefined> {
    return this.around('stat', () => this.inner.stat(key));
  }

  delete(key: EntryKey): Promise<Evicted> {
    return this.around('delete', () => this.inner.delete(key));
  }

  deleteGroup(group: string, options?: { readonly ifGeneration?: Generation }): Promise<Evicted> {
    return this.around('deleteGroup', () => this.inner.deleteGroup(group, options));
  }

  clear(kind?: Kind, options?: ClearOptions): Promise<Evicted> {
    return this.around('clear', () => this.inner.clear(kind, options));
  }

  entries(options?: ListOptions): AsyncIterable<ListedEntry> {
    return this.inner.entries(options);
  }

  usage(kind?: Kind): Promise<Usage> {
    return this.around('usage', () => this.inner.usage(kind));
  }

  maintain(step: StoreStep, options: MaintainOptions): Promise<StepReport> {
    return this.around('maintain', async () => (await this.inner.maintain?.(step, options)) ?? emptyReport(step));
  }

  ping(): Promise<void> {
    return this.around('ping', async () => this.inner.ping?.());
  }

  close(): Promise<void> {
    return this.around('close', async () => this.inner.close?.());
  }

  protected openEntry(open: () => Promise<OpenedEntry | undefined>): Promise<OpenedEntry | undefined> {
    return this.around('openFile', open);
  }

  protected commit(reservation: Reservation, body: CommitBody, meta: NewEntryMeta): Promise<EntryMeta | 'fenced'> {
    return this.around('commit', () => reservation.commit(body, meta));
  }

  protected async lease(leases: Leases, subject: LeaseSubject): Promise<Lease | undefined> {
    const lease = await this.around('lease', () => leases.take(subject));
    return lease && { signal: lease.signal, release: () => this.around('release', () => lease.release()) };
  }

  /** Makes the call, with whatever is to happen before and after it; the signal is that of the caller. */
  protected abstract around<T>(operation: StoreOperation, call: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}
