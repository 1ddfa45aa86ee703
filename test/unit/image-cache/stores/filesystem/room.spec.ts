import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from 'nestjs-image-cache/testing';
import { EntryIndex } from '../../../../../libs/image-cache/src/stores/filesystem/index/entry-index.js';
import { encodeKey } from '../../../../../libs/image-cache/src/stores/filesystem/index/index-codec.js';
import type { OpenedIndex } from '../../../../../libs/image-cache/src/stores/filesystem/index/opened-index.js';
import { Layout } from '../../../../../libs/image-cache/src/stores/filesystem/files/layout.js';
import { BackgroundWork } from '../../../../../libs/image-cache/src/stores/filesystem/space/background-work.js';
import { resolveBounds } from '../../../../../libs/image-cache/src/stores/filesystem/space/bounds.js';
import { Pruner } from '../../../../../libs/image-cache/src/stores/filesystem/space/pruner.js';
import { Room } from '../../../../../libs/image-cache/src/stores/filesystem/space/room.js';
import { makeDirectory, type TestDirectory } from '../../../../support/directories.js';
import { openIndex } from '../../../../support/opened-index.js';
import { variantOf } from '../../../../support/stores.js';

const MB = 1024 * 1024;

describe('the room on a file system where space that was freed shows late', () => {
  let directory: TestDirectory;
  let index: OpenedIndex;

  beforeEach(async () => {
    directory = await makeDirectory();
    index = await openIndex(directory.path);
  });

  afterEach(async () => {
    await index.close();
    await directory.remove();
  });

  it('is made by as many entries as it takes, and no more', async () => {
    const { tables } = index;
    tables.transaction(() => {
      for (let each = 0; each < 100; each += 1)
        tables.put('variant', encodeKey(variantOf(`image ${each}`)) ?? Buffer.alloc(0), {
          at: each,
          size: 8000,
          stored: 8192,
          hits: 0,
        });
    });
    const report = (): void => undefined;
    const entries = (): EntryIndex => new EntryIndex(tables);
    const layout = new Layout(directory.path, { depth: 3, nameLength: 2 });
    const room = new Room({
      tables: () => tables,
      pruner: new Pruner({ layout, index: entries, clock: new FakeClock(), report }),
      bounds: resolveBounds({ minFree: MB + 3 * 8192 }, ''),
      ahead: false,
      free: () => ({ bytes: MB, inodes: 1000 }),
      inodesOfWrite: 4,
      background: new BackgroundWork(report),
    });
    const write = { name: 'new', key: variantOf('new'), bytes: 8192, owner: 'me' };
    expect(await room.admit(write)).toBe(true);
    expect(entries().usage().entries).toBe(96);
  });
});
