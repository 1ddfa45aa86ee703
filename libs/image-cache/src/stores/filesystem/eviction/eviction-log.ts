import { randomBytes } from 'node:crypto';
import { ImageCacheError, messageOf } from '../../../common/errors.js';
import { endGenerations } from '../../../common/evictions.js';
import type { Generations } from '../../../common/generations.js';
import { repeat } from '../../../common/repeat.js';
import type { CacheBus, Eviction, EvictionListener } from '../../../ports/cache-bus.js';
import type { StoreIncident } from '../../../ports/cache-store.js';
import type { Clock, ScheduledCall } from '../../../ports/clock.js';
import { decodeRecord, encodeRecord } from './eviction-record.js';

/** What a file of evictions has that was not there before: lines, or something that cannot be told any more. */
export type News = readonly string[] | 'missed';

/** A file that all who share a root write their evictions to. One call at a time. */
export interface EvictionFile {
  readonly path: string;
  /** Milliseconds between two looks when nobody needs to know earlier. */
  readonly interval: number;
  /** What is new since the last look. The first look is `'missed'`, but for a file that is not there. */
  look(): News | Promise<News>;
  /** Resolves when the next look of everybody else finds it. */
  append(line: string): Promise<void>;
  /** Gives back what looking needs; can be appended to all the same. */
  close(): void;
}

/** The error for something else in the place of the file. */
export function noFile(path: string): ImageCacheError {
  return new ImageCacheError('E_IMAGE_CACHE_STORE_UNAVAILABLE', `${path} is no file.`);
}

/** What an {@link EvictionLog} depends on. */
export interface EvictionLogOptions {
  readonly clock: Clock;
  readonly report: (incident: StoreIncident) => void;
  /** Ended before any listener is told. */
  readonly generations: Generations;
}

/** Looks that are left out because an earlier one is still under way, before what is in memory is not trusted any more. */
const PATIENCE = 5;

/**
 * Tells those who share a root of one another's evictions, by a file in it. Somebody listens: the file is looked at
 * every `interval`. A generation is taken or compared: it is looked at then.
 *
 * Why nothing old stays in memory: whoever evicts puts the files out of reach first, then writes its record. What a
 * reader took from the files was there before the record was. If it is in memory by the time the record is found, it is
 * dropped then; if it is to be put there later, its fence, taken before it was read, has been ended by the record. What
 * is rendered or read after the files went is new: losing it with the old costs a read and shows nothing wrong.
 */
export class EvictionLog implements CacheBus {
  readonly #options: EvictionLogOptions;
  readonly #name = randomBytes(6).toString('hex');
  readonly #listeners = new Set<EvictionListener>();
  #file: EvictionFile | undefined;
  #count = 0;
  #isClosed = false;
  #timer: ScheduledCall | undefined;
  /** Ends with the last call to the file. */
  #turn: Promise<unknown> = Promise.resolve();
  /** A look that has not begun, and will find all that is there when it does. */
  #nextLook: Promise<void> | undefined;
  #isLooking = false;
  #leftOut = 0;
  #isDoubted = false;

  constructor(options: EvictionLogOptions) {
    this.#options = options;
  }

  /** Begins with what is evicted from now on; call it before anything is read that may be kept in memory. */
  async open(file: EvictionFile): Promise<void> {
    await file.look();
    this.#file = file;
    this.#watch();
  }

  /** @throws what writing throws, but for a lack of space */
  async publish(eviction: Eviction): Promise<void> {
    const file = this.#file;
    if (file === undefined) throw new ImageCacheError('E_IMAGE_CACHE_CLOSED', 'The store has not been opened.');
    this.#count += 1;
    const record = encodeRecord({ by: this.#name, count: this.#count, eviction });
    await this.#inTurn(() => file.append(record));
  }

  subscribe(listener: EvictionListener): () => void {
    const own: EvictionListener = (eviction) => {
      listener(eviction);
    };
    this.#listeners.add(own);
    this.#watch();
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size === 0) this.#rest();
    };
  }

  poll(): Promise<void> {
    this.#nextLook ??= this.#inTurn(() => this.#look());
    return this.#nextLook;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#rest();
    this.#file?.close();
    return Promise.resolve();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const outcome = this.#turn.then(work);
    this.#turn = outcome.catch(ignore);
    return outcome;
  }

  async #look(): Promise<void> {
    this.#nextLook = undefined;
    if (this.#file === undefined || this.#isClosed) return;
    const news = await this.#file.look();
    if (news === 'missed') this.#tell({});
    else for (const line of news) this.#tellOf(line);
  }

  /** What cannot be understood may be anything. */
  #tellOf(line: string): void {
    const record = decodeRecord(line);
    if (record?.by !== this.#name) this.#tell(record?.eviction ?? {});
  }

  #tell(eviction: Eviction): void {
    endGenerations(this.#options.generations, eviction);
    for (const listener of this.#listeners) listener(eviction);
  }

  #watch(): void {
    if (this.#file === undefined || this.#isClosed || this.#listeners.size === 0) return;
    this.#timer ??= repeat(this.#options.clock, this.#file.interval, () => void this.#lookByTime());
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #lookByTime(): Promise<void> {
    if (this.#isLooking) {
      this.#leftOut += 1;
      if (this.#leftOut >= PATIENCE) this.#doubt('there is no answer');
      return;
    }
    this.#isLooking = true;
    try {
      await this.poll();
      this.#isDoubted = false;
    } catch (error) {
      this.#doubt(messageOf(error), error);
    }
    this.#isLooking = false;
    this.#leftOut = 0;
  }

  /** Who cannot see what others evict must not serve what they may have evicted. Told of once, until it is over. */
  #doubt(reason: string, cause?: unknown): void {
    this.#tell({});
    if (this.#isDoubted) return;
    this.#isDoubted = true;
    const path = this.#file?.path ?? '';
    const message = `${path} cannot be read, so nothing is kept in memory until it can: ${reason}`;
    this.#options.report({ kind: 'unreadable', message, ...(cause !== undefined && { cause }) });
  }
}

function ignore(): void {
  // told to whoever waits for it
}
