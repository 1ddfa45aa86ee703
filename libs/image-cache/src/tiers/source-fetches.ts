import { LRUCache } from 'lru-cache';
import { Readable } from 'node:stream';
import type { Admission, Priority } from '../common/admission.js';
import { ImageCacheError, isDeterministic, isImageCacheError, statusOf } from '../common/errors.js';
import { LinkedController } from '../common/linked-controller.js';
import { News } from '../common/news.js';
import { takeOver, tellBreak, toBuffer } from '../common/streams.js';
import { keyString } from '../keys/entry-keys.js';
import type { CacheStore, OnGrowth, Reservation } from '../ports/cache-store.js';
import type { EntryKey } from '../ports/entry.js';
import type { FetchedOriginal, RemoteSource } from '../ports/remote-source.js';
import type { ReadableOriginal } from '../ports/opened-entry.js';
import { GrowingOriginal } from './growing-original.js';
import { overdue } from './info-reading.js';
import type { Filling, SharedFillsOptions } from './shared-fills.js';
import { SharedFlights } from './shared-flights.js';
import type { ImageEvictor } from './image-evictor.js';
import { commitToStore } from './store-commit.js';

/** What {@link SourceFetches} depend on. */
export interface SourceFetchesOptions extends Omit<SharedFillsOptions, 'tier' | 'store'> {
  readonly remote: RemoteSource;
  /** One that keeps files. */
  readonly store: CacheStore;
  readonly evictor: ImageEvictor;
  /** How many are fetched at a time. */
  readonly admission: Admission;
  /** Aborted when the cache closes and does not wait any longer. */
  readonly closing: AbortSignal;
  /** Told of every original that has been written whole. */
  readonly onKept: (key: EntryKey, kept: { readonly createdAt: number }) => void;
}

/** How an original is asked for. */
export interface FetchRequest {
  /** Ends the wait; a fetch that has begun goes on. */
  readonly signal?: AbortSignal;
  /** @default 'interactive' */
  readonly priority?: Priority;
}

/** What came of a fetch: an entry, nothing since it was evicted meanwhile, or an original that cannot be kept. */
export interface FetchOutcome {
  readonly kind: 'kept' | 'there' | 'fenced' | 'unkept';
}

/** A fetch that goes on, and what can be read of it. */
export interface Begun<T = ReadableOriginal> {
  readonly kind: 'begun';
  readonly original: T;
}

type Fetching = Filling & FetchOutcome;

/** An original on its way. */
interface FetchOrder {
  /** That of the flight. */
  readonly name: string;
  readonly identifier: string;
  readonly key: EntryKey;
}

/** Originals that could not be kept, of which so many are remembered … */
const REMEMBERED = 1000;

/** … for so many milliseconds: they go past the store at once. */
const UNKEPT_FOR = 60_000;

/** Fetches originals into their store, each once for all who want it. */
export class SourceFetches {
  readonly #options: SourceFetchesOptions;
  readonly #flights: SharedFlights<Fetching>;
  /** By the names of their flights. */
  readonly #growing = new Map<string, GrowingOriginal>();
  readonly #news = new News();
  readonly #unkept = new LRUCache<string, number>({ max: REMEMBERED });

  constructor(options: SourceFetchesOptions) {
    this.#options = options;
    this.#flights = new SharedFlights({ ...options, tier: 'source' });
  }

  /**
   * Fetches an original that is not there.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_NOT_FOUND`, `E_IMAGE_CACHE_SOURCE_UNAVAILABLE`, or what the source threw
   */
  async run(identifier: string, key: EntryKey, request: FetchRequest): Promise<FetchOutcome> {
    return this.#join(await this.#order(identifier, key), request);
  }

  /**
   * As {@link run}, but ends when the beginning of the original can be read, in the process that fetches it.
   *
   * @throws as {@link run}
   */
  async begin(identifier: string, key: EntryKey, request: FetchRequest): Promise<FetchOutcome | Begun> {
    const order = await this.#order(identifier, key);
    const outcome = this.#join(order, request);
    const flight = { hasLanded: false };
    const end = (): void => {
      flight.hasLanded = true;
      this.#news.tell();
    };
    outcome.then(end, end);
    while (!flight.hasLanded && !this.#growing.has(order.name)) await this.#news.next();
    const original = await this.#growing.get(order.name)?.open();
    return original === undefined ? outcome : { kind: 'begun', original };
  }

  /** Waits until nothing is being fetched. */
  settled(): Promise<void> {
    return this.#flights.settled();
  }

  /** The generations are part of the name: who comes after an eviction never joins an older fetch. */
  async #order(identifier: string, key: EntryKey): Promise<FetchOrder> {
    const { own, stores } = await this.#options.evictor.generations(identifier);
    return { name: [keyString(key), own, ...stores].join('/'), identifier, key };
  }

  async #join(order: FetchOrder, { signal, priority }: FetchRequest): Promise<FetchOutcome> {
    const { store, clock } = this.#options;
    const { key } = order;
    if (clock.now() < (this.#unkept.get(key.group) ?? 0)) return { kind: 'unkept' };
    const isThere = async (): Promise<boolean> => (await store.stat(key)) !== undefined;
    const find = async (): Promise<FetchOutcome | undefined> => ((await isThere()) ? { kind: 'there' } : undefined);
    const wait = { clock, timeout: 0, expired: overdue, signal, ...(priority && { priority }) };
    const landed = await this.#flights.join({ ...order, make: () => this.#fetch(order), isThere, find }, wait);
    return 'found' in landed ? landed.found : landed.value;
  }

  /** Behind a reservation that is taken before the source is asked: an eviction that comes meanwhile ends it. */
  async #fetch(order: FetchOrder): Promise<Fetching> {
    const reservation = await this.#reserve(order);
    if (reservation === undefined) return this.#giveUpOn(order.key);
    try {
      return await LinkedController.during([this.#options.closing], async (signal) =>
        this.#keep(await this.#ask(order.identifier, signal), { ...order, reservation }),
      );
    } catch (error) {
      await reservation.abort().catch(() => undefined);
      throw error;
    }
  }

  async #ask(identifier: string, signal: AbortSignal): Promise<FetchedOriginal> {
    const { remote, evictor } = this.#options;
    const fetched = await remote.fetch(identifier, { signal }).catch((error: unknown) => {
      throw this.#told(identifier, error);
    });
    if (fetched.status === 'found') return fetched;
    if (fetched.status === 'missing') await evictor.refuseAbsent(identifier, { status: 'missing' });
    throw this.#told(
      identifier,
      new Error(`${remote.name} says that ${identifier} is as before, and it is not there.`),
    );
  }

  async #keep(
    { body, size, stamp, contentType }: FetchedOriginal,
    order: FetchOrder & { readonly reservation: Reservation },
  ): Promise<Fetching> {
    const { clock, events, closing, background } = this.#options;
    const { identifier, key, reservation } = order;
    const started = clock.now();
    const description = { identifier, contentType, createdAt: started, source: stamp };
    const growing = size === undefined ? undefined : new GrowingOriginal({ ...description, size }, background);
    const giveUp = (): void => growing?.end(closing.reason);
    closing.addEventListener('abort', giveUp, { once: true });
    const meter = { bytes: 0 };
    let broken: unknown;
    let failure: unknown;
    const write = {
      tier: 'source',
      reservation,
      body: {
        body: tellBreak(counted(body, meter), (error) => (broken = error)),
        ...(growing && { onGrowth: this.#offer(order, growing) }),
      },
      meta: { ...description, ...(size !== undefined && { announcedLength: size }) },
      onFailure: (error: unknown) => (failure = error),
    } as const;
    const isKept = await commitToStore(write, events);
    // A store that has no room for it does not read it, and its connection would stay open.
    body.destroy();
    this.#growing.delete(order.name);
    closing.removeEventListener('abort', giveUp);
    growing?.end(broken ?? failure);
    events.emit('fetched', { identifier, bytes: meter.bytes, duration: clock.now() - started });
    if (isKept) {
      this.#options.onKept(key, description);
      return { kind: 'kept', written: Promise.resolve(true) };
    }
    const isSourcesFault = broken !== undefined || isImageCacheError(failure, 'E_IMAGE_CACHE_LENGTH_MISMATCH');
    if (isSourcesFault) throw this.#told(identifier, broken ?? failure);
    return failure === undefined ? { kind: 'fenced', written: Promise.resolve(false) } : this.#giveUpOn(key);
  }

  /** Who reads it is told how far it has come; from its beginning on, it can be read. */
  #offer({ name }: FetchOrder, growing: GrowingOriginal): OnGrowth {
    return (file, bytes) => {
      growing.grow(file, bytes);
      // A store that was given up may still be writing.
      if (growing.isOver || this.#growing.has(name)) return;
      this.#growing.set(name, growing);
      this.#news.tell();
    };
  }

  /** It is read past the store for a while; a store that has room again is tried again. */
  #giveUpOn({ group }: EntryKey): Fetching {
    this.#unkept.set(group, this.#options.clock.now() + UNKEPT_FOR);
    return { kind: 'unkept', written: Promise.resolve(false) };
  }

  async #reserve({ identifier, key }: FetchOrder): Promise<Reservation | undefined> {
    const { store, events } = this.#options;
    try {
      return await store.reserve(key);
    } catch (error) {
      events.emit('not-stored', { tier: 'source', identifier, reason: 'no-reservation', error });
      return undefined;
    }
  }

  /** What the source says of the image itself is its own; anything else is that it cannot tell now. */
  #told(identifier: string, error: unknown): unknown {
    if (isDeterministic(error)) return error;
    this.#options.events.emit('source-unavailable', { identifier, error });
    if (statusOf(error) !== undefined) return error;
    const message = `The original of ${identifier} could not be fetched.`;
    return new ImageCacheError('E_IMAGE_CACHE_SOURCE_UNAVAILABLE', message, { cause: error });
  }
}

/** Counts bytes as they come. */
function counted(body: Readable, meter: { bytes: number }): Readable {
  const taken = takeOver(body);
  const chunks = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of taken) {
      const bytes = toBuffer(chunk);
      meter.bytes += bytes.byteLength;
      yield bytes;
    }
  };
  return Readable.from(chunks(), { objectMode: false });
}
