import { ImageCacheError } from '../../common/errors.js';
import { keyString } from '../../keys/entry-keys.js';
import type { ListOptions } from '../../ports/cache-store.js';
import type { EntryKey, Kind } from '../../ports/entry.js';
import type { EntryIndex, IndexedPosition } from './index/entry-index.js';
import type { Layout } from './files/layout.js';
import { isAfter, walk } from './files/walk.js';

/** In the order in which they are listed. */
export const KINDS: readonly Kind[] = ['info', 'source', 'variant'];

/** An entry that a listing has come to. */
export interface Listed {
  readonly key: EntryKey;
  readonly cursor: string;
}

/** The keys of entries in the order of their addresses, from the files. */
export async function* keysByPath(layout: Layout, { kind, after, signal }: ListOptions): AsyncGenerator<Listed> {
  const kinds = KINDS.filter((each) => (kind ?? each) === each && each >= (after?.split('/', 1)[0] ?? ''));
  for (const each of kinds) {
    const from = after?.startsWith(`${each}/`) === true ? after : undefined;
    const course = { kind: each, ...(from && { after: from }), ...(signal && { signal }) };
    for await (const { key } of walk(layout, course)) {
      if (key !== undefined && isAfter(key, from)) yield { key, cursor: keyString(key) };
    }
  }
}

/**
 * The keys of entries in the order of their last access, from the index. A cursor names the time and the entry.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_UNSUPPORTED` where there is no index
 */
export function* keysByAccess(index: EntryIndex | undefined, { kind, after, signal }: ListOptions): Generator<Listed> {
  if (index === undefined)
    throw new ImageCacheError('E_IMAGE_CACHE_UNSUPPORTED', 'Without an index, entries are listed by id only.');
  for (const { key, at } of index.byAccess(kind === undefined ? KINDS : [kind], parseCursor(after))) {
    signal?.throwIfAborted();
    yield { key, cursor: `${at}:${keyString(key)}` };
  }
}

function parseCursor(cursor: string | undefined): IndexedPosition | undefined {
  if (cursor === undefined) return undefined;
  const match = /^(\d+):(info|source|variant)\/([0-9a-f]+)\/(\w+)\.(\w+)$/.exec(cursor);
  const [, at, kind, group, id, extension] = match ?? [];
  if (at === undefined || kind === undefined || group === undefined || id === undefined || extension === undefined)
    throw new ImageCacheError('E_IMAGE_CACHE_UNSUPPORTED', `'${cursor}' is no cursor of a listing by last access.`);
  return { at: Number(at), key: { kind: kind as Kind, group, id, extension } };
}
