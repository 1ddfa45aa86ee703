import type { ImageCacheOptions } from 'nestjs-image-cache';
import { configurationOf, requireComplete } from './configuration.js';
import { imageCacheOptions } from './image-cache-options.js';
import { KNOWN_KEYS } from './known-keys.js';

/** Options made of a foreign configuration. */
export interface GaliaOptions {
  /** Without `source`, which resolve_first and evict_missing need. */
  readonly options: ImageCacheOptions;
  /** Keys that mean nothing here. */
  readonly unknown: readonly string[];
}

/** Keys of Cantaloupe (cantaloupe.properties, version 5), which names the same things otherwise. */
const CANTALOUPE: Readonly<Record<string, string>> = {
  'cache.server.derivative.enabled': 'cache.server.variant.enabled',
  'cache.server.derivative': 'cache.server.variant.implementation',
  'cache.server.derivative.ttl_seconds': 'cache.server.variant.ttl_seconds',
  'cache.server.purge_missing': 'cache.server.evict_missing',
  'FilesystemCache.pathname': 'cache.FilesystemCache.pathname',
  'FilesystemCache.dir.depth': 'cache.FilesystemCache.dir.depth',
  'FilesystemCache.dir.name_length': 'cache.FilesystemCache.dir.name_length',
  'HeapCache.target_size': 'cache.HeapCache.target_size',
  'source.static': 'source.implementation',
  'HttpSource.BasicLookupStrategy.url_prefix': 'source.HttpSource.url_prefix',
  'HttpSource.request_timeout': 'source.HttpSource.headers_timeout',
};

const KEYS: readonly string[] = KNOWN_KEYS.map(({ key }) => key);

/**
 * Maps the configuration of a Galia or Cantaloupe server, its keys written out with their dots, onto the options of an
 * image cache. Values may be texts, as in a properties file; empty ones are not set.
 *
 * @throws ConfigurationError when a value is wrong, or one that is needed is missing
 */
export async function galiaOptions(config: Readonly<Record<string, unknown>>): Promise<GaliaOptions> {
  const known = Object.entries(config).map(([name, value]) => ({ name, key: CANTALOUPE[name] ?? name, value }));
  const written = known
    .filter(({ key, value }) => KEYS.includes(key) && value !== '' && value !== null && value !== undefined)
    .map(({ name, key, value }) => ({ key, value: trimmed(value), origin: name }));
  const configuration = configurationOf(written);
  requireComplete(configuration);
  return {
    options: await imageCacheOptions(configuration.settings),
    unknown: known.filter(({ key }) => !KEYS.includes(key)).map(({ name }) => name),
  };
}

function trimmed(value: unknown): unknown {
  return typeof value === 'string' ? value.trim() : value;
}
