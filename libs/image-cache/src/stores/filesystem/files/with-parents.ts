import { rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../../../common/errors.js';
import { ensureDirectory } from './file-access.js';
import type { Layout } from './layout.js';
import { claimRoot } from './marker.js';

/**
 * Attempts: whoever ends something takes the directories away that are empty then, also those that were made a moment
 * ago. Each time one does, it has come to its end, so that the others get on.
 */
const ATTEMPTS = 100;

/** What says that a directory is to stay: something is in it, or it is none of ours. */
const STAYS: readonly (string | undefined)[] = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EACCES', 'EPERM', 'EBUSY'];

/** Makes something below the root, and the directories that it is to be in when they are missing. */
export async function withParents<T>(layout: Layout, path: string, make: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (attempt > 1) {
        await claimRoot(layout);
        await makeDirectories(dirname(path));
      }
      return await make();
    } catch (error) {
      if (systemCode(error) === 'ENOENT' && attempt < ATTEMPTS) continue;
      await removeEmptyParents(layout, path);
      throw error;
    }
  }
}

/** One by one: of a recursive mkdir, nobody learns that the disk has no room. */
async function makeDirectories(path: string): Promise<void> {
  try {
    await ensureDirectory(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    await makeDirectories(dirname(path));
    await ensureDirectory(path);
  }
}

/** Removes the directories above something that has gone, or was not made, up to the first that has something in it. */
export async function removeEmptyParents(layout: Layout, path: string): Promise<void> {
  for (const directory of layout.above(path)) {
    try {
      await rmdir(directory);
    } catch (error) {
      const code = systemCode(error);
      if (STAYS.includes(code)) return;
      // Somebody else has removed it, and may have stopped there.
      if (code !== 'ENOENT') throw error;
    }
  }
}
