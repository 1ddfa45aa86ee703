import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { infoKey } from 'nestjs-image-cache';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { entryFiles, filesIn, openFiles } from '../support/filesystem-store.js';
import { put, readText, variantOf } from '../support/stores.js';
import { portrayTree } from '../support/sweeps.js';

const KEY = variantOf('image');

describe.each([
  ['with an index', { maxEntries: 100 }],
  ['without an index', {}],
])('a filesystem store %s', (_, options) => {
  let directory: TestDirectory;
  let root: string;
  let marker: string;

  beforeEach(async () => {
    directory = await makeDirectory();
    root = join(directory.path, 'cache');
    marker = join(root, 'image-cache.json');
    const { store } = await openFiles(root, options);
    await put(store, KEY, 'body');
    await put(store, infoKey('image'), '{}');
    await store.clear('source');
    await store.close?.();
  });

  afterEach(() => directory.remove());

  it.each([{ format: 0 }, { format: 0, geometry: { depth: 1, nameLength: 9 } }])(
    'puts away what an earlier version has left (%j), and sweeps it',
    async (earlier) => {
      await writeFile(join(root, 'notes.txt'), 'of somebody');
      await writeFile(marker, JSON.stringify(earlier));
      const { store, incidents } = await openFiles(root, options);
      expect(JSON.parse(await readFile(marker, 'utf8'))).toEqual({
        format: 1,
        geometry: { depth: 3, nameLength: 2 },
      });
      expect(await store.read(KEY)).toBeUndefined();
      expect(await store.usage()).toEqual({ entries: 0, bytes: 0 });
      expect(await entryFiles(root)).toEqual([]);
      await put(store, KEY, 'new');
      expect(await readText(store, KEY)).toBe('new');
      expect(await store.maintain?.('trash', { stall: 0 })).toMatchObject({ failed: 0 });
      expect(await filesIn(join(root, 'trash'))).toEqual([]);
      expect(await readdir(root)).toContain('notes.txt');
      expect(await store.usage()).toEqual({ entries: 1, bytes: 3 });
      expect(incidents).toEqual([]);
      await store.close?.();
    },
  );

  it('puts it away once when several open it at the same time', async () => {
    await writeFile(marker, JSON.stringify({ format: 0 }));
    const opened = await Promise.all(Array.from({ length: 4 }, () => openFiles(root, options)));
    for (const { store } of opened) expect(await store.usage()).toEqual({ entries: 0, bytes: 0 });
    for (const [index, { store }] of opened.entries()) await put(store, variantOf(`${index}`), 'body');
    for (const { store } of opened) expect(await store.usage()).toEqual({ entries: 4, bytes: 16 });
    for (const { store } of opened) await store.close?.();
  });

  it('is refused what a later version has made, and leaves it as it is', async () => {
    await writeFile(marker, JSON.stringify({ format: 2, geometry: { depth: 3, nameLength: 2 } }));
    const before = await portrayTree(root);
    await expect(openFiles(root, options)).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_STORE_REFUSED',
      message: expect.stringContaining('format 2'),
    });
    expect(await portrayTree(root)).toBe(before);
  });

  it('does not go on in a root that a later version has taken over', async () => {
    const { store } = await openFiles(root, options);
    await store.clear();
    await writeFile(marker, JSON.stringify({ format: 2 }));
    await expect(put(store, KEY, 'new')).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_STORE_REFUSED' });
    expect(await entryFiles(root)).toEqual([]);
    await store.close?.();
  });
});
