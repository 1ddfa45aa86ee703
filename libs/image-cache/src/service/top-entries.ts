import { ImageCacheError } from '../common/errors.js';
import type { Kind, ListedEntry } from '../ports/entry.js';
import type { ImageCache } from './image-cache.js';

/** What entries are compared by: how often they were asked for, the bytes of their bodies, and when they were made. */
export const RANKINGS = ['hits', 'size', 'createdAt'] as const;

/** One of {@link RANKINGS}. */
export type Ranking = (typeof RANKINGS)[number];

/** Which entries are looked for. */
export interface TopOptions {
  readonly by: Ranking;
  /** How many. */
  readonly limit: number;
  readonly kind?: Kind;
  readonly signal?: AbortSignal;
}

const VALUES: Readonly<Record<Ranking, (entry: ListedEntry) => number>> = {
  hits: ({ hits = 0 }) => hits,
  size: ({ meta }) => meta.size,
  createdAt: ({ meta }) => meta.createdAt,
};

/**
 * The entries with the most hits, the largest or the newest, the first one first. All entries are looked at, and no more
 * held than are asked for.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_UNSUPPORTED` when no store can list, or none counts hits
 */
export async function topEntries(cache: ImageCache, { by, limit, ...options }: TopOptions): Promise<ListedEntry[]> {
  if (by === 'hits' && !cache.stores.some(({ features }) => features.hits))
    throw new ImageCacheError('E_IMAGE_CACHE_UNSUPPORTED', 'entries.order: no store counts hits.');
  const valueOf = VALUES[by];
  const top: ListedEntry[] = [];
  for await (const entry of cache.entries(options)) {
    const last = top.at(-1);
    if (top.length === limit && last !== undefined && valueOf(entry) <= valueOf(last)) continue;
    top.splice(placeOf(valueOf(entry), top.map(valueOf)), 0, entry);
    if (top.length > limit) top.pop();
  }
  return top;
}

/** Behind those that are as great: who came first stays first. */
function placeOf(value: number, descending: readonly number[]): number {
  const place = descending.findIndex((each) => each < value);
  return place === -1 ? descending.length : place;
}
