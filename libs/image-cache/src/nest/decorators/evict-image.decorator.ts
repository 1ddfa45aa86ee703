import { applyDecorators, SetMetadata, UseInterceptors } from '@nestjs/common';
import { EVICT_IMAGE } from '../constants.js';
import { EvictImageInterceptor } from '../interceptors/evict-image.interceptor.js';
import type { RouteImageOptions } from '../route-options.js';

/** Evicts all that is cached of an image when the handler, of a PUT or DELETE say, has done its work. */
export function EvictImage(options: RouteImageOptions = {}): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(EVICT_IMAGE, options), UseInterceptors(EvictImageInterceptor));
}
