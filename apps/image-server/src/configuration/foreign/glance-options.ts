import { requireComplete } from '../configuration.js';
import { KNOWN_KEYS } from '../known-keys.js';
import type { Written } from '../parse-value.js';
import { optionsOf, translate, type ForeignSettings, type TranslatedOptions, type Translation } from './translation.js';

/** The switch of XDeploy and Kolla … */
const SWITCH = 'glance_enable_image_cache';

/** … where Glance itself has the cache in its pipeline, as in `keystone+cachemanagement`. */
const FLAVOR = 'flavor';

const ENABLED = 'cache.server.source.enabled';

/** Settings of Kolla and XDeploy, and of Glance itself (glance-api.conf, glance-cache.conf). */
const GLANCE: Readonly<Record<string, string>> = {
  [SWITCH]: ENABLED,
  glance_cache_max_size: 'cache.server.source.max_size',
  glance_cache_staleness_seconds: 'cache.server.source.staleness_seconds',
  glance_cache_prefetcher_delay: 'cache.server.prefetch.interval',
  image_cache_dir: 'cache.server.source.pathname',
  image_cache_max_size: 'cache.server.source.max_size',
  image_cache_stall_time: 'cache.server.source.stall_seconds',
  cache_prefetcher_interval: 'cache.server.prefetch.interval',
};

const KINDS: ReadonlyMap<string, string> = new Map(KNOWN_KEYS.map(({ key, kind }) => [key, kind]));

/**
 * Translates the configuration of a Glance image cache. Values may be texts, as in its files; `yes` and `no` are true and
 * false. Where images are cached, those that are queued are prefetched.
 *
 * @throws ConfigurationError when a value is wrong
 */
export function translateGlance(config: ForeignSettings): Translation {
  const { [SWITCH]: switched, [FLAVOR]: flavor, ...others } = config;
  const isOn = understood(ENABLED, switched ?? /caching|cachemanagement/.test(String(flavor)));
  const given = { ...others, [SWITCH]: switched === '' ? undefined : isOn };
  return translate(given, {
    keyOf: (name) => GLANCE[name],
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
export async function glanceOptions(config: ForeignSettings): Promise<TranslatedOptions> {
  const translation = translateGlance(config);
  const { configuration } = translation;
  requireComplete({ ...configuration, missing: configuration.missing.filter(({ key }) => !key.startsWith('source.')) });
  return optionsOf(translation);
}

function implied(key: string, value: unknown): Written {
  return { key, value, origin: 'as Glance does' };
}

const FLAGS: Readonly<Record<string, boolean>> = {
  yes: true,
  true: true,
  on: true,
  '1': true,
  no: false,
  false: false,
  off: false,
  '0': false,
};

function understood(key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  return KINDS.get(key) === 'flag' ? (FLAGS[text.toLowerCase()] ?? text) : text;
}
