import { NotFoundException } from '@nestjs/common';
import type { Prefetcher } from '../prefetch/prefetcher.js';

/** @throws NotFoundException when there is no prefetcher */
export function requirePrefetcher(prefetcher: Prefetcher | undefined): Prefetcher {
  if (prefetcher === undefined) throw new NotFoundException('prefetching is not enabled');
  return prefetcher;
}
