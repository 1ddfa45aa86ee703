import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** What this process has open, where it has a path. */
export async function openPaths(): Promise<readonly string[]> {
  const all = await readdir('/proc/self/fd');
  return Promise.all(all.map((each) => readlink(`/proc/self/fd/${each}`).catch(() => '')));
}

/**
 * How many files below a directory, or below some directories in it, this process has open, those without a name any
 * more included.
 */
export async function openDescriptors(directory: string, within: readonly string[] = ['']): Promise<number> {
  const targets = await openPaths();
  const parents = within.map((name) => `${join(directory, name).replace(/\/$/, '')}/`);
  return targets.filter((target) => parents.some((parent) => target.startsWith(parent))).length;
}
