import { Logger, type InjectionToken, type Provider } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { createImageCache } from '../service/create-image-cache.js';
import type { ImageCache } from '../service/image-cache.js';
import type { ImageCacheOptions } from '../service/image-cache-options.js';
import { CacheWorker } from '../worker/cache-worker.js';
import { CacheLifetime } from './cache-lifetime.js';
import { CACHE_NAME } from './constants.js';
import { getCacheWorkerToken, getImageCacheToken } from './tokens.js';

/** All that belongs to one image cache. */
export function imageCacheProviders(name: string | undefined, options: InjectionToken): Provider[] {
  const token = getImageCacheToken(name);
  const title = name === undefined ? 'ImageCache' : `ImageCache:${name}`;
  return [
    {
      provide: token,
      inject: [options],
      useFactory: (settings: ImageCacheOptions) => createImageCache({ logger: new Logger(title), ...settings }),
    },
    {
      provide: getCacheWorkerToken(name),
      inject: [token, ModuleRef],
      useFactory: (cache: ImageCache, moduleRef: ModuleRef) => new CacheWorker(cache, moduleRef, name),
    },
    { provide: CacheLifetime, inject: [token], useFactory: (cache: ImageCache) => new CacheLifetime(cache) },
    { provide: CACHE_NAME, useValue: name ?? '' },
  ];
}
