import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createImageCache, filesystemStore, type ImageCache } from 'nestjs-image-cache';
import type { Render, Variant } from 'nestjs-image-cache';
import { deferred, next, record } from '../support/async.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { makeReadOnly, MAY_MOUNT, mountSmall, release } from '../support/mounts.js';

const FOLLOWERS = 20;
const PICTURE = randomBytes(3_000_000);
const identity = { identifier: 'image', operations: 'full', extension: 'jpg' };

async function bytesOf({ body }: Variant): Promise<Buffer> {
  return Buffer.isBuffer(body) ? body : buffer(body as Readable);
}

describe('a render that writes a file', () => {
  let directory: TestDirectory;
  let cache: ImageCache;
  let root: string;
  /** Where each render was to write to. */
  let files: (string | undefined)[];

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
    root = join(directory.path, 'cache');
    files = [];
  });

  afterEach(async () => {
    await cache.close();
    release(directory.path);
    await directory.remove();
  });

  const open = async (): Promise<void> => {
    cache = await createImageCache({ variant: { store: filesystemStore({ directory: root }) } });
  };

  /** Writes the picture as an encoder does that knows its start at the end; without a file, makes it in memory. */
  const renderWith =
    (prepare: (file: string) => Promise<void> | void): Render =>
    async ({ file }) => {
      files.push(file);
      if (file === undefined) return { body: PICTURE, contentType: 'image/jpeg' };
      await prepare(file);
      await writeFile(file, Buffer.concat([Buffer.alloc(1000), PICTURE.subarray(1000)]));
      await writeFile(file, PICTURE.subarray(0, 1000), { flag: 'r+' });
      return { body: { file }, contentType: 'image/jpeg' };
    };

  const askAll = (render: Render): Promise<Variant[]> =>
    Promise.all(Array.from({ length: FOLLOWERS + 1 }, () => cache.variants.getOrRender(identity, render)));

  it('gives each of twenty followers the finished file, and is the only one', async () => {
    await open();
    const stored = next(cache, 'stored');
    const gate = deferred();
    const begun = deferred();
    const asked = askAll(
      renderWith(async () => {
        begun.resolve();
        await gate.promise;
      }),
    );
    await begun.promise;
    gate.resolve();
    const variants = await asked;
    for (const variant of variants) expect((await bytesOf(variant)).equals(PICTURE)).toBe(true);
    const kinds = variants.map(({ outcome }) => outcome.kind).sort();
    expect(kinds).toEqual([...Array<string>(FOLLOWERS).fill('collapsed'), 'miss']);
    expect(files).toEqual([expect.stringContaining(root)]);
    await stored;
    const hit = await cache.variants.getOrRender(identity, () => Promise.reject(new Error('It is there.')));
    expect([hit.outcome.kind, (await bytesOf(hit)).equals(PICTURE)]).toEqual(['hit', true]);
  });

  it('is made once more in memory, for all who wait, when its place has become read-only', async () => {
    await open();
    const notStored = record(cache, 'not-stored');
    const variants = await askAll(
      renderWith((file) => {
        makeReadOnly(dirname(file));
      }),
    );
    for (const variant of variants) expect((await bytesOf(variant)).equals(PICTURE)).toBe(true);
    expect(files).toEqual([expect.stringContaining(root), undefined]);
    expect(notStored).toMatchObject([{ tier: 'variant', identifier: 'image', reason: 'failed' }]);
  });

  if (MAY_MOUNT)
    it('is made once more in memory, for all who wait, when its disk is full', async () => {
      mountSmall(root, '2m');
      await open();
      const notStored = record(cache, 'not-stored');
      const variants = await askAll(renderWith(() => undefined));
      for (const variant of variants) expect((await bytesOf(variant)).equals(PICTURE)).toBe(true);
      expect(files).toEqual([expect.stringContaining(root), undefined]);
      expect(notStored).toMatchObject([{ tier: 'variant', identifier: 'image', reason: 'failed' }]);
      const left = (await readdir(root, { recursive: true })).filter((name) => name.includes('.tmp'));
      expect(left).toEqual([]);
    });
});
