import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { infoKey, type EntryKey } from 'nestjs-image-cache';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { entryFiles, filesIn, openDescriptors, openFiles, type OpenedStore } from '../support/filesystem-store.js';
import { pin, release } from '../support/mounts.js';
import { put, readText, variantOf } from '../support/stores.js';

const DAY = 86_400_000;

describe('evictions from the filesystem store', () => {
  let directory: TestDirectory;
  let opened: OpenedStore;

  beforeEach(async () => {
    directory = await makeDirectory();
    opened = await openFiles(directory.path);
  });

  afterEach(async () => {
    await opened.store.close?.();
    release(directory.path);
    await directory.remove();
  });

  const fileOf = async (key: EntryKey): Promise<string> => {
    const { store } = await openFiles(directory.path);
    const before = await entryFiles(directory.path);
    await put(store, key, 'body');
    return (await entryFiles(directory.path)).find((file) => !before.includes(file)) ?? '';
  };

  it('go on past what cannot be removed, tell of it, and count the rest', async () => {
    const keys = Array.from({ length: 30 }, (_, index) => variantOf(`image ${index}`));
    for (const key of keys) await put(opened.store, key, Buffer.alloc(1000));
    const stuck = join(dirname(await fileOf(variantOf('image 7', 'other'))), 'stuck');
    await mkdir(stuck);
    await writeFile(join(stuck, 'held'), '');
    pin(stuck);
    const evicted = await opened.store.clear();
    for (const key of keys) expect(await opened.store.read(key)).toBeUndefined();
    const counts = await evicted.completed;
    expect(counts?.variants).toBeGreaterThanOrEqual(31);
    expect(counts?.bytes).toBeGreaterThan(30_000);
    expect(opened.incidents.map(({ kind }) => kind)).toEqual(['leftover']);
    expect(opened.incidents[0]?.message).toContain('stuck');
    expect(await opened.store.maintain?.('trash', { stall: DAY })).toMatchObject({ removed: 0, failed: 1 });
    release(directory.path);
    expect(await opened.store.maintain?.('trash', { stall: DAY })).toMatchObject({ failed: 0 });
    expect(await readdir(join(directory.path, 'trash'))).toEqual([]);
  });

  it('fail loudly when a part cannot be moved away, and evict all the others', async () => {
    const key = variantOf('image');
    await put(opened.store, key, 'body');
    await put(opened.store, infoKey('image'), '{}');
    pin(join(directory.path, 'info'));
    const generation = await opened.store.generation(key.group);
    await expect(opened.store.clear()).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_STORE_UNAVAILABLE' });
    expect(await opened.store.read(key)).toBeUndefined();
    expect(await opened.store.generation(key.group)).not.toBe(generation);
    release(directory.path);
    await opened.store.clear();
    expect(await opened.store.read(infoKey('image'))).toBeUndefined();
  });

  it('of an image fail loudly when its directory cannot be moved away, and take its info along', async () => {
    const key = variantOf('image');
    pin(dirname(await fileOf(key)));
    await put(opened.store, infoKey('image'), '{}');
    await expect(opened.store.deleteGroup(key.group)).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_STORE_UNAVAILABLE',
      message: expect.stringContaining('1 of 4 parts'),
    });
    expect(await opened.store.read(infoKey('image'))).toBeUndefined();
    release(directory.path);
    expect(await opened.store.deleteGroup(key.group)).toMatchObject({ variants: 1 });
  });

  it('leave no descriptor open, whether the bodies are read to their end, left or never read', async () => {
    const keys = Array.from({ length: 12 }, (_, index) => variantOf('image', `${index}`));
    await opened.store.deleteGroup(variantOf('image').group);
    const own = await openDescriptors(directory.path);
    for (const key of keys) await put(opened.store, key, Buffer.alloc(2_000_000));
    const entries = await Promise.all(keys.map((key) => opened.store.read(key)));
    expect(await openDescriptors(directory.path)).toBe(own + 12);
    await opened.store.deleteGroup(variantOf('image').group);
    const bodies = entries.flatMap((entry) =>
      entry && 'body' in entry && entry.body instanceof Readable ? entry.body : [],
    );
    const closed = bodies.map((body) => new Promise((resolve) => body.once('close', resolve)));
    for (const [index, body] of bodies.entries()) {
      if (index % 3 === 0) body.resume();
      if (index % 3 === 1) body.destroy();
      if (index % 3 === 2) body.once('readable', () => body.destroy());
    }
    await Promise.all(closed);
    await new Promise(setImmediate);
    expect(await openDescriptors(directory.path)).toBe(own);
    expect(await entryFiles(directory.path)).toEqual([]);
  });

  it('take unfinished writes of an entry along, and leave those of the others of its image', async () => {
    const one = await opened.store.reserve(variantOf('image', 'one'));
    const two = await opened.store.reserve(variantOf('image', 'two'));
    await opened.store.delete(variantOf('image', 'one'));
    const meta = { identifier: 'image', contentType: 'image/jpeg', createdAt: 0 };
    expect(await one.commit({ body: Buffer.from('one') }, meta)).toBe('fenced');
    expect(await two.commit({ body: Buffer.from('two') }, meta)).not.toBe('fenced');
    expect(await readText(opened.store, variantOf('image', 'two'))).toBe('two');
  });

  it('of everything complete while others write, and leave no trash', async () => {
    let done = false;
    const writer = async (name: string): Promise<void> => {
      const { store } = await openFiles(directory.path);
      for (let turn = 0; !done; turn += 1) await put(store, variantOf(`image ${turn % 7}`, name), Buffer.alloc(5000));
    };
    const writers = ['a', 'b', 'c', 'd'].map(writer);
    for (let turn = 0; turn < 10; turn += 1) {
      const before = variantOf(`before ${turn}`);
      await put(opened.store, before, 'body');
      await (
        await opened.store.clear()
      ).completed;
      expect(await opened.store.read(before)).toBeUndefined();
    }
    done = true;
    await Promise.all(writers);
    await (
      await opened.store.clear()
    ).completed;
    await opened.store.maintain?.('trash', { stall: DAY });
    expect(await filesIn(directory.path)).toEqual(['CACHEDIR.TAG', 'evictions.log', 'image-cache.json']);
    expect(opened.incidents).toEqual([]);
  });

  describe('by maintenance', () => {
    const age = async (path: string): Promise<void> => {
      const past = (Date.now() - 2 * DAY) / 1000;
      for (const name of await readdir(path, { recursive: true })) await utimes(join(path, name), past, past);
      await utimes(path, past, past);
    };

    it('take away writes that nothing has happened to for long, and no others', async () => {
      for (const key of [variantOf('image'), infoKey('image')]) {
        const abandoned = await opened.store.reserve(key);
        await writeFile(abandoned.file ?? '', 'half of a picture');
      }
      await age(directory.path);
      const young = await opened.store.reserve(variantOf('other image'));
      const report = await opened.store.maintain?.('abandoned', { stall: DAY });
      expect(report).toMatchObject({ step: 'abandoned', removed: 2, failed: 0 });
      expect(report?.bytes).toBeGreaterThanOrEqual(34);
      expect(
        await young.commit({ body: Buffer.from('body') }, { identifier: 'x', contentType: 'y', createdAt: 0 }),
      ).not.toBe('fenced');
      expect(await entryFiles(directory.path)).toHaveLength(1);
    });

    it('spare a write whose file is still growing in an old directory', async () => {
      const growing = await opened.store.reserve(variantOf('image'));
      await age(directory.path);
      await writeFile(growing.file ?? '', 'more');
      await utimes(dirname(growing.file ?? ''), 0, 0);
      expect(await opened.store.maintain?.('abandoned', { stall: DAY })).toMatchObject({ removed: 0 });
    });

    it('take away old files that are no entries, and empty directories, and nothing else', async () => {
      const entry = variantOf('image');
      const file = await fileOf(entry);
      const foreign = [join(dirname(file), 'README'), join(directory.path, 'image', 'notes.old.txt')];
      for (const path of foreign) await writeFile(path, 'foreign');
      await age(directory.path);
      await writeFile(join(dirname(file), 'young'), 'foreign');
      await mkdir(join(directory.path, 'image', 'ff', 'ff'), { recursive: true });
      const report = await opened.store.maintain?.('detritus', { stall: DAY });
      expect(report).toMatchObject({ removed: 4, failed: 0, bytes: 14 });
      expect(await filesIn(join(directory.path, 'image'))).toHaveLength(2);
      expect(await readText(opened.store, entry)).toBe('body');
      expect(await readdir(join(directory.path, 'image'))).not.toContain('ff');
    });

    it('leave files to the listing that could be entries by their names', async () => {
      const file = await fileOf(variantOf('image'));
      await writeFile(join(dirname(file), 'thumbs.db'), 'foreign');
      await writeFile(join(directory.path, 'image', 'notes.txt'), 'foreign');
      expect(await opened.store.usage()).toEqual({ entries: 1, bytes: 4 });
      expect((await filesIn(join(directory.path, 'image'))).map((name) => basename(name))).toEqual([
        basename(file),
        'notes.txt',
      ]);
      expect(opened.incidents.map(({ kind }) => kind)).toEqual(['quarantined']);
    });

    it('go on past what cannot be removed', async () => {
      await fileOf(variantOf('image'));
      const [held, other] = ['a', 'b'].map((name) => join(directory.path, 'image', name));
      for (const path of [held, other].filter((each) => each !== undefined)) {
        await mkdir(path);
        await writeFile(join(path, 'README'), 'foreign');
      }
      await age(directory.path);
      pin(held ?? '');
      const report = await opened.store.maintain?.('detritus', { stall: DAY });
      expect(report).toMatchObject({ removed: 3, failed: 1 });
      expect(opened.incidents).toMatchObject([{ kind: 'leftover', message: expect.stringContaining(held ?? '') }]);
      expect(await readdir(join(directory.path, 'image'))).toContain('a');
    });

    it('stop when they are told to, and tell what they have done', async () => {
      for (let index = 0; index < 20; index += 1) await put(opened.store, variantOf(`image ${index}`), 'body');
      for (const step of ['abandoned', 'detritus', 'trash'] as const) {
        const report = await opened.store.maintain?.(step, { stall: DAY, signal: AbortSignal.abort() });
        expect(report).toMatchObject({ step, stopped: 'aborted', removed: 0 });
      }
    });
  });
});
