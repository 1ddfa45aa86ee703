import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { OriginalListOptions } from './original-source.js';
import { SourceRoot, unavailable, type RootIdentity } from './source-root.js';

const EXTENSIONS = /\.(?:jpe?g|png|webp|p?tiff?|tf8|btf|gif|avif|heif)$/i;
const MAX_DEPTH = 32;

/** Where a listing begins, and how far it goes. */
export interface ListedFolder extends OriginalListOptions {
  /** Identifier of the folder with a slash at the end; empty for the root. */
  readonly folder: string;
}

/**
 * Walks over the images in a folder in the order of their identifiers. Hidden files are left out, and so are linked
 * folders, which could lead in circles; a folder that cannot be read ends the listing.
 */
export async function* listOriginals(root: RootIdentity, options: ListedFolder): AsyncGenerator<string> {
  const { folder, after, limit = Infinity, signal } = options;
  let left = limit;
  if (left <= 0) return;
  for await (const identifier of walk(root, { folder, depth: 0, after, signal })) {
    yield identifier;
    if (--left <= 0) return;
  }
}

interface Walk {
  /** Identifier of the folder with a slash at the end; empty for the root. */
  readonly folder: string;
  readonly depth: number;
  readonly after: string | undefined;
  readonly signal: AbortSignal | undefined;
}

async function* walk(root: RootIdentity, { folder, depth, after, signal }: Walk): AsyncGenerator<string> {
  signal?.throwIfAborted();
  for (const entry of await sortedEntries(join(root.path, folder))) {
    const identifier = folder + entry.name;
    if (entry.isDirectory()) {
      const inner = `${identifier}/`;
      const passed = after !== undefined && inner < after && !after.startsWith(inner);
      if (depth < MAX_DEPTH && !passed) yield* walk(root, { folder: inner, depth: depth + 1, after, signal });
    } else if ((after === undefined || identifier > after) && (await isImage(root, identifier, entry))) {
      yield identifier;
    }
  }
}

async function sortedEntries(path: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    // A folder sorts as its contents do, with the slash; otherwise a cursor could skip them.
    const keyed = entries.map((entry) => ({ entry, key: entry.isDirectory() ? `${entry.name}/` : entry.name }));
    keyed.sort((one, other) => (one.key < other.key ? -1 : 1));
    return keyed.map(({ entry }) => entry).filter(({ name }) => !name.startsWith('.'));
  } catch (cause) {
    throw unavailable('A source folder cannot be read.', cause);
  }
}

async function isImage(root: RootIdentity, identifier: string, entry: Dirent): Promise<boolean> {
  if (!EXTENSIONS.test(entry.name)) return false;
  if (entry.isFile()) return true;
  if (!entry.isSymbolicLink()) return false;
  try {
    const target = await realpath(join(root.path, identifier));
    return SourceRoot.contains(root, target) && (await stat(target)).isFile();
  } catch {
    return false;
  }
}
