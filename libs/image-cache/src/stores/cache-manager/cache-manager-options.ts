import { invalidOption, refuseUnknownKeys } from '../../common/options.js';
import { parseDuration, parseSize, type Duration, type Size } from '../../common/units.js';
import { directCache, type DirectCache, type KeyValueCache } from './key-value-cache.js';

/** Options of `cacheManagerStore`. */
export interface CacheManagerStoreOptions {
  /**
   * A cache of cache-manager 7 or a Keyv 5: in memory, Redis, SQL, … It has one level and throws its errors
   * (`throwOnErrors: true`), or it is refused.
   */
  readonly cache: KeyValueCache;
  /** Begins all keys in the cache. @default 'image-cache' */
  readonly prefix?: string;
  /** Larger bodies are not stored: they travel whole, as text. @default '1MB' */
  readonly maxEntrySize?: Size;
  /**
   * Time after which the cache forgets an entry by itself, however often it has been asked for: give it more than the
   * tiers' `ttl`. What has been evicted takes up space for so long. `'0'` = never. @default '60d'
   */
  readonly ttl?: Duration;
  /**
   * Disconnects the cache when the image cache closes, after the last access times have been written: for a cache that
   * nobody else uses. @default false
   */
  readonly disconnect?: boolean;
}

/** {@link CacheManagerStoreOptions}, checked. */
export interface CacheManagerSettings {
  readonly cache: DirectCache;
  readonly prefix: string;
  /** Bytes. */
  readonly limit: number;
  /** Milliseconds; 0 = for ever. */
  readonly ttl: number;
  readonly disconnect: boolean;
}

/** @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when an option is wrong */
export function resolveCacheManagerOptions(options: CacheManagerStoreOptions): CacheManagerSettings {
  const path = 'cacheManagerStore';
  refuseUnknownKeys(options, ['cache', 'prefix', 'maxEntrySize', 'ttl', 'disconnect'], path);
  const { prefix = 'image-cache', maxEntrySize = '1MB', ttl = '60d', disconnect = false } = options;
  const cache: unknown = options.cache;
  if (typeof cache !== 'object' || cache === null) throw invalidOption(`${path}.cache`, 'is required.');
  if (prefix.trim() === '') throw invalidOption(`${path}.prefix`, 'must not be empty: the cache has other tenants.');
  const limit = parseSize(maxEntrySize, `${path}.maxEntrySize`);
  if (limit === 0) throw invalidOption(`${path}.maxEntrySize`, 'a store of entries of 0 bytes holds nothing.');
  return {
    cache: directCache(options.cache, `${path}.cache`),
    prefix,
    limit,
    ttl: parseDuration(ttl, `${path}.ttl`),
    disconnect,
  };
}
