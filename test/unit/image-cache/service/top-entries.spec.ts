import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createImageCache,
  filesystemStore,
  heapStore,
  topEntries,
  type ImageCache,
  type StoreFactory,
  type TopOptions,
} from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { eventually, next } from '../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';

/** Bytes of each picture; the order in which they are made, too. */
const SIZES = [30, 10, 50, 20, 40];

describe('the first entries of all', () => {
  let clock: FakeClock;
  let directory: TestDirectory;
  let cache: ImageCache;

  beforeEach(async () => {
    clock = new FakeClock(Date.now());
    directory = await makeDirectory();
  });

  afterEach(async () => {
    await cache.close();
    await directory.remove();
  });

  const ask = (size: number) =>
    cache.variants.getOrRender({ identifier: `image ${size}`, operations: 'full' }, () =>
      Promise.resolve({ body: Buffer.alloc(size), contentType: 'image/jpeg' }),
    );

  const fill = async (store: StoreFactory): Promise<void> => {
    cache = await createImageCache({ clock, variant: { store } });
    for (const size of SIZES) {
      const stored = next(cache, 'stored');
      await ask(size);
      await stored;
      await clock.advance(1000);
    }
  };

  const top = async (options: TopOptions): Promise<number[]> =>
    (await topEntries(cache, options)).map(({ meta }) => meta.size);

  it.each(['heap', 'files'])('are those with the most hits, the largest or the newest, in %s', async (kind) => {
    await fill(kind === 'heap' ? heapStore() : filesystemStore({ directory: directory.path, maxEntries: 100 }));
    for (const [size, hits] of [
      [10, 3],
      [40, 2],
      [50, 1],
    ] as const)
      for (let hit = 0; hit < hits; hit += 1) await ask(size);
    await clock.advance(60_000);
    await eventually(async () => {
      expect(await top({ by: 'hits', limit: 3 })).toEqual([10, 40, 50]);
    });
    expect(await top({ by: 'size', limit: 3 })).toEqual([50, 40, 30]);
    expect(await top({ by: 'size', limit: 100 })).toEqual([50, 40, 30, 20, 10]);
    expect(await top({ by: 'createdAt', limit: 2 })).toEqual([40, 20]);
    expect(await top({ by: 'size', limit: 3, kind: 'info' })).toEqual([]);
  });

  it('are refused by hits where nobody counts them', async () => {
    await fill((context) => {
      const store = heapStore()(context);
      return Object.defineProperty(store, 'features', { value: { ...store.features, hits: false } });
    });
    await expect(top({ by: 'hits', limit: 3 })).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_UNSUPPORTED',
      message: 'entries.order: no store counts hits.',
    });
  });

  it('are looked for no longer than somebody waits', async () => {
    await fill(heapStore());
    await expect(top({ by: 'size', limit: 3, signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
  });
});
