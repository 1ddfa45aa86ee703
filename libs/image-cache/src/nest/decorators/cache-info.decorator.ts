import { applyDecorators, SetMetadata, UseInterceptors } from '@nestjs/common';
import { CACHE_INFO } from '../constants.js';
import { CacheInfoInterceptor } from '../interceptors/cache-info.interceptor.js';
import type { CacheInfoOptions } from '../route-options.js';

/** Caches the `ImageInfo` that a GET handler returns, in the heap and, where there is one, in the info store. */
export function CacheInfo(options: CacheInfoOptions = {}): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(CACHE_INFO, options), UseInterceptors(CacheInfoInterceptor));
}
