import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../errors.js';
import type { OriginalListOptions } from './original-source.js';
import { SourceRoot, unavailable, type RootIdentity } from './source-root.js';

const EXTENSIONS = /\.(?:jpe?g|png|webp|p?tiff?|tf8|btf|gif|avif|heif)$/i;
const MAX_DEPTH = 32;
const FORBIDDEN: ReadonlySet<string> = new Set(['EACCES', 'EPERM']);

/** Every ext4 file system has it where it is mounted, for root alone. */
const LOST_AND_FOUND = 'lost+found/';

/** Where a listing begins, and how far it goes. */
export interface ListedFolder extends OriginalListOptions {
  /** Identifier of the folder with a slash at the end; empty for the root. */
  readonly folder: string;
}

/**
 * Walks over the images in a folder in the order of their identifiers. Hidden files are left out, and so are linked
 * folders, which could lead in circles, and folders in it that may not be read; one that fails otherwise ends the
 * listing.
 */
export async function* listOriginals(root: RootIdentity, options: ListedFolder): AsyncGenerator<string> {
  const { limit = Infinity, ...listing } = options;
  let left = limit;
  if (left <= 0) return;
  for await (const identifier of walk(root, { ...listing, depth: 0 })) {
    yield identifier;
    if (--left <= 0) return;
  }
}

interface Walk extends Omit<ListedFolder, 'limit'> {
  readonly depth: number;
}

async function* walk(root: RootIdentity, { folder, depth, ...listing }: Walk): AsyncGenerator<string> {
  const { after, signal } = listing;
  signal?.throwIfAborted();
  for (const entry of await entriesOf(root, { folder, depth, ...listing })) {
    const identifier = folder + entry.name;
    if (entry.isDirectory()) {
      const inner = `${identifier}/`;
      const passed = after !== undefined && inner < after && !after.startsWith(inner);
      if (depth < MAX_DEPTH && !passed) yield* walk(root, { ...listing, folder: inner, depth: depth + 1 });
    } else if ((after === undefined || identifier > after) && (await isImage(root, identifier, entry))) {
      yield identifier;
    }
  }
}

async function entriesOf(root: RootIdentity, { folder, depth, onOmitted }: Walk): Promise<readonly Dirent[]> {
  try {
    return sorted(await readdir(join(root.path, folder), { withFileTypes: true }));
  } catch (cause) {
    const [name, code = 'unknown'] = [folder.slice(0, -1), errnoOf(cause)];
    if (depth === 0 || !FORBIDDEN.has(code))
      throw unavailable(`The source folder${name && ` ${name}`} cannot be read (${code}).`, cause);
    if (folder !== LOST_AND_FOUND) onOmitted?.(name, cause);
    return [];
  }
}

/** A folder sorts as its contents do, with the slash; otherwise a cursor could skip them. */
function sorted(entries: readonly Dirent[]): readonly Dirent[] {
  const keyed = entries.map((entry) => ({ entry, key: entry.isDirectory() ? `${entry.name}/` : entry.name }));
  keyed.sort((one, other) => (one.key < other.key ? -1 : 1));
  return keyed.map(({ entry }) => entry).filter(({ name }) => !name.startsWith('.'));
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
