import { EntryIndex } from '../../../libs/image-cache/src/stores/filesystem/index/entry-index.js';
import { variantKey } from '../../../libs/image-cache/src/keys/entry-keys.js';
import { openIndex } from '../../support/opened-index.js';

// Opens an index again and again, or writes to it; tells how many changes of its own it has lost.
const [directory = '', writer = '', turns = ''] = process.argv.slice(2);
process.stdout.write('"ready"\n');
await new Promise((resolve) => process.stdin.once('data', resolve));
const keys = Array.from({ length: 50 }, (_, each) =>
  variantKey({ identifier: `image ${each} of ${writer}`, operations: 'max', extension: 'jpg' }),
);
let lost = 0;

async function openAndClose(): Promise<void> {
  for (let turn = 0; turn < Number(turns); turn += 1) await (await openIndex(directory)).close();
}

async function write(): Promise<void> {
  const opened = await openIndex(directory);
  const { tables } = opened;
  const index = new EntryIndex(tables);
  for (let turn = 0; turn < Number(turns); turn += 1) {
    const [key] = keys.slice(turn % keys.length);
    if (key === undefined) continue;
    tables.transaction(() => {
      const expected = turn < keys.length ? undefined : turn - keys.length;
      if (index.get(key)?.size !== expected) lost += 1;
      index.put({ key, at: turn, hits: 0, size: turn, stored: 4096 });
    });
    if (turn % 20 === 0) await new Promise(setImmediate);
  }
  await opened.close();
}

await (writer === '' ? openAndClose() : write());
process.stdin.destroy();
process.stdout.write(`${JSON.stringify(lost)}\n`);
