import { LRUCache } from 'lru-cache';
import { Generations } from '../../common/generations.js';
import { parseMemorySize } from '../../common/memory-limit.js';
import { refuseUnknownKeys } from '../../common/options.js';
import { ownBuffer, resolveRange } from '../../common/streams.js';
import type { Size } from '../../common/units.js';
import { keyString } from '../../keys/entry-keys.js';
import type {
  CacheStore,
  ListOptions,
  ReadOptions,
  Reservation,
  StoreContext,
  StoreFeatures,
} from '../../ports/cache-store.js';
import type {
  EntryKey,
  EntryMeta,
  Evicted,
  Generation,
  Kind,
  ListedEntry,
  NotModified,
  StoredEntry,
  Touch,
  Usage,
} from '../../ports/entry.js';
import { BufferedReservation } from '../buffered-reservation.js';
import { countEvicted } from '../count-evicted.js';

/** Options of {@link heapStore}. */
export interface HeapStoreOptions {
  /** Target size of the bodies with their metadata. @default '128MB' */
  readonly maxSize?: Size;
}

/** A store whose size can be changed while it is in use. */
export interface ResizableStore extends CacheStore {
  /** The target size; bytes. */
  readonly maxSize: number;
  /** What it holds, with what its entries cost beside their bodies; bytes. */
  readonly bytes: number;
  /**
   * Sets the target size and evicts down to it.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when it is no size or more than the process may use
   */
  resize(maxSize: Size): void;
}

/**
 * Keeps entries in memory: the fastest store, neither shared nor persistent. When the target size is exceeded, the
 * fewest least recently used entries that bring it back go (Galia Guide 1.0, Caching: HeapCache).
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when the size is no size or more than the process may use
 */
export function heapStore(options: HeapStoreOptions = {}): (context: StoreContext) => ResizableStore {
  refuseUnknownKeys(options, ['maxSize'], 'heapStore');
  const maxSize = parseMemorySize(options.maxSize ?? '128MB', 'heapStore.maxSize');
  return (context) => new HeapStore(maxSize, context);
}

/** What an entry costs beside its body: key, metadata and the bookkeeping of the map; bytes. */
const OVERHEAD = 1024;

interface Held {
  readonly key: EntryKey;
  readonly meta: EntryMeta;
  readonly body: Buffer;
  lastAccess: number;
  hits: number;
}

const FEATURES: StoreFeatures = {
  shared: false,
  persistent: false,
  bounded: true,
  hits: true,
  enumerable: true,
  orderedByAccess: true,
};

class HeapStore implements ResizableStore {
  readonly name = 'HeapCache';
  readonly #context: Pick<StoreContext, 'clock' | 'pruned'>;
  readonly #generations = new Generations();
  readonly #groups = new Map<string, Set<string>>();
  readonly #entries: LRUCache<string, Held>;
  #maxSize: number;

  constructor(maxSize: number, context: Pick<StoreContext, 'clock' | 'pruned'>) {
    this.#maxSize = maxSize;
    this.#context = context;
    this.#entries = new LRUCache({
      // lru-cache cannot change its size; it keeps the order and the sum, #shrink keeps the target.
      maxSize: Number.MAX_SAFE_INTEGER,
      sizeCalculation: ({ body }) => body.byteLength + OVERHEAD,
      dispose: (_, id, reason) => {
        if (reason !== 'set') this.#forget(id);
      },
    });
  }

  get features(): StoreFeatures {
    return { ...FEATURES, bounds: { maxSize: this.#maxSize } };
  }

  get maxSize(): number {
    return this.#maxSize;
  }

  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  resize(maxSize: Size): void {
    this.#maxSize = parseMemorySize(maxSize, 'heapStore.maxSize');
    this.#shrink();
  }

  read(key: EntryKey, { range, ifNoneMatch }: ReadOptions = {}): Promise<StoredEntry | NotModified | undefined> {
    const held = this.#entries.get(keyString(key));
    if (held === undefined) return Promise.resolve(undefined);
    const { meta, lastAccess, hits, body } = held;
    if (ifNoneMatch?.includes(meta.digest) === true) return Promise.resolve({ notModified: true, meta, lastAccess });
    const bytes = range && resolveRange(range, meta.size);
    const entry = { meta, lastAccess, hits };
    return Promise.resolve(
      bytes ? { ...entry, range: bytes, body: body.subarray(bytes.start, bytes.end + 1) } : { ...entry, body },
    );
  }

  generation(group: string): Promise<Generation> {
    return Promise.resolve(this.#generations.of(group));
  }

  reserve(key: EntryKey): Promise<Reservation> {
    const generation = this.#generations.of(key.group);
    return Promise.resolve(
      new BufferedReservation({
        generation,
        limit: this.#maxSize - OVERHEAD,
        clock: this.#context.clock,
        publish: ({ meta, body, lastAccess }) => {
          if (this.#generations.of(key.group) !== generation) return false;
          this.#publish({ key, meta, body: ownBuffer(body), lastAccess, hits: 0 });
          return true;
        },
      }),
    );
  }

  touch(touches: readonly Touch[]): Promise<void> {
    for (const { key, at, hits } of touches) {
      const held = this.#entries.get(keyString(key));
      if (held === undefined) continue;
      held.lastAccess = Math.max(held.lastAccess, at);
      held.hits += hits;
    }
    return Promise.resolve();
  }

  stat(key: EntryKey): Promise<ListedEntry | undefined> {
    const held = this.#entries.peek(keyString(key));
    return Promise.resolve(held && listed(held));
  }

  delete(key: EntryKey): Promise<Evicted> {
    this.#generations.bump(key.group);
    return Promise.resolve(this.#remove([keyString(key)]));
  }

  deleteGroup(group: string, { ifGeneration }: { readonly ifGeneration?: Generation } = {}): Promise<Evicted> {
    if (ifGeneration !== undefined && ifGeneration !== this.#generations.of(group))
      return Promise.resolve(this.#remove([]));
    this.#generations.bump(group);
    return Promise.resolve(this.#remove([...(this.#groups.get(group) ?? [])]));
  }

  clear(kind?: Kind): Promise<Evicted> {
    this.#generations.bumpAll();
    const ids = [...this.#entries.entries()].filter(([, { key }]) => (kind ?? key.kind) === key.kind).map(([id]) => id);
    return Promise.resolve(this.#remove(ids));
  }

  /** Works on the entries that are there when it begins. */
  async *entries({ kind, group, after, order = 'id', signal }: ListOptions = {}): AsyncGenerator<ListedEntry> {
    const ids = group === undefined ? this.#entries.keys() : (this.#groups.get(group) ?? []);
    const held = [...ids].flatMap((id) => this.#entries.peek(id) ?? []);
    const all = held.filter(({ key }) => (kind ?? key.kind) === key.kind);
    const cursorOf = order === 'id' ? ({ key }: Held): string => keyString(key) : accessCursor;
    const sorted = all.map((held) => ({ held, cursor: cursorOf(held) })).sort((a, b) => (a.cursor < b.cursor ? -1 : 1));
    for (const { held, cursor } of sorted) {
      signal?.throwIfAborted();
      if (after === undefined || cursor > after) yield await Promise.resolve({ ...listed(held), cursor });
    }
  }

  usage(kind?: Kind): Promise<Usage> {
    const held = [...this.#entries.values()].filter(({ key }) => (kind ?? key.kind) === key.kind);
    return Promise.resolve({ entries: held.length, bytes: held.reduce((sum, { meta }) => sum + meta.size, 0) });
  }

  close(): Promise<void> {
    this.#entries.clear();
    return Promise.resolve();
  }

  #publish(held: Held): void {
    const id = keyString(held.key);
    this.#entries.set(id, held);
    const group = this.#groups.get(held.key.group) ?? new Set();
    this.#groups.set(held.key.group, group.add(id));
    this.#shrink();
  }

  #shrink(): void {
    const gone: Held[] = [];
    while (this.#entries.calculatedSize > this.#maxSize) gone.push(this.#entries.pop() as Held);
    if (gone.length > 0) this.#context.pruned?.(countEvicted(gone.map(goneOf)));
  }

  #remove(ids: readonly string[]): Evicted {
    const held = ids.map((id) => this.#entries.peek(id)).filter((each) => each !== undefined);
    for (const id of ids) this.#entries.delete(id);
    return countEvicted(held.map(goneOf));
  }

  #forget(id: string): void {
    const [, group = ''] = id.split('/');
    const ids = this.#groups.get(group);
    ids?.delete(id);
    if (ids?.size === 0) this.#groups.delete(group);
  }
}

function goneOf({ key, body }: Held): { readonly kind: Kind; readonly bytes: number } {
  return { kind: key.kind, bytes: body.byteLength + OVERHEAD };
}

function accessCursor({ key, lastAccess }: Held): string {
  return `${String(lastAccess).padStart(15, '0')}/${keyString(key)}`;
}

function listed({ key, meta, lastAccess, hits }: Held): ListedEntry {
  return { key, meta, lastAccess, hits, cursor: keyString(key) };
}
