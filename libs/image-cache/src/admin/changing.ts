import type { EvictedCounts } from '../ports/entry.js';
import { countEntries } from '../stores/count-evicted.js';
import { sumCounts } from '../tiers/image-evictor.js';
import type { Asked } from './asked.js';
import { countsOf } from './shapes.js';

/** What became of images whose sources have changed, or would. */
export interface Changed {
  readonly evicted: EvictedCounts;
  /** Variants that are rendered anew. */
  readonly requeued: number;
}

/** Says that the source of an image has changed. */
export async function changeImage(identifier: string, { cache, prefetcher }: Asked): Promise<Changed> {
  if (prefetcher !== undefined) return prefetcher.changed(identifier);
  return { evicted: await cache.changed(identifier), requeued: 0 };
}

/** What that would do. */
export async function lookAtChange(identifier: string, { cache, prefetcher }: Asked): Promise<Changed> {
  if (prefetcher !== undefined) return prefetcher.changed(identifier, { dryRun: true });
  return { evicted: countEntries(await cache.entriesOf(identifier)), requeued: 0 };
}

/** What became of several images together. */
export function sumChanges(changes: readonly Changed[]): Changed {
  const requeued = changes.reduce((sum, each) => sum + each.requeued, 0);
  return { evicted: countsOf(sumCounts(changes.map(({ evicted }) => evicted))), requeued };
}
