import { readdir } from 'node:fs/promises';
import { createImageCache, printable, type CacheLogger, type ImageCache } from 'nestjs-image-cache';
import { imageCacheOptions } from '../../configuration/image-cache-options.js';
import type { Settings } from '../../configuration/known-keys.js';
import type { StoreUse } from '../../configuration/stores.js';
import { keepsInfos } from '../../configuration/conditions.js';
import { originalSource } from '../../source/original-source.js';
import { oneLine } from '../../one-line.js';
import { CliError } from '../cli-error.js';

/**
 * Opens the cache of a configuration, as the server has it, but without its worker and its levels in memory.
 *
 * @throws CliError, ConfigurationError or ImageCacheError when its stores cannot be used from here
 */
export async function openConfiguredCache(settings: Settings, use: StoreUse): Promise<ImageCache> {
  await requireKept(settings);
  const options = await imageCacheOptions(forOneCommand(settings), use);
  const log = new Complaints();
  const source = originalSource(settings);
  const cache = await createImageCache({ ...options, source, logger: log });
  log.open();
  return cache;
}

/** Settings without a worker, and without levels in memory: what this process held there would be gone with it. */
export function forOneCommand(settings: Settings): Settings {
  return {
    ...settings,
    'cache.server.worker.enabled': false,
    'cache.server.heap_info.enabled': false,
    'cache.server.variant.hot_size': 0,
  };
}

/** Tells what goes wrong on the way, which is not the result; of an opening that fails, its error tells. */
export class Complaints implements CacheLogger {
  readonly #held: string[] = [];
  #isOpen = false;

  open(): void {
    this.#isOpen = true;
    for (const message of this.#held) this.warn(message);
  }

  log(): void {
    // Nothing that somebody has to know.
  }

  warn(message: string): void {
    if (this.#isOpen) process.stderr.write(`image-server: ${printable(oneLine(message))}\n`);
    else this.#held.push(message);
  }

  error(message: string): void {
    this.warn(message);
  }
}

/** @throws CliError when what is cached is not where it can be managed from here */
export async function requireKept(settings: Settings, { mayBeEmpty = false } = {}): Promise<void> {
  const { 'cache.server.variant.implementation': variant, 'cache.server.info.implementation': info = variant } =
    settings;
  const stores = [
    ...(settings['cache.server.variant.enabled'] ? [variant] : []),
    ...(keepsInfos(settings) ? [info] : []),
  ];
  if (stores.length === 0) {
    throw new CliError('No cache is configured; name a server (--server) or the configuration of one (--config).');
  }
  if (stores.every((store) => store === 'HeapCache')) {
    throw new CliError('A HeapCache is in the memory of its server; name the server (--server).');
  }
  if (stores.includes('FilesystemCache'))
    await requireDirectory(settings['cache.FilesystemCache.pathname'] ?? '', mayBeEmpty);
}

/** A server makes its directory; whoever manages a cache has misspelt it. */
async function requireDirectory(directory: string, mayBeEmpty: boolean): Promise<void> {
  const names = await readdir(directory).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? 'is not there' : `cannot be read: ${oneLine(error)}`;
    throw new CliError(`cache.FilesystemCache.pathname: ${directory} ${what}; nothing is cached there.`, {
      cause: error,
    });
  });
  if (names.length === 0 && !mayBeEmpty) {
    throw new CliError(`cache.FilesystemCache.pathname: ${directory} is empty; no server has cached there yet.`);
  }
}
