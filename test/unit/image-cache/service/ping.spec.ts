import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createImageCache, filesystemStore } from 'nestjs-image-cache';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';

describe('ping', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(async () => {
    await directory.remove();
  });

  it('resolves while every store can be used, and leaves nothing behind', async () => {
    const cache = await createImageCache({ variant: { store: filesystemStore({ directory: directory.path }) } });
    const before = await readdir(directory.path, { recursive: true });
    await cache.ping();
    expect(await readdir(directory.path, { recursive: true })).toEqual(before);
    await cache.close();
  });

  it('rejects when a store has gone', async () => {
    const root = join(directory.path, 'cache');
    const cache = await createImageCache({ variant: { store: filesystemStore({ directory: root }), hot: '1MB' } });
    await rename(root, join(directory.path, 'elsewhere'));
    await expect(cache.ping()).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_STORE_UNAVAILABLE' });
    await rename(join(directory.path, 'elsewhere'), root);
    await cache.ping();
    await cache.close();
  });
});
