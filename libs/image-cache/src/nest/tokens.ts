import { Inject, type InjectionToken } from '@nestjs/common';
import { ImageCache } from '../service/image-cache.js';
import { CacheWorker } from '../worker/cache-worker.js';

/** The injection token of an image cache; of the one without a name, the class `ImageCache` itself. */
export function getImageCacheToken(name?: string): InjectionToken<ImageCache> {
  return name === undefined ? ImageCache : `ImageCache:${name}`;
}

/** The injection token of the worker of an image cache; of the one without a name, the class `CacheWorker` itself. */
export function getCacheWorkerToken(name?: string): InjectionToken<CacheWorker> {
  return name === undefined ? CacheWorker : `CacheWorker:${name}`;
}

/** Injects a named image cache. */
export function InjectImageCache(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getImageCacheToken(name));
}
