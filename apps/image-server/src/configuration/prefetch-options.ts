import type { ImageCache, PrefetchOptions } from 'nestjs-image-cache';
import { iiifPrefetch, type ImageService } from 'nestjs-iiif';
import type { Settings } from './known-keys.js';
import { queueDirectory } from './prefetch-conditions.js';

/** The options of the prefetcher that settings describe. */
export function prefetchOptions(settings: Settings, images: ImageService, { sources }: ImageCache): PrefetchOptions {
  return { ...queueOptions(settings), ...iiifPrefetch(images, sources) };
}

/** Those of its queue, and of how it is worked off. */
export function queueOptions(settings: Settings): PrefetchOptions {
  const interval = settings['cache.server.prefetch.interval'];
  const directory = queueDirectory(settings);
  return {
    interval: interval === 0 ? '0' : `${interval}s`,
    concurrency: settings['cache.server.prefetch.concurrency'],
    attempts: settings['cache.server.prefetch.attempts'],
    backOff: `${settings['cache.server.prefetch.back_off']}s`,
    maxBackOff: `${settings['cache.server.prefetch.max_back_off']}s`,
    patience: `${settings['cache.server.prefetch.patience']}s`,
    variants: settings['cache.server.prefetch.variants'],
    ...(directory !== undefined && { directory }),
  };
}
