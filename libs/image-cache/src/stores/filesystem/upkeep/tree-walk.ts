import type { Dirent } from 'node:fs';
import type { EntryKey, Kind } from '../../../ports/entry.js';
import { TEMPORARY, type Layout } from '../files/layout.js';
import { isAfter, reaches } from '../files/walk.js';
import type { Disk } from './disk.js';
import type { StepRun } from './step-run.js';

/** A file that has the name of an entry. */
export interface EntryFile {
  readonly what: 'entry';
  readonly path: string;
  readonly key: EntryKey;
}

/** Something that is in the tree of a kind. */
export type Found =
  | EntryFile
  /** A write is one that is unfinished, or the lease of an entry. */
  | { readonly what: 'write' | 'foreign'; readonly path: string }
  | { readonly what: 'directory'; readonly path: string; readonly isEmpty: boolean };

/** Deals with what was found; true when it is gone, or would be in a dry run. */
export type Visit = (found: Found) => boolean;

/** How a tree is walked. */
export interface TreeWalk {
  readonly disk: Disk;
  readonly layout: Layout;
  readonly run: StepRun;
  readonly kind: Kind;
  /** Goes on behind this key. */
  readonly after?: string | undefined;
  readonly visit: Visit;
}

/**
 * Walks the tree of a kind in the order of the keys, one directory of each level in memory. A directory comes after what
 * is in it. Links are told as foreign and never followed. What fails is counted, and the walk goes on.
 */
export function walkTree(walk: TreeWalk): void {
  walk.run.attempt(walk.layout.tree(walk.kind), () => walkDirectory(walk, '', 0));
}

/** Returns whether nothing is left in the directory. */
function walkDirectory(walk: TreeWalk, relative: string, depth: number): boolean {
  const { layout, kind, run, disk } = walk;
  const place = {
    directory: relative === '' ? layout.tree(kind) : `${layout.tree(kind)}/${relative}`,
    prefix: relative === '' ? '' : `${relative}/`,
    depth,
    keyOf: layout.keysIn(kind, relative),
  };
  run.proceed();
  let left = 0;
  for (const child of disk.list(place.directory)) {
    const path = `${place.directory}/${child.name}`;
    if (!run.attempt(path, () => visitChild(walk, place, { child, path }))) left += 1;
  }
  return left === 0;
}

/** A directory whose content is being visited. */
interface Place {
  /** Relative to the tree, with a slash at the end. */
  readonly prefix: string;
  readonly depth: number;
  readonly keyOf: (name: string) => EntryKey | undefined;
}

function visitChild(walk: TreeWalk, place: Place, { child, path }: { child: Dirent; path: string }): boolean {
  const { layout, kind, visit } = walk;
  const { prefix, depth, keyOf } = place;
  if (!child.isDirectory()) {
    const key = child.isFile() ? keyOf(child.name) : undefined;
    if (key === undefined) return visit({ what: child.name.endsWith(TEMPORARY) ? 'write' : 'foreign', path });
    return isAfter(key, walk.after) && visit({ what: 'entry', path, key });
  }
  if (child.name.endsWith(TEMPORARY)) return visit({ what: 'write', path });
  if (depth === layout.fileDepth(kind)) return visit({ what: 'foreign', path });
  const relative = prefix + child.name;
  if (!reaches(walk, relative, depth + 1)) return false;
  return visit({ what: 'directory', path, isEmpty: walkDirectory(walk, relative, depth + 1) });
}
