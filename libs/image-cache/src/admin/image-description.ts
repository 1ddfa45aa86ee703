import type { Prefetcher } from '../prefetch/prefetcher.js';
import type { ImageCache } from '../service/image-cache.js';
import type { ImageDto } from './dto/cache.dto.js';
import { shownEntry, shownJob } from './shapes.js';
import type { ListedEntry } from '../ports/entry.js';

/** Who is asked about an image. */
export interface Asked {
  readonly cache: ImageCache;
  readonly prefetcher: Prefetcher | undefined;
}

/** What there is of an image; `undefined` when nothing is known of it. */
export async function describeImage(identifier: string, { cache, prefetcher }: Asked): Promise<ImageDto | undefined> {
  const [entries, info, job] = await Promise.all([
    cache.entriesOf(identifier),
    cache.infos.find(identifier),
    prefetcher?.find(identifier),
  ]);
  const isCached = entries.length > 0 || info !== undefined;
  if (!isCached && job === undefined) return undefined;
  const warmth = await prefetcher?.warmth(identifier);
  const hits = hitsOf(entries);
  return {
    identifier,
    state: job?.state === 'running' ? 'writing' : isCached ? 'cached' : 'queued',
    entries: entries.map(shownEntry),
    bytes: entries.reduce((sum, { meta }) => sum + meta.size, 0),
    ...(hits !== undefined && { hits }),
    ...(info && { info }),
    ...(job && { job: shownJob(job) }),
    ...(warmth && { warmth }),
  };
}

function hitsOf(entries: readonly ListedEntry[]): number | undefined {
  const counted = entries.flatMap(({ hits }) => (hits === undefined ? [] : [hits]));
  return counted.length === 0 ? undefined : counted.reduce((sum, hits) => sum + hits, 0);
}
