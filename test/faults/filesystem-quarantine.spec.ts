import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { infoKey, type EntryKey } from 'nestjs-image-cache';
import { copyFile, mkdir, readdir, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { eventually } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { drain } from '../support/drain.js';
import { entryFiles, openFiles, type OpenedStore } from '../support/filesystem-store.js';
import { put, readText, variantOf } from '../support/stores.js';

describe('a file of the filesystem store', () => {
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
    const before = await entryFiles(directory.path);
    await put(opened.store, key, body);
    const [file = ''] = (await entryFiles(directory.path)).filter((each) => !before.includes(each));
    return file;
  };

  it('is not set aside as damaged when another one has replaced it since it was opened', async () => {
    const key = variantOf('image');
    const file = await write(key, Buffer.alloc(300_000, 'picture'));
    const changed = await readFile(file);
    changed.writeUInt8(0, 290_000);
    await writeFile(file, changed);
    const damaged = await opened.store.read(key);
    await put(opened.store, key, 'new');
    expect(await drain(damaged)).toMatchObject({ error: { code: 'E_IMAGE_CACHE_CORRUPT' } });
    expect(await readText(opened.store, key)).toBe('new');
    expect(opened.incidents).toEqual([]);
  });

  it('is kept when it is damaged, with so many others and no more', async () => {
    for (let index = 0; index < 80; index += 1) {
      const file = await write(variantOf(`image ${index}`), Buffer.from('body'));
      await writeFile(file, `damaged ${index}`);
      await opened.store.read(variantOf(`image ${index}`));
    }
    const quarantine = join(directory.path, 'quarantine');
    const kept = await Promise.all((await readdir(quarantine)).map((name) => readFile(join(quarantine, name), 'utf8')));
    expect(kept.sort()).toEqual(Array.from({ length: 64 }, (_, index) => `damaged ${index + 16}`).sort());
  });

  it('is not kept when it is damaged and large, and no other one is lost for it', async () => {
    const quarantine = join(directory.path, 'quarantine');
    await mkdir(quarantine);
    await writeFile(join(quarantine, 'zzz-from-a-host-whose-clock-is-ahead'), 'damaged');
    const large = await write(variantOf('large'), Buffer.alloc(17 * 1024 * 1024));
    await truncate(large, 16 * 1024 * 1024 + 1);
    expect(await opened.store.read(variantOf('large'))).toBeUndefined();
    expect(await readdir(quarantine)).toEqual(['zzz-from-a-host-whose-clock-is-ahead']);
  });

  it.each(['read', 'swept'])('counts as long as it is kept when it was %s, and no longer', async (way) => {
    const root = join(directory.path, 'bounded');
    const { store } = await openFiles(root, { maxSize: '40MB' });
    // One that is larger than what is kept, and more of the others than are kept.
    const sizes = [17 * 1024 * 1024, ...Array.from({ length: 128 }, () => 150 * 1024)];
    for (const [index, size] of sizes.entries()) await put(store, variantOf(`damaged ${index}`), Buffer.alloc(size));
    for (const file of await entryFiles(root)) {
      await truncate(file, (await stat(file)).size - 1);
      await utimes(file, 0, 0);
    }
    if (way === 'read') for (const index of sizes.keys()) await store.read(variantOf(`damaged ${index}`));
    else await store.maintain?.('scrub', { stall: 0, rate: { bytes: 1e9 } });
    expect(await entryFiles(root)).toEqual([]);
    expect((await readdir(join(root, 'quarantine'))).length).toBe(64);
    await eventually(async () => {
      expect(await store.usage()).toEqual({ entries: 0, bytes: 0 });
    });
    for (let index = 0; index < 25; index += 1) await put(store, variantOf(`${index}`), Buffer.alloc(1024 * 1024));
    expect(await store.usage()).toMatchObject({ entries: 25 });
    await store.close?.();
  });

  it('can be read where it was copied to with the whole directory', async () => {
    const key = variantOf('image');
    const file = await write(key, Buffer.from('body'));
    const other = await makeDirectory();
    const elsewhere = await openFiles(other.path);
    await put(elsewhere.store, key, 'former');
    const [target = ''] = await entryFiles(other.path);
    await copyFile(file, target);
    expect(await readText(elsewhere.store, key)).toBe('body');
    await other.remove();
  });

  it('is not written when it could not be read again, and nothing of it is left', async () => {
    const headers = { link: 'x'.repeat(70_000) };
    await expect(put(opened.store, variantOf('image'), 'body', { headers })).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_TOO_LARGE',
    });
    await expect(put(opened.store, variantOf('image'), Readable.from(['body']), { headers })).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_TOO_LARGE',
    });
    await expect(put(opened.store, infoKey('image'), Buffer.alloc(17 * 1024 * 1024))).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_TOO_LARGE',
    });
    expect(await entryFiles(directory.path)).toEqual([]);
    expect(await readdir(join(directory.path))).not.toContain('quarantine');
  });
});
