import { describe, it } from '@jest/globals';
import { join } from 'node:path';
import { filesystemStore, type FilesystemStoreOptions } from 'nestjs-image-cache';
import { describeCacheStore } from 'nestjs-image-cache/testing';
import { DISK, makeDirectory, MEMORY } from '../support/directories.js';
import { MAY_MOUNT, mountUnknown, release } from '../support/mounts.js';

interface Place {
  readonly name: string;
  readonly base: string;
  /** Below the directory of the test. */
  readonly root?: string;
  readonly options?: Omit<FilesystemStoreOptions, 'directory'>;
}

const PLACES: readonly Place[] = [
  { name: 'in memory', base: MEMORY },
  { name: 'in memory, with images side by side', base: MEMORY, options: { depth: 0 } },
  { name: 'in memory, one level of three characters deep', base: MEMORY, options: { depth: 1, nameLength: 3 } },
  { name: 'in memory, eight levels of eight characters deep', base: MEMORY, options: { depth: 8, nameLength: 8 } },
  { name: 'on a disk', base: DISK },
  { name: 'on a disk, durable', base: DISK, options: { durable: true, depth: 1 } },
  { name: 'in memory, with an index', base: MEMORY, options: { index: true } },
  {
    name: 'on a disk, with bounds',
    base: DISK,
    options: { maxSize: '1GB', maxEntries: 100_000, minFree: '1MB', minFreeInodes: 1 },
  },
  { name: 'in a directory with spaces and unicode', base: MEMORY, root: 'my caché/图像 #1%20' },
];

// Where nothing may be mounted, a share cannot be stood in for.
if (MAY_MOUNT)
  describeCacheStore(
    'the filesystem store on a file system that may be a share',
    {
      create: async (context) => {
        const { path, remove } = await makeDirectory();
        mountUnknown(path);
        const another = () => filesystemStore({ directory: path })(context);
        const dispose = (): Promise<void> => {
          release(path);
          return remove();
        };
        return { store: another(), another, dispose };
      },
    },
    { describe, it },
  );

for (const { name, base, root = '', options } of PLACES) {
  describeCacheStore(
    `the filesystem store ${name}`,
    {
      create: async (context) => {
        const { path, remove } = await makeDirectory(base);
        const another = () => filesystemStore({ ...options, directory: join(path, root) })(context);
        return { store: another(), another, dispose: remove };
      },
    },
    { describe, it },
  );
}
