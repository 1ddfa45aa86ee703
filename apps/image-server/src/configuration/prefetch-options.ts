import type { ImageCache, PrefetchOptions } from 'nestjs-image-cache';
import { iiifPrefetch, type ImageService } from 'nestjs-iiif';
import type { Settings } from './known-keys.js';
import { queueDirectory } from './prefetch-conditions.js';

/** The options of the prefetcher that settings describe. */
export function prefetchOptions(settings: Settings, images: ImageService, { sources }: ImageCache): PrefetchOptions {
  const interval = settings['cache.server.prefetch.interval'];
  const directory = queueDirectory(settings);
  return {
    interval: interval === 0 ? '0' : `${interval}s`,
    concurrency: settings['cache.server.prefetch.concurrency'],
    variants: settings['cache.server.prefetch.variants'],
    ...(directory !== undefined && { directory }),
    ...iiifPrefetch(images, sources),
  };
}
