import { availableMemory, inMegabytes } from '../common/memory-limit.js';
import { invalidOption } from '../common/options.js';
import type { ResizableStore } from '../stores/heap/heap-store.js';
import { MOST_BYTES } from '../tiers/pending-writes.js';
import type { TierStores } from './build-stores.js';
import type { ResolvedOptions } from './resolve-options.js';

/** Something that is held in memory. */
export interface MemoryPart {
  /** What it is, by the full path of its option. */
  readonly name: string;
  readonly bytes: number;
}

/** The parts of the memory that a cache may come to hold; stores at their current sizes. */
export function memoryParts(
  { heapInfo, render, maxBufferedEntry }: Pick<ResolvedOptions, 'heapInfo' | 'render' | 'maxBufferedEntry'>,
  { hot, heap, infoHeap, variant }: Pick<TierStores, 'hot' | 'heap' | 'infoHeap' | 'variant'>,
): readonly MemoryPart[] {
  const sizeOf = (store: ResizableStore | undefined): number => store?.maxSize ?? 0;
  const buffers = render.concurrency * maxBufferedEntry;
  const parts = [
    { name: 'imageCache.heapInfo.maxSize', bytes: heapInfo?.maxSize ?? 0 },
    { name: HOT, bytes: sizeOf(hot) },
    { name: HEAP, bytes: sizeOf(heap) },
    { name: 'imageCache.info.store (heapStore.maxSize)', bytes: sizeOf(infoHeap) },
    { name: 'variants that wait to be written (fixed)', bytes: variant === undefined ? 0 : MOST_BYTES },
    { name: 'imageCache.render.concurrency × imageCache.maxBufferedEntry', bytes: buffers },
  ];
  return parts.filter(({ bytes }) => bytes > 0);
}

/** The name of the part that `hot` is. */
export const HOT = 'imageCache.variant.hot';

/** The name of the part that a variants' store in the heap is. */
export const HEAP = 'imageCache.variant.store (heapStore.maxSize)';

/**
 * Refuses what may come to hold more memory than the process may use: it would be killed under load, not at the start.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` that names every part with its size
 */
export function requireMemory(parts: readonly MemoryPart[], path: string): void {
  const sum = parts.reduce((total, { bytes }) => total + bytes, 0);
  const limit = availableMemory();
  if (sum <= limit) return;
  const listed = [...parts].sort((one, other) => other.bytes - one.bytes);
  throw invalidOption(
    path,
    `may come to hold ${inMegabytes(sum)} in memory, and this process may use ${Math.floor(limit / 1024 ** 2)} MB: ` +
      `${listed.map(({ name, bytes }) => `${name} ${inMegabytes(bytes)}`).join(', ')}.`,
  );
}
