import type { Evicted, EvictedCounts, Kind } from '../ports/entry.js';
import type { Prefetcher } from '../prefetch/prefetcher.js';
import type { Asked } from './asked.js';
import type { ImageCache } from '../service/image-cache.js';
import { requirePrefetcher } from './require-prefetcher.js';
import { countsOf, countUsage } from './shapes.js';

/** What can be cleared. */
export const TARGETS = ['variants', 'infos', 'sources', 'queue', 'all'] as const;

/** What was cleared, or would be. */
export interface Cleared extends EvictedCounts {
  /** Jobs. */
  readonly queued: number;
}

/** What is to be cleared. */
export type Target = (typeof TARGETS)[number];

const KINDS_OF: Readonly<Record<Target, readonly Kind[]>> = {
  variants: ['variant'],
  infos: ['info'],
  sources: ['source'],
  queue: [],
  all: ['info', 'variant', 'source'],
};

const EVICT: Readonly<Record<Exclude<Target, 'queue'>, (cache: ImageCache) => Promise<Evicted>>> = {
  variants: (cache) => cache.evictVariants(),
  infos: (cache) => cache.evictInfos(),
  sources: (cache) => cache.evictSources(),
  all: (cache) => cache.purge(),
};

/**
 * Clears a part of the cache, and tells the counts when the space has been given back.
 *
 * @throws NotFoundException when the queue is to be emptied and there is none
 */
export async function clearTarget(target: Target, dryRun: boolean, { cache, prefetcher }: Asked): Promise<Cleared> {
  const queue = target === 'queue' ? requirePrefetcher(prefetcher) : target === 'all' ? prefetcher : undefined;
  if (dryRun) return { ...countUsage(await cache.usage(), KINDS_OF[target]), queued: jobsIn(queue) };
  const queued = (await queue?.clear()) ?? 0;
  const evicted = target === 'queue' ? NOTHING : await EVICT[target](cache);
  return { ...countsOf((await evicted.completed) ?? evicted), queued };
}

const NOTHING: Evicted = { infos: 0, variants: 0, sources: 0, bytes: 0 };

function jobsIn(queue: Prefetcher | undefined): number {
  const { queued, running, dead } = queue?.status() ?? { queued: 0, running: 0, dead: 0 };
  return queued + running + dead;
}
