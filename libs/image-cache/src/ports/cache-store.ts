import type { Readable } from 'node:stream';
import type { CacheBus } from './cache-bus.js';
import type { Clock } from './clock.js';
import type {
  EntryKey,
  EntryMeta,
  Evicted,
  EvictedCounts,
  Generation,
  Kind,
  ListedEntry,
  NewEntryMeta,
  NotModified,
  RangeRequest,
  SourceStamp,
  StoredEntry,
  Touch,
  Usage,
} from './entry.js';
import type { Leases } from './lease.js';
import type { OpenedEntry } from './opened-entry.js';
import type { StoreCalls, StoreFeatures, StoreStep } from './store-features.js';

export type { StoreBounds, StoreCalls, StoreFeatures, StoreStep } from './store-features.js';

/** Options of {@link CacheStore.read}. */
export interface ReadOptions {
  /** The part that is asked for; of no importance where `ifNoneMatch` has the digest. */
  readonly range?: RangeRequest;
  /** Digests that the caller has already. */
  readonly ifNoneMatch?: readonly string[];
  /** Says that nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

/** Options of {@link CacheStore.entries}. */
export interface ListOptions {
  readonly kind?: Kind;
  /** Only the entries of this image; costs what they are, not what the store holds. */
  readonly group?: string;
  /** A cursor of an earlier listing in the same order. */
  readonly after?: string;
  /** By address (the default), or the least recently used first. */
  readonly order?: 'id' | 'lastAccess';
  readonly signal?: AbortSignal;
}

/** Options of {@link CacheStore.clear}. */
export interface ClearOptions {
  /**
   * Ends giving space back, not the eviction: that is out of sight at once. What is left is given back by the step
   * `trash`, and not counted by `Evicted.completed`.
   */
  readonly signal?: AbortSignal | undefined;
}

/** A body to be committed: given whole, as a stream, or already written to `reservation.file`. */
export type CommitBody =
  { readonly body: Buffer | Readable; readonly onGrowth?: OnGrowth | undefined } | { readonly file: true };

/** Told by stores that keep files, as a stream is written: the file, and how many bytes of it can be read by now. */
export type OnGrowth = (file: string, bytes: number) => void;

/**
 * The right to publish one entry, taken before the source image is read. An eviction of the entry, of its group or of
 * everything ends the right, whoever evicted: the fence that keeps an old render from coming back.
 */
export interface Reservation {
  /** The generation in which it was taken. */
  readonly generation: Generation;
  /** A path of its own that a renderer may write, on stores that keep files. */
  readonly file?: string | undefined;
  /**
   * Publishes the entry atomically, or publishes nothing: `'fenced'` when an eviction came in between, when the
   * reservation was given back, or when it was committed before. Reads a stream to its end or destroys it.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_LENGTH_MISMATCH` when the body has not the announced length, or what the
   * body or the store threw; no trace remains.
   */
  commit(body: CommitBody, meta: NewEntryMeta): Promise<EntryMeta | 'fenced'>;
  /** Gives the reservation back without publishing; harmless during and after a commit, and when it comes twice. */
  abort(): Promise<void>;
}

/** How long entries are kept. */
export interface Expiry {
  /** Milliseconds since the last access; 0 = for ever. */
  readonly idle: number;
  /** Milliseconds since the creation; 0 = for ever. */
  readonly staleness: number;
}

/** How much of the machine maintenance may take. What is left out is not limited. */
export interface MaintenanceRate {
  /** Files per second that are looked at. */
  readonly files?: number;
  /** Part of the time for which a step may be busy: above 0, up to 1. */
  readonly share?: number;
  /** Bytes per second that are read to be verified. */
  readonly bytes?: number;
}

/** How far a step of maintenance is. */
export interface StepProgress {
  readonly step: string;
  /** Things looked at. */
  readonly examined: number;
  /** Things removed. */
  readonly removed: number;
  /** Bytes given back. */
  readonly bytes: number;
}

/** How {@link CacheStore.images} goes through a store. */
export interface ImagesOptions {
  readonly signal?: AbortSignal;
  readonly rate?: MaintenanceRate;
  /** Leaves damaged files where they are. @default false */
  readonly dryRun?: boolean;
}

/** Options of {@link CacheStore.maintain}. */
export interface MaintainOptions extends ImagesOptions {
  /** An unfinished write that is older than this many milliseconds is abandoned. */
  readonly stall: number;
  /** Examines and counts, and changes nothing. @default false */
  readonly dryRun?: boolean;
  /** What the step `expired` takes away, by kind; nothing without. */
  readonly expiry?: Readonly<Record<Kind, Expiry>>;
  /** Told now and then how far the step is. */
  readonly onProgress?: (progress: StepProgress) => void;
}

/** Entries of one kind that belong to one image. */
export interface CachedImage {
  readonly identifier: string;
  /** Each with the state of the source image that it was made from, where it says so. */
  readonly entries: readonly { readonly key: EntryKey; readonly source?: SourceStamp | undefined }[];
  /** Bytes of the entries. */
  readonly bytes: number;
}

/** What one step of maintenance did. */
export interface StepReport {
  readonly step: string;
  /** Things looked at. */
  readonly examined: number;
  /** Things removed; in a dry run, those that would be. */
  readonly removed: number;
  /** Bytes given back. */
  readonly bytes: number;
  /** Things that were there and not known, or not as they are, and are known now; told by `reconcile`. */
  readonly adopted?: number | undefined;
  /** Things that could not be looked at or removed; the step went on with the rest. */
  readonly failed: number;
  /** What the first of them failed of. */
  readonly failure?: string | undefined;
  /** Why the step ended before it was through. */
  readonly stopped?: string | undefined;
  /** Milliseconds. */
  readonly duration: number;
}

/**
 * The one port under info, variant and source tier: bytes with metadata, addressed by {@link EntryKey}.
 *
 * Reads see whole entries or none. Writes are reservations that commit or leave nothing. Evictions end reservations.
 */
export interface CacheStore {
  /** Names the store in events and messages. */
  readonly name: string;
  /** Holds when it has been opened: what a store can do may depend on what it finds. */
  readonly features: StoreFeatures;
  /** Calls that are left out for a while, since they have failed; told by those who leave them out. */
  readonly leftOut?: readonly StoreCalls[] | undefined;
  /** Whether there are entries that its index may not know yet: a listing by last access is without them. */
  readonly isIndexing?: boolean | undefined;
  /**
   * Tells of evictions that others make, on a store that processes share: what they have evicted is dropped from memory
   * too. The store publishes its own evictions, and has ended the generations when it tells of others.
   */
  readonly bus?: CacheBus | undefined;
  /** There where processes that share the store can leave work to one another. */
  readonly leases?: Leases | undefined;
  /** Makes the store ready, before any other call; refuses a misconfiguration. */
  open?(): Promise<void>;
  /** Reads an entry, opening its body; `undefined` when it is absent or was found damaged. */
  read(key: EntryKey, options?: ReadOptions): Promise<StoredEntry | NotModified | undefined>;
  /** Opens the file of an entry, its body unverified, on stores that keep files; originals need it. */
  readonly openFile?: ((key: EntryKey) => Promise<OpenedEntry | undefined>) | undefined;
  /** Changes with every eviction of the group or of everything. */
  generation(group: string): Promise<Generation>;
  /** Takes the right to publish an entry; call it before the source is read. */
  reserve(key: EntryKey, options?: { readonly signal?: AbortSignal }): Promise<Reservation>;
  /** Records accesses: the later time wins, hits are added, absent keys are ignored. */
  touch(touches: readonly Touch[]): Promise<void>;
  /** Describes an entry without opening its body. */
  stat(key: EntryKey): Promise<ListedEntry | undefined>;
  /** Evicts one entry. */
  delete(key: EntryKey): Promise<Evicted>;
  /** Evicts all that belongs to an image; with `ifGeneration`, only if nobody else has evicted it since. */
  deleteGroup(group: string, options?: { readonly ifGeneration?: Generation }): Promise<Evicted>;
  /** Evicts everything, or everything of a kind. */
  clear(kind?: Kind, options?: ClearOptions): Promise<Evicted>;
  /** Lists entries. */
  entries(options?: ListOptions): AsyncIterable<ListedEntry>;
  /** Counts entries and the bytes of their bodies. */
  usage(kind?: Kind): Promise<Usage>;
  /**
   * Lists images of which something is cached, in batches, the next one when the last one has been dealt with; an image
   * may come once for each kind. For stores that have a better way than `entries`.
   */
  readonly images?: ((options?: ImagesOptions) => AsyncIterable<readonly CachedImage[]>) | undefined;
  /** Does one of the steps that `features.steps` names. */
  maintain?(step: StoreStep, options: MaintainOptions): Promise<StepReport>;
  /** Answers when the store can be used; rejects when not. Leaves no trace. */
  ping?(): Promise<void>;
  /** Finishes what is under way and gives everything back; may come twice, and while bodies are being read. */
  close?(): Promise<void>;
}

/** What the cache gives the stores that it makes. */
export interface StoreContext {
  readonly clock: Clock;
  /** Bodies up to this many bytes travel as one Buffer. */
  readonly maxBufferedEntry: number;
  /** Tells of something that the store found and dealt with, such as a damaged entry. */
  readonly report: (incident: StoreIncident) => void;
  /** Tells that entries have made room for others. */
  readonly pruned?: (gone: EvictedCounts) => void;
}

/** Something that a store found and dealt with. */
export interface StoreIncident {
  readonly kind: 'quarantined' | 'unreadable' | 'leftover' | 'unindexed' | 'full';
  readonly message: string;
  readonly cause?: unknown;
}

/** Makes a store for the cache that uses it. */
export type StoreFactory = (context: StoreContext) => CacheStore;
