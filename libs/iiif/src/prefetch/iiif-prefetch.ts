import {
  ImageCacheError,
  isImageCacheError,
  type FolderListing,
  type KeptPart,
  type PrefetchOptions,
  type SourceCache,
} from 'nestjs-image-cache';
import type { ImageService } from '../service/image-service.js';

/**
 * What a prefetcher has to know of the images of a IIIF server: the words for their variants, such as
 * `full/400,/0/default.jpg` and `tiles:0-2`, how their infos are cached, and the originals where they are, and what is in
 * a folder.
 *
 * @param sources `sources` of the cache
 */
export function iiifPrefetch(
  images: ImageService,
  sources?: SourceCache,
): Pick<PrefetchOptions, 'words' | 'info' | 'original' | 'folder'> {
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
  const folder: FolderListing = (path, options) => images.list({ ...options, folder: path });
  return { words: images.variants, info, folder, ...(sources && { original: originalsOf(sources) }) };
}

function originalsOf(sources: SourceCache): KeptPart {
  return {
    has: (identifier) => sources.has(identifier),
    keep: async (identifier, options) => {
      const filled = await sources.fill(identifier, options);
      if (filled === 'unkept')
        throw new ImageCacheError('E_IMAGE_CACHE_STORE_FULL', `There is no room for the original of ${identifier}.`);
      return filled === 'cached' ? 'cached' : 'rendered';
    },
  };
}
