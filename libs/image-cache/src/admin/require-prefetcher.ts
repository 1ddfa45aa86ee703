import { NotFoundException } from '@nestjs/common';
import type { EvictedCounts } from '../ports/entry.js';
import type { Prefetcher } from '../prefetch/prefetcher.js';

/** A prefetcher that puts images in the queue again whose source has changed. */
interface ReWarming {
  changed(identifier: string): Promise<{ readonly evicted: EvictedCounts; readonly requeued: number }>;
}

/** @throws NotFoundException when there is no prefetcher */
export function requirePrefetcher(prefetcher: Prefetcher | undefined): Prefetcher {
  if (prefetcher === undefined) throw new NotFoundException('prefetching is not enabled');
  return prefetcher;
}

/** Whether a prefetcher warms again what was warm. */
export function isReWarming(prefetcher: Prefetcher | undefined): prefetcher is Prefetcher & ReWarming {
  return prefetcher !== undefined && 'changed' in prefetcher && typeof prefetcher.changed === 'function';
}
