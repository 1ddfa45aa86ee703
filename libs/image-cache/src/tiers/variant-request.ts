import type { Readable } from 'node:stream';
import type { Priority } from '../common/admission.js';
import type { Duration } from '../common/units.js';
import type { CacheOutcome } from '../http/cache-status.js';
import type { ByteRange, RangeRequest, SourceStamp } from '../ports/entry.js';
import type { PictureMeta } from './picture.js';
import type { SourceState } from './source-state.js';

/** What a caller asks of the tiers themselves. */
export interface CacheWishes {
  /** Nothing is rendered or read from the source: what is not there is refused. @default false */
  readonly onlyIfCached?: boolean;
  /** Nothing is served past its time, whatever the option `stale` says. @default false */
  readonly mustRevalidate?: boolean;
  /**
   * What is older, in milliseconds, is not served before its source has been asked, and without a source is made anew.
   * 0 asks in any case.
   */
  readonly maxAge?: number;
  /**
   * `'reload'`: made anew, and kept in place of what is there. `'bypass'`: made for this caller, neither looked up nor
   * kept. @default looked up, and kept when it is made
   */
  readonly use?: 'reload' | 'bypass';
}

/** How a variant is asked for. */
export interface VariantRequest extends CacheWishes {
  /** Digests that the caller has already; a hit on one comes without body. */
  readonly ifNoneMatch?: readonly string[];
  /** The part of a hit that is asked for. What is not read from a store is given whole. */
  readonly range?: RangeRequest;
  /** Whether the part is to be one of the variant that was found; else the whole is given. @default true */
  readonly isRangeOf?: (meta: PictureMeta) => boolean;
  /** What is known about the source image, when the caller has asked already. */
  readonly source?: SourceState;
  /** The state of the source image that the operations were made for: the stamp of its info. */
  readonly expected?: SourceStamp;
  /** Time after the last access when a variant is not good for this caller; the cache's `ttl` holds too. */
  readonly ttl?: Duration;
  /** Ends the caller's wait; a render that has begun goes on. */
  readonly signal?: AbortSignal;
  /** `'background'`: rendered when no other render waits, however long that takes. @default 'interactive' */
  readonly priority?: Priority;
  /**
   * Waits until the caller has used what it got; what was served past its time is not rendered anew before.
   *
   * @default at once
   */
  readonly served?: () => Promise<void>;
  /**
   * Waits for the end of a body that could be read as it grows, and so knows its size; of one that breaks, the error is
   * thrown. @default false
   */
  readonly whole?: boolean;
  /** Who asks, where renders of one client are limited (`render.perClient`). @default nobody who is limited */
  readonly client?: string;
}

/** A variant for a caller. Whoever gets a `Readable` has to consume or destroy it. Buffers are not to be changed. */
export interface Variant {
  readonly meta: PictureMeta;
  readonly outcome: CacheOutcome;
  /** Absent when the caller has it already. */
  readonly body?: Buffer | Readable;
  /** The part that `body` holds; absent for the whole. */
  readonly range?: ByteRange;
}
