import { parseVariantName } from 'nestjs-iiif';
import { resolve } from 'node:path';
import { oneLine } from '../one-line.js';
import { ConfigurationError } from './configuration-error.js';
import type { Settings } from './known-keys.js';
import type { OriginOf } from './source-conditions.js';

const VARIANTS = 'cache.server.prefetch.variants';

const CONCURRENCY = 'cache.server.prefetch.concurrency';

/** Directories that the queue is beside, unless somebody says where it is. */
const CACHES = ['cache.FilesystemCache.pathname', 'cache.server.source.pathname'] as const;

/** @throws ConfigurationError when a variant is none */
export function refuseBadPrefetch(settings: Settings, originOf: OriginOf): void {
  for (const [index, variant] of settings[VARIANTS].entries()) {
    try {
      parseVariantName(variant);
    } catch (error) {
      const reason = oneLine(error);
      const where = `${VARIANTS}[${index}]: ${JSON.stringify(variant)} (${originOf(VARIANTS)})`;
      throw new ConfigurationError(`${where} is no variant. ${reason}`);
    }
  }
}

/** @throws ConfigurationError when images that nobody waits for could take every place among the renders */
export function refusePrefetchBeforeRequests(settings: Settings, originOf: OriginOf): void {
  const places = settings['processor.concurrency'];
  const wanted = settings[CONCURRENCY];
  if (!settings['cache.server.prefetch.enabled'] || places === undefined || wanted === 1 || wanted < places) return;
  throw new ConfigurationError(
    `${CONCURRENCY}: ${wanted} (${originOf(CONCURRENCY)}) is not less than processor.concurrency (${places}); a place among the renders is left to requests.`,
  );
}

/** The directory of the queue; `undefined` when there is none to be beside. */
export function queueDirectory(settings: Settings): string | undefined {
  const cache = CACHES.map((key) => settings[key]).find((pathname) => pathname !== undefined);
  return settings['cache.server.prefetch.pathname'] ?? (cache === undefined ? undefined : `${resolve(cache)}-queue`);
}
