import { BufferedReservation, resolveRange } from 'nestjs-image-cache';
import type * as port from 'nestjs-image-cache';

type Held = Required<port.ListedEntry> & { readonly body: Buffer };

const nameOf = ({ kind, group, id, extension }: port.EntryKey) => `${group}/${kind}/${id}.${extension}`;
const counterOf = (group: string) => Number.parseInt(group.slice(0, 4), 16);

/** Keeps what was published last, up to so many bytes of bodies: a Map knows in which order its entries came. */
class MemoryMapStore implements port.CacheStore {
  readonly name = 'MemoryMap';
  readonly features = {
    shared: false,
    persistent: false,
    bounded: true,
    hits: true,
    enumerable: true,
    orderedByAccess: true,
  };
  readonly #held = new Map<string, Held>();
  readonly #evictions = new Uint32Array(65_536); // images share counters: at worst a picture is not stored
  #clears = 0;
  #bytes = 0;

  constructor(
    readonly maxBytes: number,
    readonly clock: port.Clock,
  ) {}

  read(key: port.EntryKey, { range, ifNoneMatch = [] }: port.ReadOptions = {}) {
    const held = this.#held.get(nameOf(key));
    if (held === undefined) return Promise.resolve(undefined);
    const { meta, lastAccess, hits, body } = held;
    if (ifNoneMatch.includes(meta.digest)) return Promise.resolve({ notModified: true, meta, lastAccess } as const);
    const part = range && resolveRange(range, meta.size);
    if (part === undefined) return Promise.resolve({ meta, lastAccess, hits, body });
    return Promise.resolve({ meta, lastAccess, hits, range: part, body: body.subarray(part.start, part.end + 1) });
  }

  generation = (group: string) => Promise.resolve(this.#generationOf(group));

  reserve(key: port.EntryKey): Promise<port.Reservation> {
    const generation = this.#generationOf(key.group);
    const publish = (entry: port.BufferedEntry) => {
      // Nothing is awaited between the question and the entry, so nobody can evict in between.
      if (generation !== this.#generationOf(key.group)) return false;
      this.#publish({ ...entry, key, hits: 0, cursor: nameOf(key) });
      return true;
    };
    return Promise.resolve(new BufferedReservation({ generation, limit: this.maxBytes, clock: this.clock, publish }));
  }

  touch(touches: readonly port.Touch[]) {
    for (const { key, at, hits } of touches) {
      const held = this.#held.get(nameOf(key));
      const touched = held && { ...held, lastAccess: Math.max(held.lastAccess, at), hits: held.hits + hits };
      if (touched) this.#held.set(nameOf(key), touched);
    }
    return Promise.resolve();
  }

  stat = (key: port.EntryKey) => Promise.resolve(this.#held.get(nameOf(key)));

  delete(key: port.EntryKey) {
    this.#beginGeneration(key.group);
    return Promise.resolve(this.#remove([this.#held.get(nameOf(key))]));
  }

  deleteGroup(group: string, { ifGeneration }: { readonly ifGeneration?: port.Generation } = {}) {
    const isLate = ifGeneration !== undefined && ifGeneration !== this.#generationOf(group);
    if (!isLate) this.#beginGeneration(group);
    return Promise.resolve(this.#remove(isLate ? [] : this.#all().filter(({ key }) => key.group === group)));
  }

  clear(kind?: port.Kind) {
    this.#clears += 1;
    return Promise.resolve(this.#remove(this.#all(kind)));
  }

  async *entries({ kind, group, after = '', order, signal }: port.ListOptions = {}) {
    const timeOf = (at: number) => (order === 'lastAccess' ? String(at).padStart(16, '0') : '');
    const some = this.#all(kind).filter(({ key }) => (group ?? key.group) === key.group);
    const all = some.map((held) => ({ ...held, cursor: timeOf(held.lastAccess) + held.cursor }));
    for (const held of all.sort((one, other) => (one.cursor < other.cursor ? -1 : 1))) {
      signal?.throwIfAborted();
      if (held.cursor > after) yield await Promise.resolve(held);
    }
  }

  usage(kind?: port.Kind) {
    const sizes = this.#all(kind).map(({ meta }) => meta.size);
    return Promise.resolve({ entries: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) });
  }

  #all = (kind?: port.Kind) => [...this.#held.values()].filter(({ key }) => (kind ?? key.kind) === key.kind);
  #generationOf = (group: string) => `${this.#clears}.${this.#evictions[counterOf(group)] ?? 0}`;
  #beginGeneration = (group: string) => void Atomics.add(this.#evictions, counterOf(group), 1);

  #publish(held: Held) {
    this.#remove([this.#held.get(held.cursor)]);
    this.#held.set(held.cursor, held);
    this.#bytes += held.meta.size;
    for (const oldest of this.#held.values()) if (this.#bytes > this.maxBytes) this.#remove([oldest]);
  }

  #remove(entries: readonly (Held | undefined)[]) {
    const counts = { infos: 0, variants: 0, sources: 0, bytes: 0 };
    for (const { key, meta, cursor } of entries.filter((held) => held !== undefined)) {
      counts[`${key.kind}s`] += 1;
      counts.bytes += meta.size;
      this.#held.delete(cursor);
    }
    this.#bytes -= counts.bytes;
    return counts;
  }
}

/** `variant: { store: memoryMapStore({ maxBytes: 50_000_000 }) }` */
export function memoryMapStore({ maxBytes }: { readonly maxBytes: number }): port.StoreFactory {
  return ({ clock }) => new MemoryMapStore(maxBytes, clock);
}
