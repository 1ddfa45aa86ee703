import { parseVariantName } from 'nestjs-iiif';
import { resolve } from 'node:path';
import { oneLine } from '../one-line.js';
import { ConfigurationError } from './configuration-error.js';
import type { Settings } from './known-keys.js';
import type { OriginOf } from './source-conditions.js';

const VARIANTS = 'cache.server.prefetch.variants';

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

/** The directory of the queue; `undefined` when there is none to be beside. */
export function queueDirectory(settings: Settings): string | undefined {
  const cache = CACHES.map((key) => settings[key]).find((pathname) => pathname !== undefined);
  return settings['cache.server.prefetch.pathname'] ?? (cache === undefined ? undefined : `${resolve(cache)}-queue`);
}
