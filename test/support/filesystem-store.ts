import type { CacheStore, FilesystemStoreOptions, StoreIncident } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Layout } from '../../libs/image-cache/src/stores/filesystem/files/layout.js';
import { filesystemStore } from '../../libs/image-cache/src/stores/filesystem/filesystem-store.js';

import { DirectorySpace } from '../../libs/image-cache/src/stores/filesystem/index/directory-space.js';

export { openDescriptors } from './open-descriptors.js';

/** A filesystem store in use. */
export interface OpenedStore {
  readonly store: CacheStore;
  /** At the time of the machine when it was opened: files carry that. */
  readonly clock: FakeClock;
  readonly incidents: StoreIncident[];
}

/** Opens a filesystem store; bodies up to 64 KB travel as one Buffer. */
export async function openFiles(
  directory: string,
  options: Omit<FilesystemStoreOptions, 'directory'> = {},
): Promise<OpenedStore> {
  const clock = new FakeClock(Date.now());
  const incidents: StoreIncident[] = [];
  const report = (incident: StoreIncident): void => void incidents.push(incident);
  const store = filesystemStore({ directory, ...options })({ clock, maxBufferedEntry: 64 * 1024, report });
  await store.open?.();
  return { store, clock, incidents };
}

/** The directories of a cache of the usual geometry, of which each takes so many bytes. */
export function directorySpace(root: string, size = 0): DirectorySpace {
  return new DirectorySpace({ layout: new Layout(root, { depth: 3, nameLength: 2 }), size });
}

/** All that is below a directory and is no directory, relative to it; what goes meanwhile is left out. */
export async function filesIn(directory: string): Promise<string[]> {
  const all = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const below = all.map(async (each) =>
    each.isDirectory() ? (await filesIn(join(directory, each.name))).map((name) => join(each.name, name)) : [each.name],
  );
  return (await Promise.all(below)).flat().sort();
}

/** The files of entries below the root of a cache, as full paths; what is being written is none. */
export async function entryFiles(root: string): Promise<string[]> {
  const files = await Promise.all(['image', 'info', 'source'].map((tree) => filesBelow(join(root, tree))));
  return files.flat().filter((file) => !file.includes('.tmp'));
}

async function filesBelow(directory: string): Promise<string[]> {
  return (await filesIn(directory)).map((file) => join(directory, file));
}

/** Whether a file below the root of a cache is one that nobody needs: processes that live have leases of their numbers. */
export function isLeftBehind(name: string): boolean {
  const holder = /^leases\/index-pid-(\d+)\./.exec(name)?.[1];
  return name.includes('.tmp') && (holder === undefined || !existsSync(`/proc/${holder}`));
}
