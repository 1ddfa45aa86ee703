import { accessSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as lmdb from 'lmdb';
import { DirectorySpace } from '../../../libs/image-cache/src/stores/filesystem/index/directory-space.js';
import { EntryIndex, type IndexedEntry } from '../../../libs/image-cache/src/stores/filesystem/index/entry-index.js';
import { IndexTables } from '../../../libs/image-cache/src/stores/filesystem/index/index-tables.js';
import { Layout } from '../../../libs/image-cache/src/stores/filesystem/files/layout.js';
import { Pruner } from '../../../libs/image-cache/src/stores/filesystem/space/pruner.js';
import { FakeClock } from '../../../libs/image-cache/src/testing/fake-clock.js';
import { variantOf } from '../../support/stores.js';

// Prunes some of the entries of a large index between two looks at files that are not there, to be found in a trace.
const [directory = '', entries = '', victims = ''] = process.argv.slice(2);
const layout = new Layout(directory, { depth: 2, nameLength: 2 });
mkdirSync(join(directory, 'index'));
const open = (size: number): IndexTables => {
  const directories = new DirectorySpace({ layout, size });
  return IndexTables.open(lmdb, join(directory, 'index'), { directories });
};
let read = 0;

class CountingIndex extends EntryIndex {
  override oldest(count: number): IndexedEntry[] {
    const oldest = super.oldest(count);
    read += oldest.length;
    return oldest;
  }
}

const filling = open(0);
for (let start = 0; start < Number(entries); start += 1000) {
  filling.transaction(() => {
    const index = new EntryIndex(filling);
    for (let each = start; each < Math.min(start + 1000, Number(entries)); each += 1)
      index.put({ key: variantOf(`image ${each}`), at: 1000 + each, hits: 0, size: 1, stored: 4096 });
  });
}
await filling.close();
for (let each = 0; each < Number(victims); each += 1) {
  const file = layout.file(variantOf(`image ${each}`));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, 'body');
}
const tables = open(4096);
const index = new CountingIndex(tables);
const pruner = new Pruner({ layout, index: () => index, clock: new FakeClock(0), report: () => undefined });

function mark(name: string): void {
  try {
    accessSync(`/image-cache-${name}`);
  } catch {
    // it is the trace that matters
  }
}

await pruner.prune(({ entries: pruned }) => ({ bytes: 0, entries: 1 - pruned }));
mark('begin');
read = 0;
const wanted = Number(victims) - 1;
const pruned = await pruner.prune(({ entries: gone }) => ({ bytes: 0, entries: wanted - gone }));
mark('end');
await tables.close();
process.stdout.write(`${JSON.stringify({ ...pruned, read })}\n`);
