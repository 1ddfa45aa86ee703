import { SetMetadata } from '@nestjs/common';
import { SKIP_IMAGE_CACHE } from '../constants.js';

/** Exempts a handler from what its class caches. */
export function SkipImageCache(): MethodDecorator & ClassDecorator {
  return SetMetadata(SKIP_IMAGE_CACHE, {});
}
