import { rm, rmdir, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Removes a file and the directory that was made for it. Neither takes a descriptor, of which there may be none left;
 * only to look for what else is in the directory does.
 */
export async function removeTemporary(file: string): Promise<void> {
  const directory = dirname(file);
  try {
    await unlink(file).catch(ignore);
    await rmdir(directory);
  } catch {
    await rm(directory, { recursive: true, force: true });
  }
}

function ignore(): void {
  // it was not written, or has become an entry; whatever else it is, its directory is not empty
}
