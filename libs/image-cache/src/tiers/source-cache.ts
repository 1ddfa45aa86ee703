import { sourceKey } from '../keys/entry-keys.js';
import type { OpenedEntry, ReadableOriginal } from '../ports/opened-entry.js';
import type { EntryKey, EvictedCounts, SourceStamp } from '../ports/entry.js';
import type { ImageSource, LookupOptions, SourceLookup } from '../ports/image-info.js';
import { freshnessOf, type FreshnessOptions } from './freshness.js';
import { sumCounts } from './image-evictor.js';
import {
  SourceFetches,
  type Begun,
  type FetchOutcome,
  type FetchRequest,
  type SourceFetchesOptions,
} from './source-fetches.js';
import { SourceValidity, type SourceValidityOptions } from './source-validity.js';
import { SourceVerification } from './source-verification.js';
import type { TouchBuffer } from './touch-buffer.js';

/** What a {@link SourceCache} depends on. */
export interface SourceCacheOptions extends Omit<SourceFetchesOptions, 'onKept'>, SourceValidityOptions {
  readonly touches: TouchBuffer;
  /** For how long an original is kept that nobody asks for. It does not age otherwise: its source is asked. */
  readonly freshness: FreshnessOptions;
}

/** An original that is evicted again and again while it is fetched is read from its source after so many attempts. */
const ATTEMPTS = 3;

/**
 * Whole originals in front of a source from which they have to be fetched: each fetched once for all who want it, in this
 * process and in all that share the store, and asked about when its time is over. What it gives can be read until it is
 * closed, and was verified once in this process.
 */
export class SourceCache implements ImageSource {
  readonly name: string;
  readonly #options: SourceCacheOptions;
  readonly #fetches: SourceFetches;
  readonly #validity: SourceValidity;
  readonly #verification: SourceVerification;

  constructor(options: SourceCacheOptions) {
    this.name = options.remote.name;
    this.#options = options;
    this.#verification = new SourceVerification(options);
    this.#fetches = new SourceFetches({ ...options, onKept: this.#verification.trust });
    this.#validity = new SourceValidity(options);
  }

  /**
   * Opens an original, which is fetched when it is not there; whoever gets it has to close it. `undefined` when it cannot
   * be kept: it is to be read from its source then.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_NOT_FOUND`, `E_IMAGE_CACHE_SOURCE_UNAVAILABLE`, or what the source threw
   */
  open(identifier: string, request: FetchRequest = {}): Promise<OpenedEntry | undefined> {
    return this.#obtain<never>(identifier, request, (key) => this.#fetches.run(identifier, key, request));
  }

  /**
   * Opens an original that is to be read, not decoded: as {@link open}, but what is being fetched is given as soon as its
   * beginning is there, where its length is known. Who reads ahead of the fetch waits for it.
   *
   * @throws as {@link open}
   */
  read(identifier: string, request: FetchRequest = {}): Promise<ReadableOriginal | undefined> {
    return this.#obtain(identifier, request, (key) => this.#fetches.begin(identifier, key, request));
  }

  /**
   * Makes sure that an original is there, without looking used by that.
   *
   * @returns `cached`: it was there; `fetched`: it is there now; `unkept`: it cannot be kept
   * @throws as {@link open}
   */
  async fill(identifier: string, request: FetchRequest = {}): Promise<'cached' | 'fetched' | 'unkept'> {
    const key = sourceKey(identifier);
    const entry = await this.#good(identifier, key, request);
    await entry?.close();
    if (entry !== undefined) return 'cached';
    if (this.#verification.isUnreadable(key)) return 'unkept';
    const { kind } = await this.#fetches.run(identifier, key, request);
    return kind === 'unkept' ? 'unkept' : 'fetched';
  }

  /** Whether an original is there, however old. */
  async has(identifier: string): Promise<boolean> {
    return (await this.#options.store.stat(sourceKey(identifier))) !== undefined;
  }

  /** Evicts an original; what was made from it stays. */
  async evict(identifier: string): Promise<EvictedCounts> {
    const counts = sumCounts([await this.#options.store.delete(sourceKey(identifier))]);
    this.#options.events.emit('evicted', { reason: 'request', identifier, counts });
    return counts;
  }

  /**
   * Looks an image up: for who reads it, as it is kept; for all others, as its source has it now. What the source says is
   * learnt: a copy of another state goes, with all that was made from it.
   *
   * @throws what the source throws
   */
  async lookup(identifier: string, { signal, isReading = false }: LookupOptions = {}): Promise<SourceLookup> {
    const { remote, store, evictor } = this.#options;
    const key = sourceKey(identifier);
    const ask = (): Promise<SourceLookup> => remote.lookup(identifier, signal && { signal });
    if (isReading) return (await this.#kept(identifier, key)) ?? ask();
    const seen = await evictor.generations(identifier);
    const told = await ask();
    const entry = told.status === 'found' ? await store.stat(key) : undefined;
    if (told.status === 'found' && entry !== undefined) await this.#validity.learn(entry.meta, told.stamp, seen);
    return told;
  }

  /** Waits until nothing is being fetched. */
  settled(): Promise<void> {
    return this.#fetches.settled();
  }

  async #obtain<T extends ReadableOriginal>(
    identifier: string,
    request: FetchRequest,
    fetch: (key: EntryKey) => Promise<FetchOutcome | Begun<T>>,
  ): Promise<OpenedEntry | T | undefined> {
    const key = sourceKey(identifier);
    let isFetched = false;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const entry = await this.#good(identifier, key, request);
      if (!isFetched) this.#options.events.emit(entry ? 'hit' : 'miss', { tier: 'source', identifier });
      if (entry !== undefined) {
        this.#options.touches.record(key);
        return entry;
      }
      if (this.#verification.isUnreadable(key)) return undefined;
      const outcome = await fetch(key);
      if (outcome.kind === 'begun') return outcome.original;
      if (outcome.kind === 'unkept') return undefined;
      isFetched = true;
    }
    return undefined;
  }

  /** An original that may be used: verified, and vouched for by its source where its time is over. */
  async #good(identifier: string, key: EntryKey, { signal }: FetchRequest): Promise<OpenedEntry | undefined> {
    const entry = await this.#verification.open(key, signal);
    if (entry === undefined) return undefined;
    let isGood = false;
    try {
      isGood = (await this.#judge(identifier, key, entry)) !== undefined;
      return isGood ? entry : undefined;
    } finally {
      if (!isGood) await entry.close();
    }
  }

  /** What is kept of an image, as long as it may be used. */
  async #kept(identifier: string, key: EntryKey): Promise<SourceLookup | undefined> {
    const entry = this.#verification.isUnreadable(key) ? undefined : await this.#options.store.stat(key);
    const stamp = entry && (await this.#judge(identifier, key, entry));
    return stamp && { status: 'found', stamp };
  }

  /** The state of an original that may be used. */
  async #judge(identifier: string, key: EntryKey, entry: Aged): Promise<SourceStamp | undefined> {
    const { clock, touches, freshness, store, evictor } = this.#options;
    const lastAccess = Math.max(entry.lastAccess, touches.lastAccess(key));
    if (freshnessOf({ ...entry.meta, lastAccess }, { status: 'unknown' }, clock.now(), freshness) === 'expired') {
      await store.delete(key);
      return undefined;
    }
    const verdict = await this.#validity.judge(entry.meta);
    if (verdict === 'missing') await evictor.refuseAbsent(identifier, { status: 'missing' });
    return verdict === 'good' ? (entry.meta.source ?? {}) : undefined;
  }
}

/** An entry that is judged. */
type Aged = Pick<OpenedEntry, 'meta' | 'lastAccess'>;
