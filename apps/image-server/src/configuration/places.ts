import { realpathSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { ConfigurationError } from './configuration-error.js';
import type { KnownKey, Settings } from './known-keys.js';
import { queueDirectory } from './prefetch-conditions.js';
import type { OriginOf } from './source-conditions.js';

const PICTURES = 'cache.FilesystemCache.pathname';
const ORIGINALS = 'cache.server.source.pathname';
const SOURCE = 'source.FilesystemSource.pathname';
const QUEUE = 'cache.server.prefetch.pathname';
const HISTORY = 'endpoint.api.history_pathname';

/** A directory that the server uses, and the key that names it. */
export interface Place {
  readonly key: KnownKey;
  readonly path: string;
}

/** What must not be in the directory of which key, and why. */
const RULES: readonly { readonly outer: KnownKey; readonly inner: readonly KnownKey[]; readonly reason: string }[] = [
  {
    outer: PICTURES,
    inner: [ORIGINALS, SOURCE, QUEUE, HISTORY],
    reason: 'the cache has that directory for itself',
  },
  {
    outer: ORIGINALS,
    inner: [PICTURES, SOURCE, QUEUE, HISTORY],
    reason: 'the cache has that directory for itself',
  },
  { outer: SOURCE, inner: [PICTURES, ORIGINALS], reason: 'what is cached would be taken for originals' },
  { outer: SOURCE, inner: [HISTORY], reason: 'old files of the history are removed, and none of the originals may be' },
  { outer: QUEUE, inner: [HISTORY], reason: 'the queue has that directory for itself' },
  {
    outer: HISTORY,
    inner: [PICTURES, ORIGINALS, SOURCE, QUEUE],
    reason: 'the history has that directory for itself',
  },
];

/**
 * Refuses directories that are in one another: a purge would take the one away with the other, and a worker what it does
 * not know.
 *
 * @throws ConfigurationError that names both keys
 */
export function refuseSharedPlaces(settings: Settings, originOf: OriginOf): void {
  const places = placesOf(settings);
  for (const { outer, inner, reason } of RULES) {
    const around = places.find(({ key }) => key === outer);
    if (around === undefined) continue;
    for (const place of places.filter(({ key }) => inner.includes(key))) {
      const way = wayInto(around.path, place.path);
      if (way === undefined) continue;
      throw new ConfigurationError(
        `${place.key}: ${place.path} (${originOf(place.key) ?? 'the default'}) is ${way} ${outer} (${around.path}); ${reason}.`,
      );
    }
  }
}

/** The directories that the server uses. */
export function placesOf(settings: Settings): readonly Place[] {
  const paths = {
    [PICTURES]: settings[PICTURES],
    [ORIGINALS]: settings['cache.server.source.enabled'] ? settings[ORIGINALS] : undefined,
    [SOURCE]: settings['source.implementation'] === 'FilesystemSource' ? settings[SOURCE] : undefined,
    [QUEUE]: queueDirectory(settings),
    [HISTORY]: settings[HISTORY],
  };
  return Object.entries(paths).flatMap(([key, path]) => (path === undefined ? [] : [{ key: key as KnownKey, path }]));
}

function wayInto(outer: string, inner: string): string | undefined {
  const way = relative(realPath(outer), realPath(inner));
  if (way === '') return 'that of';
  return way === '..' || way.startsWith(`..${sep}`) ? undefined : 'inside of';
}

/** Where a path leads, of which only the beginning may be there. */
function realPath(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(realPath(parent), basename(absolute));
  }
}
