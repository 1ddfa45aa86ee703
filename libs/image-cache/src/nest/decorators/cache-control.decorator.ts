import { applyDecorators, SetMetadata, UseInterceptors } from '@nestjs/common';
import { formatClientHints, type ClientOptions } from '../../http/client-hints.js';
import { CACHE_CONTROL } from '../constants.js';
import { CacheControlInterceptor } from '../interceptors/cache-control.interceptor.js';

/**
 * Says what clients and CDNs may do with a route's good answers, instead of the module's `client` option. A route with a
 * guard is `private` unless `visibility` says otherwise.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when an option is wrong
 */
export function CacheControl(options: ClientOptions): MethodDecorator & ClassDecorator {
  formatClientHints(options, '@CacheControl()');
  return applyDecorators(SetMetadata(CACHE_CONTROL, options), UseInterceptors(CacheControlInterceptor));
}
