import { applyDecorators, SetMetadata, UseInterceptors } from '@nestjs/common';
import { CACHE_VARIANT } from '../constants.js';
import { CacheVariantInterceptor } from '../interceptors/cache-variant.interceptor.js';
import type { CacheVariantOptions } from '../route-options.js';

/**
 * Caches the pictures that a GET handler returns: a Buffer, a stream, a StreamableFile or a sharp pipeline. The handler
 * is called on a miss only, once for all who ask for the same picture at the same time.
 *
 * The key is made of the route's parameters, the declared query arguments and the version; nothing else of the request.
 */
export function CacheVariant(options: CacheVariantOptions = {}): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(CACHE_VARIANT, options), UseInterceptors(CacheVariantInterceptor));
}
