import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dirent } from 'node:fs';
import { keyString } from '../../../keys/entry-keys.js';
import type { EntryKey, Kind } from '../../../ports/entry.js';
import { ifPresent } from './file-access.js';
import { TEMPORARY, type Layout } from './layout.js';

/** Something that was found in the tree of a kind. */
export interface Found {
  readonly path: string;
  /** Of a file that has the name of an entry. */
  readonly key?: EntryKey;
  readonly what: 'entry' | 'write' | 'foreign' | 'directory';
}

/** The file of an entry, as a walk has found it. */
export interface FoundFile {
  readonly key: EntryKey;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch; our clock of last access. */
  readonly mtimeMs: number;
}

/** Options of {@link walk}. */
export interface WalkOptions {
  readonly kind: Kind;
  /** Goes on behind this key. */
  readonly after?: string;
  readonly signal?: AbortSignal;
}

/**
 * Walks the tree of a kind in the order of the keys, one directory in memory at a time. A directory comes after what is
 * in it. Links are told as foreign and never followed.
 */
export async function* walk(layout: Layout, options: WalkOptions): AsyncGenerator<Found> {
  yield* walkDirectory({ layout, ...options, deepest: layout.fileDepth(options.kind) }, '', 0);
}

/** Walks the directory that an image has for its entries of a kind. */
export async function* walkImage(
  layout: Layout,
  group: string,
  options: WalkOptions & { readonly kind: Exclude<Kind, 'info'> },
): AsyncGenerator<Found> {
  const deepest = layout.fileDepth(options.kind);
  yield* walkDirectory({ layout, ...options, deepest }, layout.directoryIn(options.kind, group), deepest);
}

type Course = WalkOptions & { readonly layout: Layout; readonly deepest: number };

async function* walkDirectory(course: Course, relative: string, depth: number): AsyncGenerator<Found> {
  const { layout, kind, signal } = course;
  const directory = join(layout.tree(kind), relative);
  for (const child of await children(directory)) {
    signal?.throwIfAborted();
    const childRelative = relative === '' ? child.name : `${relative}/${child.name}`;
    const path = join(directory, child.name);
    if (child.isDirectory() && child.name.endsWith(TEMPORARY)) yield { path, what: 'write' };
    else if (child.isDirectory() && depth < course.deepest) {
      if (reaches(course, childRelative, depth + 1)) yield* walkDirectory(course, childRelative, depth + 1);
      yield { path, what: 'directory' };
    } else yield describe(course, { child, path, relative: childRelative });
  }
}

function describe(course: Course, found: { child: Dirent; path: string; relative: string }): Found {
  const key = found.child.isFile() ? course.layout.keyOf(course.kind, found.relative) : undefined;
  return key === undefined ? { path: found.path, what: 'foreign' } : { path: found.path, key, what: 'entry' };
}

/** Whether a directory can hold anything behind `after`; fragments are leading parts of the group. */
export function reaches(
  { after, kind, layout }: { readonly after?: string | undefined; readonly kind: Kind; readonly layout: Layout },
  relative: string,
  depth: number,
): boolean {
  if (after === undefined) return true;
  const group = after.slice(kind.length + 1);
  const names = relative.split('/');
  const prefix = depth > layout.geometry.depth ? (names[names.length - 1] ?? '') : names.join('');
  return prefix >= group.slice(0, prefix.length);
}

/** Whether a key lies behind a cursor. */
export function isAfter(key: EntryKey, after: string | undefined): boolean {
  return after === undefined || keyString(key) > after;
}

async function children(directory: string): Promise<Dirent[]> {
  const found = (await ifPresent(readdir(directory, { withFileTypes: true }))) ?? [];
  return found.sort((one, other) => (one.name < other.name ? -1 : 1));
}
