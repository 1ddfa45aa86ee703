import type {
  ClientOptions,
  ImageCacheOptions,
  InfoOptions,
  SourcesOptions,
  SweepRateOptions,
  VariantOptions,
} from 'nestjs-image-cache';
import { cdnOptions } from './cdn-cache-control.js';
import type { Settings } from './known-keys.js';
import { storesOf, type StoreUse, type TierStores } from './stores.js';

/** Less than the time after which connections are cut at the end: whoever waits for a picture is told. */
const DRAIN = '25s';

/**
 * The options of the image cache that settings describe.
 *
 * @throws ConfigurationError when a store cannot be had
 */
export async function imageCacheOptions(settings: Settings, use?: StoreUse): Promise<ImageCacheOptions> {
  const stores = await storesOf(settings, use);
  const concurrency = settings['processor.concurrency'];
  const perClient = settings['processor.per_client'];
  return {
    resolveFirst: settings['cache.server.resolve_first'],
    revalidateAfter: `${settings['cache.server.revalidate_after']}s`,
    evictMissing: settings['cache.server.evict_missing'],
    client: settings['cache.client.enabled'] ? clientOptions(settings) : false,
    heapInfo: heapInfoOptions(settings),
    info: infoOptions(settings, stores),
    variant: variantOptions(settings, stores),
    sources: sourcesOptions(settings, stores),
    stall: `${settings['cache.server.stall_seconds']}s`,
    drain: DRAIN,
    render: {
      ...(concurrency !== undefined && { concurrency }),
      queue: settings['processor.queue'],
      ...(perClient !== undefined && { perClient }),
      timeout: `${settings['processor.timeout']}s`,
    },
    worker: settings['cache.server.worker.enabled'] && {
      interval: `${settings['cache.server.worker.interval']}s`,
      initialDelay: `${settings['cache.server.worker.initial_delay']}s`,
      rate: rateOptions(settings),
    },
  };
}

function rateOptions(settings: Settings): SweepRateOptions {
  const files = settings['cache.server.worker.files_per_second'];
  return {
    share: settings['cache.server.worker.share'],
    bytes: settings['cache.server.worker.bytes_per_second'],
    ...(files !== undefined && { files }),
  };
}

function clientOptions(settings: Settings): ClientOptions {
  const durations = {
    maxAge: settings['cache.client.max_age'],
    sharedMaxAge: settings['cache.client.shared_max_age'],
    staleWhileRevalidate: settings['cache.client.stale_while_revalidate'],
    staleIfError: settings['cache.client.stale_if_error'],
  };
  const cdn = settings['cache.client.cdn_cache_control'];
  const set = Object.entries(durations).filter(([, seconds]) => seconds !== undefined);
  return {
    ...Object.fromEntries(set.map(([option, seconds]) => [option, `${seconds}s`])),
    visibility: settings['cache.client.private'] === true ? 'private' : 'public',
    noCache: settings['cache.client.no_cache'],
    noStore: settings['cache.client.no_store'],
    mustRevalidate: settings['cache.client.must_revalidate'],
    proxyRevalidate: settings['cache.client.proxy_revalidate'],
    noTransform: settings['cache.client.no_transform'],
    immutable: settings['cache.client.immutable'],
    tags: settings['cache.client.surrogate_keys'],
    ...(cdn !== undefined && { cdn: cdnOptions(cdn) }),
  };
}

function heapInfoOptions(settings: Settings): Exclude<ImageCacheOptions['heapInfo'], undefined> {
  const maxSize = settings['cache.server.heap_info.max_size'];
  return settings['cache.server.heap_info.enabled'] && (maxSize === undefined ? {} : { maxSize });
}

function infoOptions(settings: Settings, { info: store }: TierStores): InfoOptions | false {
  return store !== undefined && { store, ttl: `${settings['cache.server.info.ttl_seconds']}s` };
}

function sourcesOptions(settings: Settings, { source: store }: TierStores): SourcesOptions | false {
  const stall = settings['cache.server.source.stall_seconds'];
  return (
    store !== undefined && {
      store,
      staleness: `${settings['cache.server.source.staleness_seconds']}s`,
      ttl: `${settings['cache.server.source.ttl_seconds']}s`,
      concurrency: settings['cache.server.source.concurrency'],
      ...(stall !== undefined && { stall: `${stall}s` }),
    }
  );
}

function variantOptions(settings: Settings, { variant: store }: TierStores): VariantOptions | false {
  return (
    store !== undefined && {
      store,
      hot: settings['cache.server.variant.hot_size'],
      ttl: `${settings['cache.server.variant.ttl_seconds']}s`,
      staleness: `${settings['cache.server.variant.staleness_seconds']}s`,
      stale: `${settings['cache.server.variant.stale_seconds']}s`,
      negativeTtl: `${settings['cache.server.variant.negative_ttl_seconds']}s`,
    }
  );
}
