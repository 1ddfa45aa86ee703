import { ImageCacheError } from '../../common/errors.js';
import { keyString } from '../../keys/entry-keys.js';
import type { ListOptions } from '../../ports/cache-store.js';
import type { EntryKey, Kind, ListedEntry, Usage } from '../../ports/entry.js';
import type { EntryIndex, IndexedPosition } from './index/entry-index.js';
import type { Layout } from './files/layout.js';
import { isAfter, walk, walkImage, type Found, type WalkOptions } from './files/walk.js';

/** In the order in which they are listed. */
export const KINDS: readonly Kind[] = ['info', 'source', 'variant'];

/** An entry that a listing has come to. */
export interface Listed {
  readonly key: EntryKey;
  readonly cursor: string;
}

/** The keys of entries in the order of their addresses, from the files. */
export async function* keysByPath(layout: Layout, options: ListOptions): AsyncGenerator<Listed> {
  const { kind, group, after, signal } = options;
  const kinds = KINDS.filter((each) => (kind ?? each) === each && each >= (after?.split('/', 1)[0] ?? ''));
  for (const each of kinds) {
    const from = after?.startsWith(`${each}/`) === true ? after : undefined;
    const course = { kind: each, ...(from && { after: from }), ...(signal && { signal }) };
    const files = group === undefined ? walk(layout, course) : filesOfImage(layout, group, course);
    for await (const { key } of files) {
      if (key !== undefined && isAfter(key, from)) yield { key, cursor: keyString(key) };
    }
  }
}

/** An image has at most one info, and a directory for its entries of each other kind. */
async function* filesOfImage(
  layout: Layout,
  group: string,
  { kind, ...course }: WalkOptions,
): AsyncGenerator<Pick<Found, 'key'>> {
  if (kind === 'info') yield { key: { kind, group, id: 'info', extension: 'json' } };
  else yield* walkImage(layout, group, { kind, ...course });
}

/**
 * The keys of entries in the order of their last access, from the index. A cursor names the time and the entry.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_UNSUPPORTED` where there is no index
 */
export function* keysByAccess(index: EntryIndex | undefined, options: ListOptions): Generator<Listed> {
  const { kind, group, after, signal } = options;
  if (index === undefined)
    throw new ImageCacheError('E_IMAGE_CACHE_UNSUPPORTED', 'Without an index, entries are listed by id only.');
  const kinds = kind === undefined ? KINDS : [kind];
  const position = parseCursor(after);
  const entries = group === undefined ? index.byAccess(kinds, position) : index.ofImage(group, kinds, position);
  for (const { key, at } of entries) {
    signal?.throwIfAborted();
    yield { key, cursor: `${at}:${keyString(key)}` };
  }
}

/** Whether an index may not know all entries; one that cannot be read knows none. */
export function isIncomplete(index: EntryIndex | undefined): boolean {
  try {
    return index?.isComplete === false;
  } catch {
    return true;
  }
}

/** Counts what is listed. */
export async function countListed(listed: AsyncIterable<ListedEntry>): Promise<Usage> {
  let entries = 0;
  let bytes = 0;
  for await (const { meta } of listed) {
    entries += 1;
    bytes += meta.size;
  }
  return { entries, bytes };
}

function parseCursor(cursor: string | undefined): IndexedPosition | undefined {
  if (cursor === undefined) return undefined;
  const match = /^(\d+):(info|source|variant)\/([0-9a-f]+)\/(\w+)\.(\w+)$/.exec(cursor);
  const [, at, kind, group, id, extension] = match ?? [];
  if (at === undefined || kind === undefined || group === undefined || id === undefined || extension === undefined)
    throw new ImageCacheError('E_IMAGE_CACHE_UNSUPPORTED', `'${cursor}' is no cursor of a listing by last access.`);
  return { at: Number(at), key: { kind: kind as Kind, group, id, extension } };
}
