import { parseVariantName } from 'nestjs-iiif';
import { relative, resolve, sep } from 'node:path';
import { oneLine } from '../one-line.js';
import { ConfigurationError } from './configuration-error.js';
import type { KnownKey, Settings } from './known-keys.js';

const VARIANTS = 'cache.server.prefetch.variants';

const PATHNAME = 'cache.server.prefetch.pathname';

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
  const { [PATHNAME]: queue, 'cache.FilesystemCache.pathname': cache } = settings;
  if (queue === undefined || cache === undefined || !isInside(queue, cache)) return;
  throw new ConfigurationError(
    `${PATHNAME}: ${queue} (${originOf(PATHNAME)}) is inside of cache.FilesystemCache.pathname (${cache}); ` +
      'the cache has that directory for itself.',
  );
}

/** The directory of the queue; `undefined` when there is none to be beside. */
export function queueDirectory(settings: Settings): string | undefined {
  const { [PATHNAME]: queue, 'cache.FilesystemCache.pathname': cache } = settings;
  return queue ?? (cache === undefined ? undefined : `${resolve(cache)}-queue`);
}

function isInside(path: string, directory: string): boolean {
  const way = relative(resolve(directory), resolve(path));
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`));
}
