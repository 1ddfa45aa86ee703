import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  createImageCache,
  filesystemStore,
  heapStore,
  type ImageCache,
  type ImageCacheOptions,
} from 'nestjs-image-cache';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';

const MB = 1024 ** 2;

/** What else is held: variants that wait to be written, and the buffer of one render. */
const render = { concurrency: 1 };

describe('the memory of an image cache', () => {
  let directory: TestDirectory;
  let cache: ImageCache | undefined;
  let pool: string | undefined;

  const allow = (megabytes: number): void => {
    jest.spyOn(process, 'constrainedMemory').mockReturnValue(megabytes * MB);
  };

  const create = async (options: ImageCacheOptions): Promise<ImageCache> => (cache = await createImageCache(options));

  const files = (): ReturnType<typeof filesystemStore> => filesystemStore({ directory: `${directory.path}/cache` });

  const refusal = async (attempt: Promise<unknown>): Promise<string> => {
    const error: unknown = await attempt.then(() => undefined).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'E_IMAGE_CACHE_OPTIONS' });
    return (error as Error).message;
  };

  beforeEach(async () => {
    directory = await makeDirectory();
    pool = process.env['UV_THREADPOOL_SIZE'];
    process.env['UV_THREADPOOL_SIZE'] = '16';
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    if (pool === undefined) delete process.env['UV_THREADPOOL_SIZE'];
    else process.env['UV_THREADPOOL_SIZE'] = pool;
    await cache?.close();
    cache = undefined;
    await directory.remove();
  });

  it('may be all that the process may use, and not one byte more', async () => {
    allow(20 + 100 + 32 + 1);
    const options = { heapInfo: { maxSize: '20MB' }, variant: { store: heapStore({ maxSize: '100MB' }) }, render };
    await expect(create(options)).resolves.toBeDefined();
    await cache?.close();
    const message = await refusal(create({ ...options, heapInfo: { maxSize: 20 * MB + 1 } }));
    expect(message).toMatch(/^imageCache: may come to hold 154 MB in memory, and this process may use 153 MB: /);
  });

  it('is told part by part, the largest first, when it is too much', async () => {
    allow(600);
    const options: ImageCacheOptions = {
      heapInfo: { maxSize: '50MB' },
      variant: { store: heapStore({ maxSize: '300MB' }), hot: '200MB' },
      info: { store: heapStore({ maxSize: '30MB' }) },
      render: { concurrency: 5 },
      maxBufferedEntry: '8MB',
    };
    expect(await refusal(create(options))).toBe(
      'imageCache: may come to hold 652 MB in memory, and this process may use 600 MB: ' +
        'imageCache.variant.store (heapStore.maxSize) 300 MB, imageCache.variant.hot 200 MB, ' +
        'imageCache.heapInfo.maxSize 50 MB, imageCache.render.concurrency × imageCache.maxBufferedEntry 40 MB, ' +
        'variants that wait to be written (fixed) 32 MB, imageCache.info.store (heapStore.maxSize) 30 MB.',
    );
  });

  it('counts a store once that both tiers share', async () => {
    allow(20 + 100 + 32 + 1);
    const store = heapStore({ maxSize: '100MB' });
    const options = { heapInfo: { maxSize: '20MB' }, variant: { store }, info: { store }, render };
    await expect(create(options)).resolves.toBeDefined();
  });

  it('counts nothing of tiers that are switched off, and no store of files', async () => {
    allow(1);
    await create({ heapInfo: false, info: false, variant: false, render });
    await cache?.close();
    allow(10 + 32 + 1);
    const options = { heapInfo: { maxSize: '10MB' }, variant: { store: files() }, render };
    await expect(create(options)).resolves.toBeDefined();
  });

  it('is not exceeded by sizes that are changed while the cache is in use', async () => {
    allow(10 + 50 + 32 + 1 + 20);
    await create({ heapInfo: { maxSize: '10MB' }, variant: { store: files(), hot: '50MB' }, render });
    expect(() => cache?.configure({ hot: '71MB', ttl: { variant: '1h' } })).toThrow(
      /^configure: may come to hold 114 MB .*: imageCache\.variant\.hot 71 MB, variants that wait .* 32 MB, /,
    );
    cache?.configure({ hot: '70MB' });
    // What was allowed at the start may have been taken back by now; smaller is still better.
    allow(100);
    cache?.configure({ hot: '57MB' });
    expect(() => cache?.configure({ hot: '58MB' })).toThrow(/^configure: /);
  });

  it('is counted for the sizes together', async () => {
    allow(10 + 50 + 60 + 32 + 1);
    const store = heapStore({ maxSize: '60MB' });
    await create({ heapInfo: { maxSize: '10MB' }, variant: { store, hot: '50MB' }, render });
    cache?.configure({ hot: '20MB', targetSize: '90MB' });
    expect(() => cache?.configure({ hot: '21MB' })).toThrow(/^configure: /);
    cache?.configure({ hot: '40MB', targetSize: '70MB' });
  });
});
