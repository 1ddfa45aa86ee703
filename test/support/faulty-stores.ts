import type {
  CacheStore,
  Clock,
  EntryKey,
  Evicted,
  Lease,
  ListedEntry,
  ListOptions,
  ReadOptions,
  Reservation,
  StepReport,
  StoreFeatures,
  StoreStep,
} from 'nestjs-image-cache';
import { ChaosStore } from 'nestjs-image-cache/testing';
import { FakeBus } from './fake-bus.js';
import { MemoryLeases, withLeases } from './leases.js';

/** A store over another one that does one thing wrong. */
export type Faulty = new (...args: ConstructorParameters<typeof ChaosStore>) => CacheStore;

const NOTHING: Evicted = { infos: 0, variants: 0, sources: 0, bytes: 0 };

export class NeverEvicting extends ChaosStore {
  override deleteGroup(): Promise<Evicted> {
    return Promise.resolve(NOTHING);
  }
}

export class EvictingInAnyGeneration extends ChaosStore {
  override deleteGroup(group: string): Promise<Evicted> {
    return super.deleteGroup(group);
  }
}

export class EvictingTooMuch extends ChaosStore {
  override deleteGroup(): Promise<Evicted> {
    return this.clear();
  }
}

export class NeverFencing extends ChaosStore {
  override async reserve(key: EntryKey): Promise<Reservation> {
    const commit: Reservation['commit'] = async (body, meta) => (await super.reserve(key)).commit(body, meta);
    return { generation: await this.generation(key.group), commit, abort: () => Promise.resolve() };
  }
}

export class ListingBackwards extends ChaosStore {
  override async *entries(options?: ListOptions): AsyncGenerator<ListedEntry> {
    const all: ListedEntry[] = [];
    for await (const entry of super.entries(options)) all.push(entry);
    yield* all.reverse();
  }
}

export class LosingAccesses extends ChaosStore {
  override touch(): Promise<void> {
    return Promise.resolve();
  }
}

export class AlwaysSendingBodies extends ChaosStore {
  override read(key: EntryKey): ReturnType<CacheStore['read']> {
    return super.read(key);
  }
}

export class LeasingToAll extends ChaosStore {
  constructor(inner: CacheStore, clock: Clock) {
    const lease: Lease = { signal: new AbortController().signal, release: () => Promise.resolve() };
    super(withLeases(inner, { take: () => Promise.resolve(lease) }), clock);
  }
}

export class LeasingBeyondEvictions extends ChaosStore {
  constructor(inner: CacheStore, clock: Clock) {
    super(withLeases(inner, new MemoryLeases()), clock);
  }
}

export class LosingAccessesOfCopies extends ChaosStore {
  override async reserve(key: EntryKey): Promise<Reservation> {
    const reservation = await super.reserve(key);
    const commit: Reservation['commit'] = (body, meta) =>
      reservation.commit(body, { ...meta, lastAccess: meta.createdAt });
    return { ...reservation, commit };
  }
}

export class RefusingStreams extends ChaosStore {
  override async reserve(key: EntryKey): Promise<Reservation> {
    const reservation = await super.reserve(key);
    const commit: Reservation['commit'] = (source, meta) =>
      'body' in source && Buffer.isBuffer(source.body)
        ? reservation.commit(source, meta)
        : Promise.reject(new Error('Only Buffers'));
    return { ...reservation, commit };
  }
}

export class HalvingBodies extends ChaosStore {
  override async read(key: EntryKey, options?: ReadOptions): ReturnType<CacheStore['read']> {
    const found = await super.read(key, options);
    if (found === undefined || 'notModified' in found || !Buffer.isBuffer(found.body)) return found;
    return { ...found, body: found.body.subarray(found.body.byteLength / 2) };
  }
}

export class ListingFromTheStart extends ChaosStore {
  override entries(options: ListOptions = {}): AsyncGenerator<ListedEntry> {
    return super.entries({ ...options, after: '' });
  }
}

export class ListingAllImages extends ChaosStore {
  override entries(options: ListOptions = {}): AsyncGenerator<ListedEntry> {
    return super.entries(Object.fromEntries(Object.entries(options).filter(([option]) => option !== 'group')));
  }
}

export class Shared extends ChaosStore {
  override get features(): StoreFeatures {
    return { ...super.features, shared: true, persistent: true };
  }
}

export class Deaf extends ChaosStore {
  override readonly bus = new FakeBus();
}

export class SweepingAll extends ChaosStore {
  override get features(): StoreFeatures {
    return { ...super.features, steps: ['abandoned'] };
  }

  override async maintain(step: StoreStep): Promise<StepReport> {
    await this.clear();
    return { step, examined: 0, removed: 0, bytes: 0, failed: 0, duration: 0 };
  }
}
