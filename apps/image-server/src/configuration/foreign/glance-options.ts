import { requireComplete } from '../configuration.js';
import { KNOWN_KEYS } from '../known-keys.js';
import type { Written } from '../parse-value.js';
import { optionsOf, settingsOf, translate, type TranslatedOptions, type Translation } from './translation.js';

/** The switch of XDeploy and Kolla … */
const SWITCH = 'glance_enable_image_cache';

/** … where Glance itself has the cache in its pipeline, as in `keystone+cachemanagement`. */
const FLAVOR = 'flavor';

const ENABLED = 'cache.server.source.enabled';

/** Settings of Kolla and XDeploy, and of Glance itself (glance-api.conf, glance-cache.conf). */
const GLANCE: ReadonlyMap<string, string> = new Map([
  [SWITCH, ENABLED],
  ['glance_cache_max_size', 'cache.server.source.max_size'],
  ['glance_cache_staleness_seconds', 'cache.server.source.staleness_seconds'],
  ['glance_cache_prefetcher_delay', 'cache.server.prefetch.interval'],
  ['image_cache_dir', 'cache.server.source.pathname'],
  ['image_cache_max_size', 'cache.server.source.max_size'],
  ['image_cache_stall_time', 'cache.server.source.stall_seconds'],
  ['cache_prefetcher_interval', 'cache.server.prefetch.interval'],
]);

const KINDS: ReadonlyMap<string, string> = new Map(KNOWN_KEYS.map(({ key, kind }) => [key, kind]));

/**
 * Translates the configuration of a Glance image cache. Values may be texts, as in its files; `yes` and `no` are true and
 * false. Where images are cached, those that are queued are prefetched.
 *
 * @throws ConfigurationError when a value is wrong
 */
export function translateGlance(config: readonly Written[]): Translation {
  const flavor = config.find(({ key }) => key === FLAVOR);
  const isPiped = flavor !== undefined && /caching|cachemanagement/.test(String(flavor.value));
  const switched = config.find(({ key }) => key === SWITCH) ?? flavor;
  const isOn = switched !== undefined && (switched === flavor ? isPiped : understood(ENABLED, switched.value));
  const others = config.filter((each) => each !== switched && each.key !== FLAVOR);
  return translate(switched === undefined ? others : [{ ...switched, key: SWITCH, value: isOn }, ...others], {
    keyOf: (name) => GLANCE.get(name),
    understood,
    implied: [
      implied('source.implementation', 'HttpSource'),
      implied('cache.server.source.pathname', '/var/lib/glance/image-cache'),
      implied('cache.server.prefetch.enabled', isOn === true),
    ],
  });
}

/**
 * The options of an image cache that keeps originals as a Glance image cache would; the `source` that they are fetched from
 * has to be added.
 *
 * @throws ConfigurationError when a value is wrong
 */
export async function glanceOptions(config: Readonly<Record<string, unknown>>): Promise<TranslatedOptions> {
  const translation = translateGlance(settingsOf(config));
  const { configuration } = translation;
  requireComplete({ ...configuration, missing: configuration.missing.filter(({ key }) => !key.startsWith('source.')) });
  return optionsOf(translation);
}

function implied(key: string, value: unknown): Written {
  return { key, value, origin: 'as Glance does' };
}

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ['yes', true],
  ['true', true],
  ['on', true],
  ['1', true],
  ['no', false],
  ['false', false],
  ['off', false],
  ['0', false],
]);

function understood(key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  return KINDS.get(key) === 'flag' ? (FLAGS.get(text.toLowerCase()) ?? text) : text;
}
