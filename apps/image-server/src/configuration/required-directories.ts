import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { usesFiles } from './conditions.js';
import { ConfigurationError } from './configuration-error.js';
import type { KnownKey, Settings } from './known-keys.js';
import { placesOf } from './places.js';

/**
 * Looks whether the directories can be such. Makes none, and leaves to the start what only its user may do.
 *
 * @throws ConfigurationError that names the key
 */
export function requireDirectories(settings: Settings): void {
  const isUsed: Readonly<Partial<Record<KnownKey, boolean>>> = {
    'cache.FilesystemCache.pathname': usesFiles(settings),
    'cache.server.prefetch.pathname': settings['cache.server.prefetch.enabled'],
    'endpoint.api.history_pathname': settings['endpoint.api.enabled'],
  };
  for (const { key, path } of placesOf(settings)) {
    if (isUsed[key] === false) continue;
    const found = nearest(path);
    if (found === undefined || found.isDirectory) continue;
    const problem =
      found.path === resolve(path)
        ? 'is a file, and has to be a directory'
        : `cannot be a directory, since ${found.path} is a file`;
    throw new ConfigurationError(`${key}: ${path} ${problem}.`);
  }
}

/** The path itself or the nearest directory above that is there; `undefined` where it cannot be looked at. */
function nearest(path: string): { readonly path: string; readonly isDirectory: boolean } | undefined {
  const absolute = resolve(path);
  try {
    const state = statSync(absolute, { throwIfNoEntry: false });
    if (state !== undefined) return { path: absolute, isDirectory: state.isDirectory() };
  } catch (error) {
    // What is below of a file is no directory, and says so.
    if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') return undefined;
  }
  const parent = dirname(absolute);
  return parent === absolute ? undefined : nearest(parent);
}
