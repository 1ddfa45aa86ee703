import { readdirSync, statfsSync, statSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../libs/image-cache/src/common/errors.js';

/** Counts the files below a directory, but for what has one of these names in the directory itself. */
export function countFiles(directory: string, leaveOut: readonly string[] = []): number {
  return entriesOf(directory)
    .filter(({ name }) => !leaveOut.includes(name))
    .reduce((sum, entry) => sum + (entry.isDirectory() ? countFiles(join(directory, entry.name)) : 1), 0);
}

/** Bytes that files take on a file system of their own, in one instant, without the index of a cache on it. */
export function bytesInUse(disk: string, cache = disk): number {
  const { blocks, bfree, bsize } = statfsSync(disk);
  return (blocks - bfree) * bsize - bytesOf(join(cache, 'index'));
}

/** Bytes that a directory takes with all that is below it, but for what has one of these names in the directory itself. */
export function bytesOf(directory: string, leaveOut: readonly string[] = []): number {
  return entriesOf(directory)
    .filter(({ name }) => !leaveOut.includes(name))
    .map((entry) => {
      const path = join(directory, entry.name);
      return entry.isDirectory() ? bytesOf(path) : blocksOf(path);
    })
    .reduce((sum, bytes) => sum + bytes, blocksOf(directory));
}

function blocksOf(path: string): number {
  return (statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
}

/** What has gone since its parent was read has nothing in it. */
function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** The directories below a directory, as full paths. */
export function directoriesBelow(directory: string): string[] {
  return entriesOf(directory).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? [path, ...directoriesBelow(path)] : [];
  });
}
