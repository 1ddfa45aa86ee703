import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  cacheTagOf,
  createImageCache,
  filesystemStore,
  type EvictionNotice,
  type ImageCache,
} from 'nestjs-image-cache';
import { systemCode } from '../../libs/image-cache/src/common/errors.js';
import { until } from '../support/async.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { entryFiles, filesIn } from '../support/filesystem-store.js';
import { imageInfo } from '../support/image-info.js';

const SECRET = 'a picture that must not be seen again';

/** What a file holds. A lease is a link to nothing, and is given back behind the answers. */
const contentOf = (file: string): Promise<string> =>
  readFile(file, 'latin1').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  });

describe('an image that is taken down', () => {
  let directory: TestDirectory;
  let caches: ImageCache[];
  let notices: EvictionNotice[];

  const open = async (): Promise<ImageCache> => {
    const store = filesystemStore({ directory: directory.path, maxSize: '100MB' });
    const onEvict = (notice: EvictionNotice): Promise<void> => {
      notices.push(notice);
      return Promise.resolve();
    };
    const cache = await createImageCache({ onEvict, variant: { store, hot: '10MB' }, maxBufferedEntry: '64KB' });
    caches.push(cache);
    return cache;
  };

  const ask = async (cache: ImageCache, identifier: string, operations: string, size: number): Promise<string> => {
    const render = (): Promise<{ body: Buffer; contentType: string }> =>
      Promise.resolve({ body: Buffer.alloc(size, `${identifier}: ${SECRET}\n`), contentType: 'image/jpeg' });
    const { body, outcome } = await cache.variants.getOrRender({ identifier, operations }, render);
    if (body !== undefined && !Buffer.isBuffer(body)) await body.toArray();
    return outcome.kind;
  };

  /** What is below the root and has something of the image, in its content or in its name. */
  const leftOf = async (identifier: string): Promise<string[]> => {
    const files = await filesIn(directory.path);
    const contents = await Promise.all(files.map((file) => contentOf(join(directory.path, file))));
    return files.filter((_, index) => contents[index]?.includes(`${identifier}: ${SECRET}`) === true);
  };

  /** Fills all tiers with an image, and has a damaged file of it set aside. */
  const fill = async (cache: ImageCache, identifier: string): Promise<void> => {
    const before = new Set(await entryFiles(directory.path));
    await ask(cache, identifier, 'damaged', 70_000);
    await until(async () => (await entryFiles(directory.path)).length === before.size + 1);
    const [file = ''] = (await entryFiles(directory.path)).filter((each) => !before.has(each));
    await appendFile(file, 'damage');
    const { stored } = cache.stats();
    const info = { ...imageInfo({ identifier }), metadata: { title: `${identifier}: ${SECRET}` } };
    await cache.infos.lookUp(identifier, () => Promise.resolve(info));
    await ask(cache, identifier, 'small', 1000);
    await ask(cache, identifier, 'large', 500_000);
    await until(() => cache.stats().stored === stored + 3);
  };

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
    caches = [];
    notices = [];
  });

  afterEach(async () => {
    for (const cache of caches) await cache.close();
    await directory.remove();
  });

  it.each([
    ['evict', (cache: ImageCache) => cache.evict('a')],
    ['purge', (cache: ImageCache) => cache.purge()],
  ])('is gone from disk, trash, quarantine and every heap, and the CDN knows: %s', async (verb, takeDown) => {
    const filling = await open();
    await fill(filling, 'a');
    await fill(filling, 'b');
    // It has nothing in memory yet, and finds what is damaged.
    const cache = await open();
    const other = await open();
    for (const identifier of ['a', 'b']) {
      for (const each of [cache, other]) {
        for (const operations of ['small', 'large']) expect(await ask(each, identifier, operations, 0)).toBe('hit');
        await each.infos.lookUp(identifier, () => Promise.reject(new Error('it is there')));
      }
      expect(await ask(cache, identifier, 'damaged', 70_000)).toBe('miss');
    }
    await until(() => cache.stats().stored === 2);
    expect((await leftOf('a')).filter((file) => file.startsWith('quarantine'))).toHaveLength(1);
    const { completed } = (await takeDown(cache)) as { completed?: Promise<unknown> };
    await completed;
    await cache.told();
    expect(await leftOf('a')).toEqual([]);
    expect((await leftOf('b')).length).toBe(verb === 'evict' ? 5 : 0);
    expect(cache.infos.peek('a')).toBeUndefined();
    await until(() => other.infos.peek('a') === undefined);
    expect(await ask(other, 'a', 'small', 10)).toBe('miss');
    const tag = verb === 'evict' ? cacheTagOf('a') : 'image-cache';
    expect(notices).toMatchObject([{ tag }]);
  });
});
