import type { Admission } from '../common/admission.js';
import type { CacheStats } from '../observability/stats.js';
import type { HeapInfoCache } from '../tiers/heap-info-cache.js';
import type { TierStores } from './build-stores.js';
import type { ImageCacheStats } from './image-cache.js';

/** What {@link statsOf} looks at. */
export interface StatsParts {
  readonly stats: CacheStats;
  readonly stores: TierStores;
  readonly heapInfos: HeapInfoCache | undefined;
  readonly admission: Admission;
}

/** What the cache has done up to now, and is doing. */
export function statsOf({ stats, stores: { hot }, heapInfos, admission }: StatsParts): ImageCacheStats {
  return {
    ...stats.snapshot(),
    heapInfo: { entries: heapInfos?.size ?? 0, bytes: heapInfos?.bytes ?? 0 },
    ...(hot && { hot: { bytes: hot.bytes, maxSize: hot.maxSize } }),
    rendering: { running: admission.running, waiting: admission.waiting },
  };
}
