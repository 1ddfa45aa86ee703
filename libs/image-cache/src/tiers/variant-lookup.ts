import { Readable } from 'node:stream';
import { parseDuration } from '../common/units.js';
import type { CacheOutcome } from '../http/cache-status.js';
import type { CacheEvents } from '../observability/events.js';
import type { CacheStore } from '../ports/cache-store.js';
import type { Clock } from '../ports/clock.js';
import type { ByteRange, EntryKey, SourceStamp } from '../ports/entry.js';
import {
  freshnessOf,
  remaining,
  shortened,
  type AgingEntry,
  type Freshness,
  type FreshnessOptions,
} from './freshness.js';
import type { ImageEvictor, ImageGenerations } from './image-evictor.js';
import { isTolerated, sameStamp, SOURCE_UNAVAILABLE, type SourceState } from './source-state.js';
import type { TouchBuffer } from './touch-buffer.js';
import { opened, type PictureMeta } from './picture.js';
import type { VariantRenders } from './variant-renders.js';
import type { Variant, VariantRequest } from './variant-request.js';

/** What a {@link VariantLookup} depends on. */
export interface VariantLookupOptions {
  readonly store: CacheStore | undefined;
  readonly touches: TouchBuffer | undefined;
  readonly freshness: FreshnessOptions;
  /** Milliseconds past their time for which variants are served. */
  readonly stale: number;
  readonly evictor: ImageEvictor;
  readonly renders: VariantRenders;
  readonly clock: Clock;
  readonly events: CacheEvents;
}

/** What is looked for. */
export interface Wanted {
  readonly key: EntryKey;
  readonly identifier: string;
  readonly source: SourceState;
  readonly expected?: SourceStamp | undefined;
}

/** An entry, or a picture on its way into the store. */
export interface Found {
  readonly meta: PictureMeta;
  readonly lastAccess: number;
  readonly body?: Buffer | Readable;
  readonly range?: ByteRange;
}

/** What a lookup ends with. */
export type Looked =
  | { readonly variant: Variant }
  /** Past its time, to be served while it is rendered anew. */
  | { readonly variant: Variant; readonly seen: ImageGenerations }
  | { readonly reason: 'miss' | 'stale' | 'request'; readonly seen: ImageGenerations };

/** Looks variants up and judges whether they may be served. */
export class VariantLookup {
  readonly #options: VariantLookupOptions;

  constructor(options: VariantLookupOptions) {
    this.#options = options;
  }

  async run(wanted: Wanted, request: VariantRequest): Promise<Looked> {
    const { evictor, events, store } = this.#options;
    const { key, identifier, source } = wanted;
    const before = source.status === 'found' ? await evictor.generations(identifier) : undefined;
    const entry = await this.#read(key, request);
    const seen = before ?? (entry === undefined ? await evictor.generations(identifier) : undefined);
    const found = entry ?? (seen && (await this.#onItsWay(key, seen, request)));
    const judged = found && this.#judge(found, wanted, request);
    const isStale =
      found !== undefined && judged !== undefined && this.#isServedStale(found, judged, { wanted, request });
    const isHit = judged === 'fresh' || isStale;
    // What is cached beforehand has been asked for by nobody.
    const isAsked = store !== undefined && request.priority !== 'background';
    if (isAsked) events.emit(isHit ? 'hit' : 'miss', { tier: 'variant', identifier });
    if (isStale) return this.#stale(found, wanted, { request, seen });
    if (found !== undefined && judged === 'fresh') return { variant: this.hit(found, wanted, request) };
    if (found?.body instanceof Readable) found.body.destroy();
    if (judged === 'changed') await evictor.evict(identifier, 'changed', seen);
    const current = judged === 'changed' || seen === undefined ? await evictor.generations(identifier) : seen;
    return { reason: reasonOf(judged), seen: current };
  }

  /** Whether the store has a variant that would be served as it is. */
  async isThere(wanted: Wanted, request: VariantRequest = {}): Promise<boolean> {
    const entry = await this.#options.store?.stat(wanted.key);
    return entry !== undefined && this.#judge(entry, wanted, request) === 'fresh';
  }

  /** Reads what another process has made. */
  async find(wanted: Wanted, request: VariantRequest): Promise<Found | undefined> {
    const found = await this.#read(wanted.key, request);
    if (found !== undefined && this.#judge(found, wanted, request) === 'fresh') return found;
    if (found?.body instanceof Readable) found.body.destroy();
    return undefined;
  }

  /** What was found, for a caller; it has been asked for now. */
  hit({ meta, body, range }: Found, { key, source }: Wanted, request: VariantRequest): Variant {
    const { touches, clock } = this.#options;
    const now = clock.now();
    touches?.record(key);
    const left = remaining({ createdAt: meta.createdAt, lastAccess: now }, now, this.#aging(request));
    const outcome: CacheOutcome = {
      kind: 'hit',
      ...(left !== undefined && { ttl: Math.floor(left / 1000) }),
      ...(isTolerated(source) && { detail: SOURCE_UNAVAILABLE }),
    };
    return { meta, outcome, ...(body && { body }), ...(range && { range }) };
  }

  async #read(key: EntryKey, request: VariantRequest): Promise<Found | undefined> {
    const { ifNoneMatch, range, isRangeOf, signal } = request;
    const found: Found | undefined = await this.#options.store?.read(key, {
      ...(ifNoneMatch && { ifNoneMatch }),
      ...(range && { range }),
      ...(signal && { signal }),
    });
    if (found?.range === undefined || isRangeOf === undefined || isRangeOf(found.meta)) return found;
    if (found.body instanceof Readable) found.body.destroy();
    return this.#read(key, { ...(ifNoneMatch && { ifNoneMatch }), ...(signal && { signal }) });
  }

  /** A picture that was being stored while the store was read. */
  async #onItsWay(key: EntryKey, seen: ImageGenerations, request: VariantRequest): Promise<Found | undefined> {
    const pending = this.#options.renders.pending(key, seen);
    if (pending === 'stored') return this.#read(key, request);
    return pending && { ...opened(pending), lastAccess: pending.meta.createdAt };
  }

  /** What was made from another state than the info tells of is not served beside it. */
  #judge(found: Pick<Found, 'meta' | 'lastAccess'>, wanted: Wanted, request: VariantRequest): Judged {
    const { key, source, expected } = wanted;
    const judged = freshnessOf(this.#ageOf(found, key), source, this.#options.clock.now(), this.#aging(request));
    if (judged !== 'fresh') return judged;
    if (expected !== undefined && !sameStamp(found.meta.source ?? {}, expected)) return 'unexpected';
    return this.#isTooOld(found.meta, source, request) ? 'refused' : 'fresh';
  }

  /** Only what the source has vouched for just now may be older than the caller wants it. */
  #isTooOld({ createdAt }: PictureMeta, { status }: SourceState, { maxAge }: VariantRequest): boolean {
    return maxAge !== undefined && status !== 'found' && this.#options.clock.now() - createdAt >= maxAge;
  }

  #isServedStale(
    found: Found,
    judged: Judged,
    { wanted, request }: { readonly wanted: Wanted; readonly request: VariantRequest },
  ): boolean {
    const { clock, stale } = this.#options;
    if (judged !== 'expired' && judged !== 'stale') return false;
    if (stale === 0 || request.mustRevalidate === true || request.maxAge !== undefined) return false;
    if (wanted.expected !== undefined && !sameStamp(found.meta.source ?? {}, wanted.expected)) return false;
    return (remaining(this.#ageOf(found, wanted.key), clock.now(), this.#aging(request)) ?? 0) >= -stale;
  }

  /** To be served past its time is no access: it would be fresh again by that. */
  async #stale(
    found: Found,
    { key, identifier }: Wanted,
    { request, seen }: { readonly request: VariantRequest; readonly seen: ImageGenerations | undefined },
  ): Promise<Looked> {
    const { clock, events } = this.#options;
    const { meta, body, range } = found;
    const left = remaining(this.#ageOf(found, key), clock.now(), this.#aging(request)) ?? 0;
    const known = seen ?? (await this.#generationsBeside(found, identifier));
    events.emit('served-stale', { identifier });
    const outcome = { kind: 'hit', ttl: Math.min(-1, Math.floor(left / 1000)) } as const;
    const variant = { meta, outcome, ...(body && { body }), ...(range && { range }) };
    return { variant, seen: known };
  }

  /** A body that is open is nobody's when a store does not answer. */
  async #generationsBeside({ body }: Found, identifier: string): Promise<ImageGenerations> {
    try {
      return await this.#options.evictor.generations(identifier);
    } catch (error) {
      if (body instanceof Readable) body.destroy();
      throw error;
    }
  }

  #ageOf({ meta, lastAccess }: Pick<Found, 'meta' | 'lastAccess'>, key: EntryKey): AgingEntry {
    return { ...meta, lastAccess: Math.max(lastAccess, this.#options.touches?.lastAccess(key) ?? 0) };
  }

  #aging({ ttl }: VariantRequest): FreshnessOptions {
    const { freshness } = this.#options;
    return ttl === undefined ? freshness : shortened(freshness, parseDuration(ttl, 'ttl'));
  }
}

/**
 * - `unexpected`: made from another state of the source than the caller's info.
 * - `refused`: good, but older than the caller wants it.
 */
type Judged = Freshness | 'unexpected' | 'refused';

function reasonOf(judged: Judged | undefined): 'miss' | 'stale' | 'request' {
  if (judged === undefined) return 'miss';
  return judged === 'refused' ? 'request' : 'stale';
}
