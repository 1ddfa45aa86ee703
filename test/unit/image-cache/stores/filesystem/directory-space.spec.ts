import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as lmdb from 'lmdb';
import type { EntryKey, Kind } from 'nestjs-image-cache';
import { dirname } from 'node:path';
import { Layout } from '../../../../../libs/image-cache/src/stores/filesystem/files/layout.js';
import { DirectorySpace } from '../../../../../libs/image-cache/src/stores/filesystem/index/directory-space.js';
import { EntryIndex } from '../../../../../libs/image-cache/src/stores/filesystem/index/entry-index.js';
import { IndexTables } from '../../../../../libs/image-cache/src/stores/filesystem/index/index-tables.js';
import { bytesUsed } from '../../../../../libs/image-cache/src/stores/filesystem/index/totals.js';
import { makeDirectory, type TestDirectory } from '../../../../support/directories.js';

const SIZE = 1000;

/** Hashes of few images, of which some begin alike. */
const groups = fc
  .tuple(fc.constantFrom('', 'a', 'ab', 'abc', 'abcd', 'abcde', 'abcdef0'), fc.constantFrom('1', '2'))
  .map(([prefix, rest]) => prefix.padEnd(64, rest));

const keys: fc.Arbitrary<EntryKey> = fc.record({
  kind: fc.constantFrom<Kind>('variant', 'info', 'source'),
  group: groups,
  id: fc.constantFrom('0', '1').map((digit) => digit.padEnd(64, digit)),
  extension: fc.constantFrom('jpg', 'png'),
});

const changes = fc.array(fc.record({ key: keys, put: fc.boolean() }), { maxLength: 30 });

const geometries = fc.constantFrom(
  { depth: 0, nameLength: 1 },
  { depth: 3, nameLength: 2 },
  { depth: 2, nameLength: 3 },
  { depth: 5, nameLength: 1 },
);

describe('the space that directories take', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(() => directory.remove());

  it('is that of those that the files of the entries are in, each once', async () => {
    await fc.assert(
      fc.asyncProperty(geometries, changes, async (geometry, all) => {
        const layout = new Layout('/root', geometry);
        const tables = IndexTables.open(lmdb, directory.path, {
          directories: new DirectorySpace({ layout, size: SIZE }),
        });
        const index = new EntryIndex(tables);
        const there = new Set<string>();
        for (const { key, put } of all) {
          const before = bytesUsed(tables.totals());
          if (put) index.put({ key, at: 1, hits: 0, size: 1, stored: 1 });
          else expect(index.take(key)).toBe(before - bytesUsed(tables.totals()));
          there[put ? 'add' : 'delete'](layout.file(key));
          const directories = new Set([...there].flatMap((file) => layout.above(file)));
          expect([...directories].every((each) => each.startsWith(dirname(layout.tree('info'))))).toBe(true);
          expect(bytesUsed(tables.totals())).toBe(there.size + directories.size * SIZE);
        }
        for (const kind of ['variant', 'info', 'source'] as const) index.takeAll(kind);
        expect(bytesUsed(tables.totals())).toBe(0);
        await tables.close();
      }),
      { numRuns: 60 },
    );
  });
});
