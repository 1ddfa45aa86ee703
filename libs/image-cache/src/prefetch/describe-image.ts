import type { ListedEntry } from '../ports/entry.js';
import type { ImageInfo } from '../ports/image-info.js';
import type { ImageCache } from '../service/image-cache.js';
import type { PrefetchJob, Prefetcher, Warmth } from './prefetcher.js';

/** What there is of an image. */
export interface ImageDescription {
  readonly identifier: string;
  readonly state: 'cached' | 'writing' | 'queued';
  readonly entries: readonly ListedEntry[];
  /** Of the entries. */
  readonly bytes: number;
  /** Of all entries; absent where the stores do not count them. */
  readonly hits?: number;
  readonly info?: ImageInfo;
  readonly job?: PrefetchJob;
  /** Absent without a prefetcher. */
  readonly warmth?: Warmth;
}

/** Tells what there is of an image; `undefined` when nothing is known of it. */
export async function describeImage(
  identifier: string,
  { cache, prefetcher }: { readonly cache: ImageCache; readonly prefetcher?: Prefetcher | undefined },
): Promise<ImageDescription | undefined> {
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
    entries,
    bytes: entries.reduce((sum, { meta }) => sum + meta.size, 0),
    ...(hits !== undefined && { hits }),
    ...(info && { info }),
    ...(job && { job }),
    ...(warmth && { warmth }),
  };
}

function hitsOf(entries: readonly ListedEntry[]): number | undefined {
  const counted = entries.flatMap(({ hits }) => (hits === undefined ? [] : [hits]));
  return counted.length === 0 ? undefined : counted.reduce((sum, hits) => sum + hits, 0);
}
