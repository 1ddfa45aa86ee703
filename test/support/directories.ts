import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** In memory, where the system has such a place. */
export const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** On a disk: what is in here outlives a restart, so it is no file system in memory. */
export const DISK = '/var/tmp';

/** A directory of its own for one test. */
export interface TestDirectory {
  readonly path: string;
  readonly remove: () => Promise<void>;
}

/** Makes an empty directory. */
export async function makeDirectory(base = MEMORY): Promise<TestDirectory> {
  const path = await mkdtemp(join(base, 'image-cache-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 10 }) };
}
