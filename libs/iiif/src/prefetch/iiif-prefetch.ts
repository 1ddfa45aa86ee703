import { isImageCacheError, type KeptPart, type PrefetchOptions } from 'nestjs-image-cache';
import type { ImageService } from '../service/image-service.js';

/**
 * What a prefetcher has to know of the images of a IIIF server: the words for their variants, such as
 * `full/400,/0/default.jpg` and `tiles:0-2`, and how their infos are cached.
 */
export function iiifPrefetch(images: ImageService): Required<Pick<PrefetchOptions, 'words' | 'info'>> {
  const info: KeptPart = {
    has: async (identifier, options) => {
      try {
        await images.info(identifier, { ...options, onlyIfCached: true });
        return true;
      } catch (error) {
        if (isImageCacheError(error, 'E_IMAGE_CACHE_NOT_CACHED')) return false;
        throw error;
      }
    },
    keep: async (identifier, options) => {
      const { outcome } = await images.info(identifier, options);
      return outcome.kind === 'hit' || outcome.kind === 'collapsed' ? 'cached' : 'rendered';
    },
  };
  return { words: images.variants, info };
}
