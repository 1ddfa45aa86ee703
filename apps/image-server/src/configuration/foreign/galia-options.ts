import { requireComplete } from '../configuration.js';
import type { Written } from '../parse-value.js';
import { optionsOf, settingsOf, translate, type TranslatedOptions, type Translation } from './translation.js';

/** Keys of Cantaloupe (cantaloupe.properties, version 5), which names the same things otherwise. */
const CANTALOUPE: ReadonlyMap<string, string> = new Map([
  ['cache.server.derivative.enabled', 'cache.server.variant.enabled'],
  ['cache.server.derivative', 'cache.server.variant.implementation'],
  ['cache.server.derivative.ttl_seconds', 'cache.server.variant.ttl_seconds'],
  ['cache.server.purge_missing', 'cache.server.evict_missing'],
  ['FilesystemCache.pathname', 'cache.FilesystemCache.pathname'],
  ['FilesystemCache.dir.depth', 'cache.FilesystemCache.dir.depth'],
  ['FilesystemCache.dir.name_length', 'cache.FilesystemCache.dir.name_length'],
  ['HeapCache.target_size', 'cache.HeapCache.target_size'],
  ['source.static', 'source.implementation'],
  ['HttpSource.BasicLookupStrategy.url_prefix', 'source.HttpSource.url_prefix'],
  ['HttpSource.request_timeout', 'source.HttpSource.headers_timeout'],
]);

/**
 * Translates the configuration of a Galia or Cantaloupe server, its keys written out with their dots. Values may be texts,
 * as in a properties file.
 *
 * @throws ConfigurationError when a value is wrong
 */
export function translateGalia(config: readonly Written[]): Translation {
  return translate(config, {
    keyOf: (name) => CANTALOUPE.get(name) ?? name,
    understood: (_, value) => (typeof value === 'string' ? value.trim() : value),
  });
}

/**
 * The options of an image cache that is to be like that of a Galia or Cantaloupe server; `source`, which resolve_first and
 * evict_missing need, has to be added.
 *
 * @throws ConfigurationError when a value is wrong, or one that is needed is missing
 */
export async function galiaOptions(config: Readonly<Record<string, unknown>>): Promise<TranslatedOptions> {
  const translation = translateGalia(settingsOf(config));
  requireComplete(translation.configuration);
  return optionsOf(translation);
}
