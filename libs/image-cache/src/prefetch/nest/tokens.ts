import type { InjectionToken } from '@nestjs/common';
import { Prefetcher } from '../prefetcher.js';

/** The injection token of the prefetcher of a cache; of the cache without a name, the class `Prefetcher` itself. */
export function getPrefetcherToken(cache?: string): InjectionToken<Prefetcher> {
  return cache === undefined ? Prefetcher : `Prefetcher:${cache}`;
}
