import { parseVariantName } from 'nestjs-iiif';
import { relative, resolve, sep } from 'node:path';
import { oneLine } from '../one-line.js';
import { ConfigurationError } from './configuration-error.js';
import type { KnownKey, Settings } from './known-keys.js';

const VARIANTS = 'cache.server.prefetch.variants';

const PATHNAME = 'cache.server.prefetch.pathname';

const CONCURRENCY = 'cache.server.prefetch.concurrency';

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

/** @throws ConfigurationError when images that nobody waits for could take every place among the renders */
export function refusePrefetchBeforeRequests(
  settings: Settings,
  originOf: (key: KnownKey) => string | undefined,
): void {
  const places = settings['processor.concurrency'];
  const wanted = settings[CONCURRENCY];
  if (places === undefined || wanted === 1 || wanted < places) return;
  throw new ConfigurationError(
    `${CONCURRENCY}: ${wanted} (${originOf(CONCURRENCY)}) is not less than processor.concurrency (${places}); a place among the renders is left to requests.`,
  );
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
