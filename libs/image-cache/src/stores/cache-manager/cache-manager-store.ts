import { ImageCacheError } from '../../common/errors.js';
import { resolveRange } from '../../common/streams.js';
import { keyString } from '../../keys/entry-keys.js';
import type {
  CacheStore,
  ReadOptions,
  Reservation,
  StoreContext,
  StoreFactory,
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
import { BufferedReservation, type BufferedEntry } from '../buffered-reservation.js';
import {
  resolveCacheManagerOptions,
  type CacheManagerSettings,
  type CacheManagerStoreOptions,
} from './cache-manager-options.js';
import { disconnectFrom } from './key-value-cache.js';
import { decodeAccess, decodeValue, encodeValue } from './key-value-codec.js';
import { accessOf, addressOf, KeyValueGenerations, KINDS, type Epoch } from './key-value-generations.js';
import { KeyValueRecords } from './key-value-records.js';
import { countEvicted } from '../count-evicted.js';

/**
 * Keeps infos, and small variants, in a cache that an application has anyway. What it cannot do: list its entries, so
 * that they go by the cache's own time to live and not by the worker; count what an eviction took away, but for that of
 * a single entry. An eviction is as durable as the cache: a server that comes back with an older state has lost it.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when an option is wrong, or when evictions of the cache would not hold
 */
export function cacheManagerStore(options: CacheManagerStoreOptions): StoreFactory {
  const settings = resolveCacheManagerOptions(options);
  return (context) => new CacheManagerStore(settings, context);
}

/** Entries whose accesses are recorded at a time. */
const CONCURRENCY = 16;

interface Found {
  readonly meta: EntryMeta;
  readonly body: Buffer;
  readonly lastAccess: number;
  readonly hits: number;
}

interface Publication {
  readonly key: EntryKey;
  readonly epoch: Epoch;
  readonly entry: BufferedEntry;
}

class CacheManagerStore implements CacheStore {
  readonly name = 'CacheManager';
  /** What kind of cache it is cannot be seen: it is treated as what it is for. */
  readonly features: StoreFeatures = {
    shared: true,
    persistent: true,
    bounded: false,
    hits: true,
    enumerable: false,
    orderedByAccess: false,
  };
  readonly #settings: CacheManagerSettings;
  readonly #context: StoreContext;
  readonly #records: KeyValueRecords;
  readonly #generations: KeyValueGenerations;
  /** Conditional evictions that are under way. */
  readonly #conditional = new Map<string, Promise<boolean>>();

  constructor(settings: CacheManagerSettings, context: StoreContext) {
    this.#settings = settings;
    this.#context = context;
    const onDamage = this.#reportDamage.bind(this);
    this.#records = new KeyValueRecords({ ...settings, onDamage });
    // An entry that is written in the first half of its group's generation has its time to live in full.
    this.#generations = new KeyValueGenerations(this.#records, 2 * settings.ttl);
  }

  async read(key: EntryKey, { range, ifNoneMatch }: ReadOptions = {}): Promise<StoredEntry | NotModified | undefined> {
    const found = await this.#find(key);
    if (found === undefined) return undefined;
    const { meta, body, lastAccess, hits } = found;
    if (ifNoneMatch?.includes(meta.digest) === true) return { notModified: true, meta, lastAccess };
    const bytes = range && resolveRange(range, meta.size);
    const entry = { meta, lastAccess, hits };
    return bytes ? { ...entry, range: bytes, body: body.subarray(bytes.start, bytes.end + 1) } : { ...entry, body };
  }

  generation(group: string): Promise<Generation> {
    return this.#generations.of(group);
  }

  async reserve(key: EntryKey): Promise<Reservation> {
    const epoch = await this.#generations.open(key);
    return new BufferedReservation({
      generation: await this.#generations.of(key.group, { [key.kind]: epoch.kind, [key.group]: epoch.group }),
      limit: this.#settings.limit,
      clock: this.#context.clock,
      publish: (entry) => this.#publish({ key, epoch, entry }),
      onUnused: () => {
        this.#generations.release(key, epoch);
      },
    });
  }

  async touch(touches: readonly Touch[]): Promise<void> {
    const queue = [...touches];
    const work = async (): Promise<void> => {
      for (let touch = queue.shift(); touch !== undefined; touch = queue.shift()) await this.#touch(touch);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
  }

  async stat(key: EntryKey): Promise<ListedEntry | undefined> {
    const found = await this.#find(key);
    if (found === undefined) return undefined;
    const { meta, lastAccess, hits } = found;
    return { key, meta, lastAccess, hits, cursor: keyString(key) };
  }

  async delete(key: EntryKey): Promise<Evicted> {
    const epoch = await this.#generations.find(key);
    const found = epoch && (await this.#find(key, epoch));
    await this.#generations.endEntry(key);
    if (epoch !== undefined) await this.#remove(addressOf(key, epoch));
    return countEvicted(found === undefined ? [] : [{ kind: key.kind, bytes: found.meta.size }]);
  }

  /** Of several that ask for it in one generation, one evicts the image and the others wait for that. */
  async deleteGroup(group: string, { ifGeneration }: { readonly ifGeneration?: Generation } = {}): Promise<Evicted> {
    if (ifGeneration === undefined) {
      await this.#generations.end(group);
      return NOTHING;
    }
    const id = `${group} ${ifGeneration}`;
    const eviction = this.#conditional.get(id) ?? this.#deleteGroupIn(ifGeneration, group);
    this.#conditional.set(id, eviction);
    await eviction.finally(() => this.#conditional.delete(id));
    return NOTHING;
  }

  async clear(kind?: Kind): Promise<Evicted> {
    for (const each of kind === undefined ? KINDS : [kind]) await this.#generations.end(each);
    return NOTHING;
  }

  entries(): AsyncIterable<ListedEntry> {
    const next = (): Promise<never> => Promise.reject(this.#unsupported('list its entries'));
    return { [Symbol.asyncIterator]: () => ({ next }) };
  }

  usage(): Promise<Usage> {
    return Promise.reject(this.#unsupported('count its entries'));
  }

  /** Many caches connect with their first call: that is better not a request's. Nobody waits for one that is down. */
  open(): Promise<void> {
    this.ping().catch(ignore);
    return Promise.resolve();
  }

  async close(): Promise<void> {
    if (this.#settings.disconnect) await disconnectFrom(this.#settings.cache, this.#context);
  }

  async ping(): Promise<void> {
    await this.#records.get('ping');
  }

  async #find(key: EntryKey, known?: Epoch): Promise<Found | undefined> {
    const epoch = known ?? (await this.#generations.find(key));
    if (epoch === undefined) return undefined;
    const address = addressOf(key, epoch);
    const [value, access] = await Promise.all([this.#records.get(address), this.#records.get(accessOf(address))]);
    if (value === undefined) return undefined;
    const held = decodeValue(value);
    if (held === undefined) {
      this.#reportDamage(address);
      return undefined;
    }
    const { at: lastAccess, hits } = decodeAccess(access) ?? { at: held.meta.createdAt, hits: 0 };
    return { ...held, lastAccess, hits };
  }

  async #publish({ key, epoch, entry }: Publication): Promise<boolean> {
    const { ttl } = this.#settings;
    if (!(await this.#generations.isCurrent(key, epoch))) return false;
    const address = addressOf(key, epoch);
    await this.#records.set(accessOf(address), { at: entry.lastAccess, hits: 0 }, ttl);
    await this.#records.set(address, encodeValue(entry.meta, entry.body), ttl);
    // The cache has no transactions: an eviction that came in between has made the address one that nobody looks at.
    let isCurrent = false;
    try {
      isCurrent = await this.#generations.isCurrent(key, epoch);
    } finally {
      if (!isCurrent) await this.#remove(address);
    }
    if (isCurrent) this.#generations.use(epoch);
    return isCurrent;
  }

  /** The cache has no transactions: of two processes that record an access at the same time, one may be lost. */
  async #touch({ key, at, hits }: Touch): Promise<void> {
    const epoch = await this.#generations.find(key);
    if (epoch === undefined) return;
    const name = accessOf(addressOf(key, epoch));
    const held = decodeAccess(await this.#records.get(name));
    if (held === undefined) return;
    await this.#records.set(name, { at: Math.max(at, held.at), hits: held.hits + hits }, this.#settings.ttl);
  }

  async #deleteGroupIn(generation: Generation, group: string): Promise<boolean> {
    const isCurrent = (await this.#generations.of(group)) === generation;
    if (isCurrent) await this.#generations.end(group);
    return isCurrent;
  }

  async #remove(address: string): Promise<void> {
    await Promise.all([this.#records.remove(address), this.#records.remove(accessOf(address))]);
  }

  #reportDamage(name: string, cause?: unknown): void {
    const message = `${name} in the cache is not what was written; it counts as absent.`;
    this.#context.report({ kind: 'unreadable', message, ...(cause !== undefined && { cause }) });
  }

  #unsupported(what: string): ImageCacheError {
    return new ImageCacheError('E_IMAGE_CACHE_UNSUPPORTED', `${this.name} cannot ${what}.`);
  }
}

const NOTHING: Evicted = { infos: 0, variants: 0, sources: 0, bytes: 0 };

function ignore(): void {
  // told to the first request that meets it
}
