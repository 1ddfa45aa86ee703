import { evictFrom } from '../common/evictions.js';
import { Generations } from '../common/generations.js';
import { emptyReport } from '../common/step-report.js';
import { keyString } from '../keys/entry-keys.js';
import type { CacheBus, Eviction } from '../ports/cache-bus.js';
import type {
  CacheStore,
  ClearOptions,
  ListOptions,
  MaintainOptions,
  ReadOptions,
  Reservation,
  StepReport,
  StoreCalls,
  StoreFeatures,
  StoreStep,
} from '../ports/cache-store.js';
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
import { keep, TieredReservation } from './tiered-reservation.js';

/**
 * A small fast store in front of a large durable one. What is read below is kept above; both learn of every access and
 * of every eviction, the durable store first: who fills the upper store from what was read below is fenced by the upper
 * store's own eviction. The upper store belongs to this one alone, and is in memory: it has evicted when the call returns.
 */
export class TieredStore implements CacheStore {
  readonly name: string;
  readonly bus: CacheBus | undefined;
  readonly #hot: CacheStore;
  readonly #durable: CacheStore;
  /** Of images: what was evicted here. */
  readonly #evictions = new Generations();
  /** Reads below that may fill the upper store, one of each entry; a commit of the entry ends the right to do so. */
  readonly #fills = new Map<string, symbol>();
  readonly #conditional = new Map<string, Promise<Evicted>>();

  /** @param onDropped told what went from the upper store because others have evicted it from the durable one */
  constructor(hot: CacheStore, durable: CacheStore, onDropped?: (evicted: Evicted) => void) {
    this.#hot = hot;
    this.#durable = durable;
    this.bus = durable.bus;
    // The durable store has ended its generation by now, and the upper store ends the fences of those who fill it.
    this.bus?.subscribe((eviction: Eviction) => void evictFrom(hot, eviction).then(onDropped));
    this.name = `${hot.name} + ${durable.name}`;
  }

  get images(): CacheStore['images'] {
    return this.#durable.images?.bind(this.#durable);
  }

  get leftOut(): readonly StoreCalls[] | undefined {
    return this.#durable.leftOut;
  }

  get isIndexing(): boolean | undefined {
    return this.#durable.isIndexing;
  }

  get leases(): Leases | undefined {
    return this.#durable.leases;
  }

  get features(): StoreFeatures {
    return this.#durable.features;
  }

  async open(): Promise<void> {
    await this.#hot.open?.();
    await this.#durable.open?.();
  }

  async read(key: EntryKey, options: ReadOptions = {}): Promise<StoredEntry | NotModified | undefined> {
    const held = await this.#hot.read(key, options);
    if (held !== undefined) return held;
    const fence = await this.#hot.reserve(key);
    const id = keyString(key);
    const fill = Symbol(id);
    this.#fills.set(id, fill);
    try {
      const before = await this.#durable.generation(key.group);
      const found = await this.#durable.read(key, options);
      if (isWholeBuffer(found) && (await this.#durable.generation(key.group)) === before) {
        if (this.#fills.get(id) === fill)
          await keep(fence, found.body, { ...found.meta, lastAccess: found.lastAccess });
      }
      return found;
    } finally {
      if (this.#fills.get(id) === fill) this.#fills.delete(id);
      await fence.abort();
    }
  }

  async generation(group: string): Promise<Generation> {
    return `${await this.#durable.generation(group)}/${this.#evictions.of(group)}`;
  }

  async reserve(key: EntryKey, options?: { readonly signal?: AbortSignal }): Promise<Reservation> {
    const generation = await this.generation(key.group);
    const hot = await this.#hot.reserve(key, options);
    const durable = await this.#durable.reserve(key, options);
    const onCommit = (): void => {
      this.#fills.delete(keyString(key));
    };
    return new TieredReservation({ generation, hot, durable, onCommit, drop: () => this.#hot.delete(key) });
  }

  async touch(touches: readonly Touch[]): Promise<void> {
    await this.#hot.touch(touches);
    await this.#durable.touch(touches);
  }

  /** The durable store's entry; its last access may be known above only. */
  async stat(key: EntryKey): Promise<ListedEntry | undefined> {
    const [below, above] = await Promise.all([this.#durable.stat(key), this.#hot.stat(key)]);
    return below && above ? { ...below, lastAccess: Math.max(below.lastAccess, above.lastAccess) } : below;
  }

  async delete(key: EntryKey): Promise<Evicted> {
    try {
      return await this.#evict((store) => store.delete(key));
    } finally {
      this.#evictions.bump(key.group);
    }
  }

  /** Of several that ask for it in one generation, one evicts the image and the others wait for that. */
  async deleteGroup(group: string, { ifGeneration }: { readonly ifGeneration?: Generation } = {}): Promise<Evicted> {
    if (ifGeneration === undefined) return this.#evictImage(group);
    if ((await this.generation(group)) !== ifGeneration) return NOTHING;
    const underWay = this.#conditional.get(group);
    if (underWay !== undefined) return underWay.then(() => NOTHING);
    const below = ifGeneration.slice(0, ifGeneration.lastIndexOf('/'));
    const eviction = this.#evictImage(group, below).finally(() => this.#conditional.delete(group));
    this.#conditional.set(group, eviction);
    return eviction;
  }

  async clear(kind?: Kind, options?: ClearOptions): Promise<Evicted> {
    try {
      return await this.#evict((store) => store.clear(kind, options));
    } finally {
      this.#evictions.bumpAll();
    }
  }

  entries(options?: ListOptions): AsyncIterable<ListedEntry> {
    return this.#durable.entries(options);
  }

  usage(kind?: Kind): Promise<Usage> {
    return this.#durable.usage(kind);
  }

  async maintain(step: StoreStep, options: MaintainOptions): Promise<StepReport> {
    return (await this.#durable.maintain?.(step, options)) ?? emptyReport(step);
  }

  async ping(): Promise<void> {
    await this.#durable.ping?.();
  }

  async close(): Promise<void> {
    await this.#hot.close?.();
    await this.#durable.close?.();
  }

  async #evictImage(group: string, ifGeneration?: Generation): Promise<Evicted> {
    try {
      return await this.#evict((store) =>
        store.deleteGroup(group, store === this.#durable && ifGeneration !== undefined ? { ifGeneration } : {}),
      );
    } finally {
      this.#evictions.bump(group);
    }
  }

  /** What cannot be evicted below must not go on being served from above. */
  async #evict(evict: (store: CacheStore) => Promise<Evicted>): Promise<Evicted> {
    try {
      return await evict(this.#durable);
    } finally {
      await evict(this.#hot);
    }
  }
}

const NOTHING: Evicted = { infos: 0, variants: 0, sources: 0, bytes: 0 };

function isWholeBuffer(found: StoredEntry | NotModified | undefined): found is StoredEntry & { readonly body: Buffer } {
  return found !== undefined && !('notModified' in found) && found.range === undefined && Buffer.isBuffer(found.body);
}
