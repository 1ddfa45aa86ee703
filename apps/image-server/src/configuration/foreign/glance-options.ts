import type { ImageCacheOptions } from 'nestjs-image-cache';
import { configurationOf, requireComplete } from './configuration.js';
import { imageCacheOptions } from './image-cache-options.js';
import { KNOWN_KEYS } from './known-keys.js';
import type { Written } from './parse-value.js';

/** Options made of the configuration of a Glance image cache. */
export interface GlanceOptions {
  /** Without `source`, which `sources` needs: a source from which originals are fetched. */
  readonly options: ImageCacheOptions;
  /** The keys of the image server that say the same, with their values as they are understood. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Keys that mean nothing here. */
  readonly unknown: readonly string[];
}

/** Settings of Kolla and XDeploy, and of Glance itself (glance-api.conf, glance-cache.conf). */
const GLANCE: Readonly<Record<string, string>> = {
  glance_enable_image_cache: 'cache.server.source.enabled',
  glance_cache_max_size: 'cache.server.source.max_size',
  glance_cache_staleness_seconds: 'cache.server.source.staleness_seconds',
  glance_cache_prefetcher_delay: 'cache.server.prefetch.interval',
  image_cache_dir: 'cache.server.source.pathname',
  image_cache_max_size: 'cache.server.source.max_size',
  image_cache_stall_time: 'cache.server.stall_seconds',
  cache_prefetcher_interval: 'cache.server.prefetch.interval',
};

const KINDS: ReadonlyMap<string, string> = new Map(KNOWN_KEYS.map(({ key, kind }) => [key, kind]));

/** Where Glance keeps its cache unless somebody says otherwise. */
const DIRECTORY: Written = {
  key: 'cache.server.source.pathname',
  value: '/var/lib/glance/image-cache',
  origin: 'the default of image_cache_dir',
};

/** Glance has its images elsewhere, too. */
const REMOTE: Written = { key: 'source.implementation', value: 'HttpSource', origin: 'glanceOptions' };

/**
 * Maps the configuration of a Glance image cache onto the options of an image cache. Values may be texts, as in its files;
 * `yes` and `no` are true and false; empty ones are not set.
 *
 * @throws ConfigurationError when a value is wrong
 */
export async function glanceOptions(config: Readonly<Record<string, unknown>>): Promise<GlanceOptions> {
  const known = Object.entries(config).map(([name, value]) => ({ name, key: keyOf(name), value }));
  const written = known.flatMap(({ name, key, value }): Written[] =>
    key === undefined || value === '' || value === null || value === undefined
      ? []
      : [{ key, value: understood(key, value), origin: name }],
  );
  const configuration = configurationOf([DIRECTORY, REMOTE, ...written]);
  requireComplete({ ...configuration, missing: configuration.missing.filter(({ key }) => !key.startsWith('source.')) });
  return {
    options: await imageCacheOptions(configuration.settings),
    settings: Object.fromEntries(
      configuration.values
        .filter(({ definition }) => written.some(({ key }) => key === definition.key))
        .map(({ definition, value }) => [definition.key, value]),
    ),
    unknown: known.filter(({ key }) => key === undefined).map(({ name }) => name),
  };
}

function keyOf(name: string): string | undefined {
  const key = GLANCE[name];
  return key !== undefined && KINDS.has(key) ? key : undefined;
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
