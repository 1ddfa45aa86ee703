import type { Duration, Size } from '../common/units.js';
import type { ClientOptions } from '../http/client-hints.js';
import type { CacheLogger } from '../observability/logger.js';
import type { StoreFactory } from '../ports/cache-store.js';
import type { Clock } from '../ports/clock.js';
import type { EvictionHook } from '../ports/eviction-hook.js';
import type { ImageSource, VariantRenderer } from '../ports/image-info.js';

/** The heap info cache. */
export interface HeapInfoOptions {
  /** Estimated size of the infos. @default 5 % of the heap limit */
  readonly maxSize?: Size;
}

/** The info cache. */
export interface InfoOptions {
  /** @default the variants' store, when that is persistent */
  readonly store?: StoreFactory;
  /** Time after the last access when an info goes; `'0'` = never. @default '30d' */
  readonly ttl?: Duration;
}

/** The variant cache. */
export interface VariantOptions {
  /** @default heapStore({ maxSize: '128MB' }) */
  readonly store?: StoreFactory;
  /** Size of a heap level in front of the store; none by default. */
  readonly hot?: Size;
  /** Time after the last access when a variant goes; `'0'` = never. @default '30d' */
  readonly ttl?: Duration;
  /** Time after the creation when a variant is rendered anew; `'0'` = never. @default '0' */
  readonly staleness?: Duration;
  /**
   * For how long a variant whose time is over is served on while it is rendered anew behind the answer, or cannot be; and
   * for how long after a source has become unavailable what is cached is served as if nobody had asked it (RFC 5861).
   * `'0'` = not at all. @default '0'
   */
  readonly stale?: Duration;
  /** For how long it is remembered that there is no such image or picture; `'0'` = not at all. @default '0' */
  readonly negativeTtl?: Duration;
}

/** The cache of whole originals, for sources from which they have to be fetched. */
export interface SourcesOptions {
  /** One that keeps files, such as `filesystemStore`. @default the variants' store */
  readonly store?: StoreFactory;
  /** Time for which the source is not asked whether an original is still good; `'0'` = never asked. @default '1d' */
  readonly staleness?: Duration;
  /** Time after the last access when an original goes; `'0'` = never. @default '30d' */
  readonly ttl?: Duration;
  /** Originals that are fetched at a time. @default 8 */
  readonly concurrency?: number;
  /**
   * Age after which an unfinished fetch is abandoned. In a store that has variants, too, the longer time holds for both.
   * @default that of the cache
   */
  readonly stall?: Duration;
}

/** What is done about stores that fail or do not answer. */
export interface ResilienceOptions {
  /** How long a request waits for a store. @default '2s' */
  readonly timeout?: Duration;
  /** How long a write or an eviction may take. @default '60s' */
  readonly writeTimeout?: Duration;
  /** `'bypass'`: a read that fails is a miss; `'throw'`: the request fails with 503. @default 'bypass' */
  readonly onError?: 'bypass' | 'throw';
}

/** How pictures are rendered. */
export interface RenderOptions {
  /** Renders at a time. @default as many as there are cores and threads for, see UV_THREADPOOL_SIZE */
  readonly concurrency?: number;
  /** Renders that may wait; the next one is refused with 503. @default 256 */
  readonly queue?: number;
  /**
   * Renders that one client may have at a time, waiting or running; for the next one it gets 429. Hits do not count, nor
   * what another client is waiting for already. @default no limit
   */
  readonly perClient?: number;
  /** How long a request waits for its picture before it is refused with 503. @default '30s' */
  readonly timeout?: Duration;
  /** How long a render may take before it is given up and its place is free again; `'0'` = for ever. @default '2m' */
  readonly deadline?: Duration;
  /** Most bytes that a handler's stream may give. @default '512MB' */
  readonly maxSize?: Size;
}

/** How much of the machine a sweep may take, in stores that go through files. What is left out is not limited. */
export interface SweepRateOptions {
  /** Files per second that are looked at. */
  readonly files?: number;
  /** Part of the time for which the sweep may be busy, from 0.01 to 1. */
  readonly share?: number;
  /** Bytes per second that are read to be verified; a shift verifies ten minutes' worth. @default '16MB' */
  readonly bytes?: Size;
}

/** The scheduled worker. */
export interface WorkerOptions {
  /** Time between two shifts. @default '1d' */
  readonly interval?: Duration;
  /** Time from the start to the first shift. @default '1m' */
  readonly initialDelay?: Duration;
  /** @default { share: 0.5 } */
  readonly rate?: SweepRateOptions;
}

/** Options of an image cache. All are optional. */
export interface ImageCacheOptions {
  /** Where source images come from; needed to notice that they change. */
  readonly source?: ImageSource;
  /** Renders what the application's own handlers would, outside of a request; needed by `warm`. */
  readonly renderer?: VariantRenderer;
  /** Conservative mode: the source is asked before anything cached is returned. @default false */
  readonly resolveFirst?: boolean;
  /** For how long a lookup of the source is remembered in conservative mode. @default '0' */
  readonly revalidateAfter?: Duration;
  /** A source image that is gone takes what is cached of it along. @default false */
  readonly evictMissing?: boolean;
  /**
   * Tells caches in front of the application, such as a CDN, of evictions by verbs and decorators, and of source images
   * that have changed or gone. Tried up to six times, the pauses growing from one second to sixteen.
   */
  readonly onEvict?: EvictionHook;
  /**
   * Hints for clients on routes that say nothing else; `false` sends none but `private`, for what one client may see.
   *
   * @default { maxAge: '30d', noTransform: true }
   */
  readonly client?: ClientOptions | false;
  /**
   * Response headers that hits replay beside `Content-Type`, `Content-Disposition`, `Content-Language` and `Link`, on
   * routes that say nothing else.
   *
   * @default []
   */
  readonly replayHeaders?: readonly string[];
  /** @default {} */
  readonly heapInfo?: HeapInfoOptions | false;
  /** @default {} when the variants' store is persistent, else `false` */
  readonly info?: InfoOptions | false;
  /** @default {} */
  readonly variant?: VariantOptions | false;
  /** Keeps whole originals; `source` has to be a `RemoteSource`. @default false */
  readonly sources?: SourcesOptions | false;
  readonly stores?: ResilienceOptions;
  readonly render?: RenderOptions;
  /** Bodies up to this size travel as one Buffer, larger ones as streams, also while they grow. @default '1MB' */
  readonly maxBufferedEntry?: Size;
  /** An unfinished write that is older than this is abandoned. @default '1d' */
  readonly stall?: Duration;
  /**
   * How long renders and sweeps that are under way when the application ends may still take; `'0'` = as long as they
   * take.
   *
   * @default '10s'
   */
  readonly drain?: Duration;
  /** @default false */
  readonly worker?: WorkerOptions | false;
  readonly logger?: CacheLogger;
  /** @default the machine's time */
  readonly clock?: Clock;
}
