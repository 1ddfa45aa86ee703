import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * How many files below a directory, or below some directories in it, this process has open, those without a name any
 * more included.
 */
export async function openDescriptors(directory: string, within: readonly string[] = ['']): Promise<number> {
  const targets = await Promise.all(
    (await readdir('/proc/self/fd')).map((each) => readlink(`/proc/self/fd/${each}`).catch(() => '')),
  );
  const parents = within.map((name) => `${join(directory, name).replace(/\/$/, '')}/`);
  return targets.filter((target) => parents.some((parent) => target.startsWith(parent))).length;
}
