import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createImageCache, filesystemStore, heapStore, type ImageCache, type StoreFactory } from 'nestjs-image-cache';
import { record, until } from '../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';

const STORES: Readonly<Record<string, (directory: string) => StoreFactory>> = {
  'in memory': () => heapStore(),
  'in files': (directory) => filesystemStore({ directory }),
};

describe.each(Object.entries(STORES))('a cache that is emptied, %s', (_, storeIn) => {
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

  it('tells once how much has gone', async () => {
    const evicted = record(cache, 'evicted');
    for (let index = 0; index < 10; index += 1)
      await cache.variants.getOrRender({ identifier: `image ${index}`, operations: 'max' }, () =>
        Promise.resolve({ body: Buffer.alloc(1000), contentType: 'image/jpeg' }),
      );
    await until(() => cache.stats().stored === 10);
    await (
      await cache.purge()
    ).completed;
    await until(() => evicted.length > 0);
    expect(evicted).toEqual([{ reason: 'purge', counts: expect.objectContaining({ variants: 10 }) as unknown }]);
    expect(cache.stats().evicted).toEqual({ purge: 10 });
  });
});
