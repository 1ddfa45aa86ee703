import type { Prefetcher } from '../prefetch/prefetcher.js';
import type { ImageCache } from '../service/image-cache.js';

/** Who is asked, or has something done. */
export interface Asked {
  readonly cache: ImageCache;
  readonly prefetcher: Prefetcher | undefined;
}
