import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { statfsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CacheStore, FilesystemStoreOptions } from 'nestjs-image-cache';
import { eventually } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { openFiles, type OpenedStore } from '../support/filesystem-store.js';
import { MAY_MOUNT, mountSmall, release } from '../support/mounts.js';
import { put, readText, variantOf } from '../support/stores.js';

const META = { identifier: 'image', contentType: 'image/jpeg', createdAt: 0 };

const FULL = 'E_IMAGE_CACHE_STORE_FULL';

/** Publishes a picture of an image of its own; what came of it. */
async function outcomeOf(store: CacheStore, image: string, size = 3000): Promise<unknown> {
  return put(store, variantOf(image), Buffer.alloc(size, 'body')).then(
    () => 'stored',
    (error: unknown) => (error as { readonly code?: unknown }).code,
  );
}

// A disk that has few inodes has to be mounted.
if (MAY_MOUNT)
  describe('a filesystem store where others take the disk', () => {
    let directory: TestDirectory;
    let opened: OpenedStore | undefined;

    const open = async (options: Omit<FilesystemStoreOptions, 'directory'>): Promise<OpenedStore> =>
      (opened = await openFiles(join(directory.path, 'cache'), options));

    beforeEach(async () => {
      directory = await makeDirectory();
    });

    afterEach(async () => {
      await opened?.store.close?.();
      opened = undefined;
      release(directory.path);
      await directory.remove();
    });

    /** Takes inodes until so many are left. */
    const takeInodes = async (left: number): Promise<void> => {
      const others = join(directory.path, 'others');
      await mkdir(others, { recursive: true });
      for (let file = 0; statfsSync(directory.path).ffree > left; file += 1)
        await writeFile(join(others, `${file}`), '', { flag: 'a' });
    };

    it('leaves inodes free, and lets the least recently used go for new entries', async () => {
      mountSmall(directory.path, '64m', { inodes: 400 });
      const { store, incidents } = await open({ minFreeInodes: 100 });
      let least = Infinity;
      for (let image = 0; image < 200; image += 1) {
        const reservation = await store.reserve(variantOf(`image ${image}`));
        least = Math.min(least, statfsSync(directory.path).ffree);
        await reservation.commit({ body: Buffer.alloc(3000, 'body') }, META);
        least = Math.min(least, statfsSync(directory.path).ffree);
      }
      expect(least).toBeGreaterThanOrEqual(100);
      expect((await store.usage()).entries).toBeGreaterThan(20);
      expect(await readText(store, variantOf('image 199'))).toBeDefined();
      await takeInodes(60);
      expect(await outcomeOf(store, 'another')).toBe('stored');
      expect(statfsSync(directory.path).ffree).toBeGreaterThanOrEqual(100);
      expect(incidents).toEqual([]);
    });

    it('says that it is full when others leave too few inodes, and goes on when they give them back', async () => {
      mountSmall(directory.path, '64m', { inodes: 400 });
      const { store } = await open({ minFreeInodes: 100 });
      expect(await outcomeOf(store, 'image')).toBe('stored');
      await takeInodes(50);
      expect(await outcomeOf(store, 'another')).toBe(FULL);
      expect((await store.usage()).entries).toBe(0);
      await rm(join(directory.path, 'others'), { recursive: true });
      expect(await outcomeOf(store, 'another')).toBe('stored');
    });

    it.each([
      ['makes room where it has an index', { maxEntries: 10_000 }, true],
      ['waits for room where it has none', {}, false],
    ])('is full without any inode, tells of it, and %s', async (_, options, makesRoom) => {
      mountSmall(directory.path, '64m', { inodes: 400 });
      const { store, incidents } = await open(options);
      for (let image = 0; image < 40; image += 1) expect(await outcomeOf(store, `image ${image}`)).toBe('stored');
      await takeInodes(1);
      expect(await outcomeOf(store, 'another')).toBe(FULL);
      expect(incidents).toContainEqual(expect.objectContaining({ kind: 'full' }));
      if (!makesRoom) await rm(join(directory.path, 'others'), { recursive: true });
      await eventually(async () => {
        expect(await outcomeOf(store, 'another')).toBe('stored');
      });
      expect((await store.usage()).entries).toBeGreaterThan(1);
    });

    it('leaves bytes free when a file of others fills the disk, and shrinks for that', async () => {
      mountSmall(directory.path, '16m');
      const { store, incidents } = await open({ minFree: '4MB' });
      for (let image = 0; image < 80; image += 1) await outcomeOf(store, `image ${image}`, 100_000);
      expect(statfsSync(directory.path).bavail * 4096).toBeGreaterThanOrEqual(4 * 1024 * 1024);
      const before = (await store.usage()).entries;
      await writeFile(join(directory.path, 'others'), Buffer.alloc(5 * 1024 * 1024));
      expect(await outcomeOf(store, 'another', 100_000)).toBe('stored');
      expect(statfsSync(directory.path).bavail * 4096).toBeGreaterThanOrEqual(4 * 1024 * 1024);
      expect((await store.usage()).entries).toBeLessThan(before);
      await rm(join(directory.path, 'others'));
      for (let image = 0; image < 20; image += 1)
        expect(await outcomeOf(store, `late ${image}`, 100_000)).toBe('stored');
      expect(incidents).toEqual([]);
    });
  });
