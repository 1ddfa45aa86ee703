import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as lmdb from 'lmdb';
import { infoKey, type EntryKey } from 'nestjs-image-cache';
import { lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Layout } from '../../../../../libs/image-cache/src/stores/filesystem/files/layout.js';
import { EntryIndex } from '../../../../../libs/image-cache/src/stores/filesystem/index/entry-index.js';
import { FileRecords } from '../../../../../libs/image-cache/src/stores/filesystem/index/file-records.js';
import { IndexTables } from '../../../../../libs/image-cache/src/stores/filesystem/index/index-tables.js';
import type { Published } from '../../../../../libs/image-cache/src/stores/filesystem/space/space.js';
import { directorySpace } from '../../../../support/filesystem-store.js';
import { makeDirectory, type TestDirectory } from '../../../../support/directories.js';
import { variantOf } from '../../../../support/stores.js';

const BLOCK = 4096;

describe('what the index is told of files', () => {
  let directory: TestDirectory;
  let layout: Layout;
  let tables: IndexTables;
  let records: FileRecords;

  beforeEach(async () => {
    directory = await makeDirectory();
    layout = new Layout(directory.path, { depth: 1, nameLength: 2 });
    mkdirSync(layout.trash);
    const directories = directorySpace(directory.path);
    tables = IndexTables.open(lmdb, join(directory.path, 'index'), { directories });
    // A body is all that is in a file here, and a file of zeros is damaged.
    const bodySize = (key: EntryKey): Promise<number | undefined> => {
      const size = lstatSync(layout.file(key), { throwIfNoEntry: false })?.size;
      return Promise.resolve(size === 0 ? undefined : size);
    };
    records = new FileRecords({ layout, tables: () => tables, directories, block: BLOCK, bodySize });
  });

  afterEach(async () => {
    await tables.close();
    await directory.remove();
  });

  /** Puts a file into its place, as a write does, and returns what is to be told of it. */
  const publish = (key: EntryKey, size: number): Published => {
    const file = layout.file(key);
    mkdirSync(dirname(file), { recursive: true });
    const draft = join(directory.path, 'draft');
    writeFileSync(draft, Buffer.alloc(size));
    renameSync(draft, file);
    return { at: 1, size, fileSize: size, inode: lstatSync(file).ino };
  };

  let pieces = 0;

  /** Moves a file or a directory to the trash; returns its path as it is told. */
  const discard = (path: string): string => {
    const piece = join(layout.trash, `${(pieces += 1)}`);
    renameSync(path, piece);
    return layout.relative(piece);
  };

  const index = (): EntryIndex => new EntryIndex(tables);

  it.each([variantOf('image'), infoKey('image')])('is that an entry is there, and that it has gone (%#)', (key) => {
    records.published(key, 'write', publish(key, 5000));
    expect(index().get(key)).toEqual({ at: 1, hits: 0, size: 5000, stored: 2 * BLOCK });
    const path = discard(layout.file(key));
    records.discarded({ key }, path);
    expect(index().get(key)).toBeUndefined();
    expect(tables.totals()).toMatchObject({ discarded: 2 * BLOCK });
  });

  it('does not bring an entry back that was evicted before its publication was told of', () => {
    const key = variantOf('image');
    const late = publish(key, 5000);
    const path = discard(layout.file(key));
    records.discarded({ key }, path);
    records.published(key, 'write', late);
    expect(index().get(key)).toBeUndefined();
  });

  it('is of the entry that has stayed when two publish the same one and tell of it in the wrong order', () => {
    const key = variantOf('image');
    const first = publish(key, 5000);
    const second = publish(key, 9000);
    records.published(key, 'second', second);
    records.published(key, 'first', first);
    expect(index().get(key)).toMatchObject({ size: 9000 });
    expect(tables.totals().kinds.variant).toEqual({ entries: 1, size: 9000, stored: 3 * BLOCK });
  });

  it('leaves an entry alone that was published anew before the eviction of the former one was told of', () => {
    const key = variantOf('image');
    records.published(key, 'first', publish(key, 5000));
    const path = discard(layout.file(key));
    records.published(key, 'second', publish(key, 9000));
    records.discarded({ key }, path);
    expect(index().get(key)).toMatchObject({ size: 9000 });
    expect(tables.totals()).toMatchObject({ discarded: 2 * BLOCK });
  });

  it('leaves the entries of an image alone that were published after its eviction, and takes out all others', () => {
    const keys = Array.from({ length: 130 }, (_, each) => variantOf('image', `${each}`));
    for (const key of keys) records.published(key, 'write', publish(key, 100));
    records.published(variantOf('other'), 'write', publish(variantOf('other'), 100));
    const again = variantOf('image', '70');
    const path = discard(dirname(layout.file(again)));
    records.published(again, 'write', publish(again, 100));
    records.discarded({ kind: 'variant', group: again.group }, path);
    expect([...index().byKey('variant')].map(({ key }) => key)).toHaveLength(2);
    expect(index().get(again)).toBeDefined();
    expect(index().get(variantOf('other'))).toBeDefined();
    expect(tables.totals().discarded).toBe(129 * BLOCK);
  });

  it('is doubted when all were evicted and there are new ones by the time it is told of', () => {
    const key = variantOf('image');
    tables.setComplete(tables.doubts);
    records.published(key, 'first', publish(key, 100));
    records.discarded({ kind: 'variant' }, discard(layout.tree('variant')));
    expect(tables.isComplete).toBe(true);
    records.published(key, 'second', publish(key, 100));
    const path = discard(layout.tree('variant'));
    records.published(key, 'third', publish(key, 100));
    records.discarded({ kind: 'variant' }, path);
    expect(tables.isComplete).toBe(false);
  });

  it('is looked up where nobody told of it', async () => {
    const published = variantOf('published');
    const evicted = variantOf('evicted');
    const damaged = variantOf('damaged');
    publish(published, 5000);
    publish(damaged, 0);
    records.published(evicted, 'write', publish(evicted, 100));
    expect(records.drop(evicted)).toBe(false);
    rmSync(layout.file(evicted));
    expect(await records.adopt(published)).toBe(true);
    expect(await records.adopt(damaged)).toBe(false);
    expect(await records.adopt(evicted)).toBe(false);
    expect(records.drop(evicted)).toBe(true);
    expect(index().usage()).toEqual({ entries: 1, bytes: 5000 });
  });
});
