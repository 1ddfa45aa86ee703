import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { filesystemStore } from 'nestjs-image-cache';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { openFiles } from '../support/filesystem-store.js';
import { put, readText, variantOf } from '../support/stores.js';

const KEY = variantOf('image');

const REFUSED = { code: 'E_IMAGE_CACHE_STORE_REFUSED' };

describe('the root of the filesystem store', () => {
  let directory: TestDirectory;
  let root: string;
  let marker: string;

  beforeEach(async () => {
    directory = await makeDirectory();
    root = join(directory.path, 'cache');
    marker = join(root, 'image-cache.json');
  });

  afterEach(() => directory.remove());

  const readMarker = async (): Promise<unknown> => JSON.parse(await readFile(marker, 'utf8'));

  it('is made when it is missing, and is marked as a cache', async () => {
    await openFiles(root, { depth: 2, nameLength: 3 });
    expect(await readMarker()).toEqual({ format: 1, geometry: { depth: 2, nameLength: 3 } });
    expect((await readdir(root)).sort()).toEqual(['CACHEDIR.TAG', 'image-cache.json']);
    expect(await readFile(join(root, 'CACHEDIR.TAG'), 'utf8')).toMatch(
      /^Signature: 8a477f597d28d172789f06886806bc55\n/,
    );
  });

  it('is refused when there is something else in it, and stays as it is', async () => {
    await mkdir(root);
    await writeFile(join(root, 'holiday.jpg'), 'original');
    await expect(openFiles(root)).rejects.toMatchObject({
      ...REFUSED,
      message: expect.stringMatching(/^filesystemStore\.directory: .*holiday\.jpg/),
    });
    expect(await readdir(root)).toEqual(['holiday.jpg']);
  });

  it('is refused when it holds trees with our names and no marker', async () => {
    await mkdir(join(root, 'image'), { recursive: true });
    await expect(openFiles(root)).rejects.toMatchObject(REFUSED);
  });

  it('may be a file system of its own', async () => {
    await mkdir(join(root, 'lost+found'), { recursive: true });
    const { store } = await openFiles(root);
    await put(store, KEY, 'body');
    await store.clear();
    for (const step of ['abandoned', 'detritus', 'trash'] as const) await store.maintain?.(step, { stall: 0 });
    expect(await readdir(root)).toContain('lost+found');
  });

  it.each([
    ['depth', { depth: 2 }],
    ['length of names', { nameLength: 3 }],
  ])('is refused with another %s than it was made with', async (_, options) => {
    const { store } = await openFiles(root);
    await put(store, KEY, 'body');
    await expect(openFiles(root, options)).rejects.toMatchObject({
      ...REFUSED,
      message: expect.stringContaining('depth 3 and nameLength 2'),
    });
    expect(await readText((await openFiles(root)).store, KEY)).toBe('body');
  });

  it('is refused when a later version has made it', async () => {
    await openFiles(root);
    await writeFile(marker, JSON.stringify({ format: 2, layout: 'new' }));
    await expect(openFiles(root)).rejects.toMatchObject({ ...REFUSED, message: expect.stringContaining('format 2') });
  });

  it.each([
    '',
    'null',
    '5',
    '[]',
    '{}',
    '{"format":1}',
    '{"format":1,"geometry":null}',
    '{"format":1,"geometry":{}}',
    '{',
  ])('is refused when its marker is %j', async (content) => {
    await openFiles(root);
    await writeFile(marker, content);
    await expect(openFiles(root)).rejects.toMatchObject({
      ...REFUSED,
      message: expect.stringMatching(/^filesystemStore\.directory: /),
    });
  });

  it('can be opened by several at once while it is empty, and is marked once', async () => {
    for (let round = 0; round < 20; round += 1) {
      const path = join(root, `${round}`);
      const opened = await Promise.all(Array.from({ length: 6 }, () => openFiles(path)));
      await Promise.all(opened.map(({ store }, index) => put(store, variantOf(`${index}`), 'body')));
      for (const { store } of opened) expect(await store.usage()).toEqual({ entries: 6, bytes: 24 });
      expect((await readdir(path)).sort()).toEqual(['CACHEDIR.TAG', 'image', 'image-cache.json']);
    }
  });

  it('comes back with its marker when it was removed while it was in use', async () => {
    const { store } = await openFiles(root);
    await put(store, KEY, 'body');
    const pending = await store.reserve(KEY);
    await rm(root, { recursive: true });
    expect(await store.read(KEY)).toBeUndefined();
    expect(await store.usage()).toEqual({ entries: 0, bytes: 0 });
    await store.touch([{ key: KEY, at: Date.now(), hits: 1 }]);
    expect(await store.deleteGroup(KEY.group)).toMatchObject({ variants: 0 });
    await store.clear();
    expect(await readdir(root)).toEqual(['CACHEDIR.TAG', 'evictions.log', 'image-cache.json']);
    const meta = { identifier: 'image', contentType: 'image/jpeg', createdAt: 0 };
    expect(await pending.commit({ body: Buffer.from('late') }, meta)).toBe('fenced');
    await put(store, KEY, 'new');
    expect(await readText(store, KEY)).toBe('new');
    expect(await readMarker()).toMatchObject({ format: 1 });
    expect(await readText((await openFiles(root)).store, KEY)).toBe('new');
  });

  it('is not written to when something else has taken its place', async () => {
    const { store } = await openFiles(root);
    await rename(root, `${root}.old`);
    await mkdir(root);
    await writeFile(join(root, 'holiday.jpg'), 'original');
    await expect(put(store, KEY, 'body')).rejects.toMatchObject(REFUSED);
    await expect(store.clear()).rejects.toThrow(/^Other processes could not be told: .*holiday\.jpg/);
    expect(await readdir(root)).toEqual(['holiday.jpg']);
  });

  it('may be named by a link', async () => {
    await mkdir(join(directory.path, 'elsewhere'));
    await symlink(join(directory.path, 'elsewhere'), root);
    const { store } = await openFiles(root);
    await put(store, KEY, 'body');
    expect(await readText(store, KEY)).toBe('body');
  });

  it('says when it can be used and when not, and leaves nothing by being asked', async () => {
    const { store } = await openFiles(root);
    await store.ping?.();
    expect((await readdir(root)).sort()).toEqual(['CACHEDIR.TAG', 'image-cache.json']);
    await rm(root, { recursive: true });
    await expect(store.ping?.()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is a directory relative to where the process was when the store was made', async () => {
    const path = relative(process.cwd(), root);
    expect(isAbsolute(path)).toBe(false);
    await openFiles(path);
    expect(await readdir(root)).toContain('image-cache.json');
  });

  it.each([undefined, '', '  ', null, 5])('has to be named: %p is refused', (path) => {
    const make = (): unknown => filesystemStore({ directory: path as string });
    expect(make).toThrow(expect.objectContaining({ code: 'E_IMAGE_CACHE_OPTIONS' }));
    expect(make).toThrow(/^filesystemStore\.directory: /);
  });

  it.each([
    [{ depth: -1 }, 'filesystemStore.depth: '],
    [{ depth: 1.5 }, 'filesystemStore.depth: '],
    [{ depth: 9 }, 'filesystemStore.depth: '],
    [{ nameLength: 0 }, 'filesystemStore.nameLength: '],
    [{ nameLength: '2' }, 'filesystemStore.nameLength: '],
    [{ durable: 'no' }, 'filesystemStore.durable: '],
    [{ index: 'no' }, 'filesystemStore.index: '],
    [{ directroy: '/x' }, 'filesystemStore.directroy: '],
  ])('refuses the options %j by their path', (options, message) => {
    expect(() => filesystemStore({ directory: '/x', ...(options as object) })).toThrow(message);
  });

  it('refuses to be used before it was opened', async () => {
    const report = (): void => undefined;
    const clock = { now: () => 0, schedule: () => ({ cancel: () => undefined }) };
    const store = filesystemStore({ directory: root })({ clock, maxBufferedEntry: 1, report });
    await expect(store.read(KEY)).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_CLOSED' });
    await expect(store.reserve(KEY)).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_CLOSED' });
    await expect(readdir(root)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
