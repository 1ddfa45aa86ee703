import * as lmdb from 'lmdb';
import { FakeClock } from 'nestjs-image-cache/testing';
import { join } from 'node:path';
import { Layout } from '../../libs/image-cache/src/stores/filesystem/files/layout.js';
import { DirectorySpace } from '../../libs/image-cache/src/stores/filesystem/index/directory-space.js';
import { OpenedIndex } from '../../libs/image-cache/src/stores/filesystem/index/opened-index.js';
import { FileLeases } from '../../libs/image-cache/src/stores/filesystem/leases/file-leases.js';
import { processSpace } from '../../libs/image-cache/src/stores/filesystem/processes.js';

/** Opens the index of a cache as its store does. */
export async function openIndex(
  root: string,
  onDamaged: (cause: unknown) => void = () => undefined,
): Promise<OpenedIndex> {
  const { boot } = await processSpace();
  const layout = new Layout(root, { depth: 3, nameLength: 2 });
  const leases = await FileLeases.open({ layout, clock: new FakeClock(Date.now()) });
  return OpenedIndex.open({
    lmdb,
    directory: join(root, 'index'),
    boot,
    directories: new DirectorySpace({ layout, size: 0 }),
    takeTurn: () => leases.take('index'),
    onDamaged,
  });
}
