import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { infoKey, type EntryKey } from 'nestjs-image-cache';
import { spawnSync } from 'node:child_process';
import { lstat, mkdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { entryFiles, filesIn, openFiles, type OpenedStore } from '../support/filesystem-store.js';
import { put, readText, variantOf } from '../support/stores.js';

const DAY = 86_400_000;

/** Entries that are read in different ways: at once, asynchronously, as a stream, and as JSON. */
const ENTRIES: readonly [string, EntryKey, Buffer][] = [
  ['a small variant', variantOf('image', 'small'), Buffer.alloc(1000, 'small')],
  ['a variant', variantOf('image', 'medium'), Buffer.alloc(100_000, 'medium')],
  ['a large variant', variantOf('image', 'large'), Buffer.alloc(300_000, 'large')],
  ['an info', infoKey('image'), Buffer.from(JSON.stringify({ width: 1 }))],
];

describe('something else in the place of a file of the filesystem store', () => {
  let directory: TestDirectory;
  let opened: OpenedStore;

  beforeEach(async () => {
    directory = await makeDirectory();
    opened = await openFiles(directory.path);
  });

  afterEach(async () => {
    await opened.store.close?.();
    await directory.remove();
  });

  const write = async (key: EntryKey, body: Buffer): Promise<string> => {
    await put(opened.store, key, body);
    const [file = ''] = await entryFiles(directory.path);
    return file;
  };

  describe.each(ENTRIES)('(of %s)', (_, key, body) => {
    it('is not followed when it is a link, neither for reading nor for touching, writing or evicting', async () => {
      const file = await write(key, body);
      const outside = join(directory.path, 'outside');
      await rename(file, outside);
      const past = new Date('2020-01-01');
      await utimes(outside, past, past);
      const original = await readFile(outside);
      await symlink(outside, file);
      expect(await opened.store.read(key)).toBeUndefined();
      expect(await opened.store.stat(key)).toBeUndefined();
      await opened.store.touch([{ key, at: Date.now() + DAY, hits: 1 }]);
      expect((await lstat(outside)).mtime).toEqual(past);
      await opened.store.delete(key);
      await expect(lstat(file)).rejects.toMatchObject({ code: 'ENOENT' });
      // The entry has taken its empty directory along.
      await mkdir(dirname(file), { recursive: true });
      await symlink(outside, file);
      await put(opened.store, key, 'new');
      expect(await readText(opened.store, key)).toBe('new');
      expect(await readFile(outside)).toEqual(original);
    });

    it('is a miss and is replaced when it is a pipe that nobody writes to', async () => {
      const file = await write(key, body);
      await rm(file);
      expect(spawnSync('mkfifo', [file]).status).toBe(0);
      expect(await opened.store.read(key)).toBeUndefined();
      expect(await opened.store.stat(key)).toBeUndefined();
      await put(opened.store, key, 'new');
      expect(await readText(opened.store, key)).toBe('new');
    });

    it('is a miss when it is a directory, and can be written again once a sweep has taken that away', async () => {
      const file = await write(key, body);
      await rm(file);
      await mkdir(file);
      await writeFile(join(file, 'content'), 'foreign');
      expect(await opened.store.read(key)).toBeUndefined();
      expect(await opened.store.stat(key)).toBeUndefined();
      await expect(put(opened.store, key, 'new')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
      expect((await filesIn(directory.path)).filter((name) => name.includes('.tmp'))).toEqual([]);
      await opened.clock.advance(2 * DAY);
      expect(await opened.store.maintain?.('detritus', { stall: DAY })).toMatchObject({ failed: 0 });
      expect(await entryFiles(directory.path)).toEqual([]);
      await put(opened.store, key, 'new');
      expect(await readText(opened.store, key)).toBe('new');
    });
  });
});
