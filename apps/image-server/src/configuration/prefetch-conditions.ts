import { parseVariantName } from 'nestjs-iiif';
import { relative, resolve, sep } from 'node:path';
import { oneLine } from '../one-line.js';
import { ConfigurationError } from './configuration-error.js';
import type { KnownKey, Settings } from './known-keys.js';

const VARIANTS = 'cache.server.prefetch.variants';

const PATHNAME = 'cache.server.prefetch.pathname';

/** Directories that the queue may be beside, and not inside. */
const CACHES = ['cache.FilesystemCache.pathname', 'cache.server.source.pathname'] as const;

/** @throws ConfigurationError when a variant is none, or the queue is where a purge would take it away */
export function refuseBadPrefetch(settings: Settings, originOf: (key: KnownKey) => string | undefined): void {
  for (const [index, variant] of settings[VARIANTS].entries()) {
    try {
      parseVariantName(variant);
    } catch (error) {
      const reason = oneLine(error);
      const where = `${VARIANTS}[${index}]: ${JSON.stringify(variant)} (${originOf(VARIANTS)})`;
      throw new ConfigurationError(`${where} is no variant. ${reason}`);
    }
  }
  const queue = queueDirectory(settings);
  if (queue === undefined) return;
  for (const key of CACHES) {
    const cache = settings[key];
    if (cache === undefined || !isInside(queue, cache)) continue;
    throw new ConfigurationError(
      `${PATHNAME}: ${queue} (${originOf(PATHNAME) ?? 'the default'}) is inside of ${key} (${cache}); the cache has that directory for itself.`,
    );
  }
}

/** The directory of the queue; `undefined` when there is none to be beside. */
export function queueDirectory(settings: Settings): string | undefined {
  const cache = CACHES.map((key) => settings[key]).find((pathname) => pathname !== undefined);
  return settings[PATHNAME] ?? (cache === undefined ? undefined : `${resolve(cache)}-queue`);
}

function isInside(path: string, directory: string): boolean {
  const way = relative(resolve(directory), resolve(path));
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`));
}
