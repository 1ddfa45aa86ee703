import { invalidOption, parseInteger, refuseUnknownKeys } from '../common/options.js';
import { parseDuration } from '../common/units.js';
import type { StoreFactory } from '../ports/cache-store.js';
import type { ImageSource } from '../ports/image-info.js';
import { isRemoteSource, type RemoteSource } from '../ports/remote-source.js';
import type { FreshnessOptions } from '../tiers/freshness.js';
import type { ImageCacheOptions } from './image-cache-options.js';
import { parseStall } from './parse-stall.js';
import { requireStore } from './required.js';

/** The settings of the source cache. */
export interface ResolvedSources extends FreshnessOptions {
  readonly remote: RemoteSource;
  readonly store: StoreFactory | undefined;
  readonly concurrency: number;
  /** Milliseconds; that of the cache where it is left out. */
  readonly stall: number | undefined;
}

/**
 * Checks the options of the source cache and fills in the defaults.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS`
 */
export function resolveSources(
  options: Exclude<ImageCacheOptions['sources'], undefined>,
  source: ImageSource | undefined,
  parent: string,
): ResolvedSources | undefined {
  if (options === false) return undefined;
  const path = `${parent}.sources`;
  refuseUnknownKeys(options, ['store', 'staleness', 'ttl', 'concurrency', 'stall'], path);
  if (source === undefined || !isRemoteSource(source)) {
    const what = source === undefined ? 'there is none' : `${source.name} has no fetch()`;
    throw invalidOption(path, `needs ${parent}.source to be a source that originals are fetched from; ${what}.`);
  }
  requireStore(options.store, `${path}.store`);
  return {
    remote: source,
    store: options.store,
    staleness: parseDuration(options.staleness ?? '1d', `${path}.staleness`),
    ttl: parseDuration(options.ttl ?? '30d', `${path}.ttl`),
    concurrency: parseInteger(options.concurrency ?? 8, `${path}.concurrency`, { min: 1, max: 1000 }),
    stall: options.stall === undefined ? undefined : parseStall(options.stall, `${path}.stall`),
  };
}
