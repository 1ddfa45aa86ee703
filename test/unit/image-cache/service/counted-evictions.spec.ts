import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createImageCache,
  filesystemStore,
  heapStore,
  type EvictedCounts,
  type ImageCache,
  type StoreFactory,
} from 'nestjs-image-cache';
import { record, until } from '../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';

const STORES: Readonly<Record<string, (directory: string) => StoreFactory>> = {
  'in memory': () => heapStore({ maxSize: '50KB' }),
  'in files': (directory) => filesystemStore({ directory, maxEntries: 4 }),
};

describe.each(Object.entries(STORES))('a cache that is bounded %s', (_, storeIn) => {
  let directory: TestDirectory;
  let cache: ImageCache;

  beforeEach(async () => {
    directory = await makeDirectory();
    cache = await createImageCache({ variant: { store: storeIn(directory.path) } });
  });

  afterEach(async () => {
    await cache.close();
    await directory.remove();
  });

  it('tells what makes room while it is filled, and counts it', async () => {
    const evicted = record(cache, 'evicted');
    for (let index = 0; index < 10; index += 1)
      await cache.variants.getOrRender({ identifier: `image ${index}`, operations: 'max' }, () =>
        Promise.resolve({ body: Buffer.alloc(10_000), contentType: 'image/jpeg' }),
      );
    await until(async () => {
      const { entries } = (await cache.usage()).variant;
      return cache.stats().stored === 10 && entries + (cache.stats().evicted['bounds'] ?? 0) === 10;
    });
    const sum = (of: keyof EvictedCounts): number => evicted.reduce((total, { counts }) => total + counts[of], 0);
    expect(evicted.every(({ reason }) => reason === 'bounds')).toBe(true);
    expect(sum('variants')).toBe(cache.stats().evicted['bounds']);
    expect(sum('variants')).toBeGreaterThanOrEqual(6);
    expect(sum('bytes')).toBeGreaterThan(60_000);
    expect([sum('infos'), sum('sources')]).toEqual([0, 0]);
  });

  it('tells once how much a purge has taken, and counts it', async () => {
    const evicted = record(cache, 'evicted');
    for (let index = 0; index < 3; index += 1)
      await cache.variants.getOrRender({ identifier: `image ${index}`, operations: 'max' }, () =>
        Promise.resolve({ body: Buffer.alloc(1000), contentType: 'image/jpeg' }),
      );
    await until(() => cache.stats().stored === 3);
    await (
      await cache.purge()
    ).completed;
    await until(() => evicted.length > 0);
    expect(evicted).toEqual([{ reason: 'purge', counts: expect.objectContaining({ variants: 3 }) as unknown }]);
    expect(cache.stats().evicted).toEqual({ purge: 3 });
  });
});
