import { afterEach, describe, expect, it } from '@jest/globals';
import { createImageCache, heapStore, type ImageCache, type ImageCacheOptions } from 'nestjs-image-cache';
import { totalmem } from 'node:os';
import { FakeSource } from '../../../support/fake-source.js';

const source = new FakeSource();

const refusal = (path: string): Error =>
  expect.objectContaining({
    code: 'E_IMAGE_CACHE_OPTIONS',
    message: expect.stringMatching(`^${path}: `),
  }) as unknown as Error;

describe('the options of an image cache', () => {
  let cache: ImageCache | undefined;

  const create = async (options: unknown): Promise<ImageCache> =>
    (cache = await createImageCache(options as ImageCacheOptions));

  afterEach(async () => {
    await cache?.close();
    cache = undefined;
  });

  it.each<[string, unknown]>([
    ['imageCache', null],
    ['imageCache', 'cache'],
    ['imageCache.caching', { caching: true }],
    ['imageCache.source', { source: {} }],
    ['imageCache.source', { source: '/originals' }],
    ['imageCache.source', { source: null, resolveFirst: true }],
    ['imageCache.resolveFirst', { resolveFirst: 'yes', source }],
    ['imageCache.resolveFirst', { resolveFirst: true }],
    ['imageCache.evictMissing', { evictMissing: 1, source }],
    ['imageCache.evictMissing', { evictMissing: true }],
    ['imageCache.revalidateAfter', { revalidateAfter: 60, source }],
    ['imageCache.client', { client: null }],
    ['imageCache.client', { client: true }],
    ['imageCache.client.maxAge', { client: { maxAge: 3600 } }],
    ['imageCache.client.max_age', { client: { max_age: '1h' } }],
    ['imageCache.client.visibility', { client: { visibility: 'shared' } }],
    ['imageCache.replayHeaders', { replayHeaders: 'X-Credit' }],
    ['imageCache.replayHeaders\\[1\\]', { replayHeaders: ['X-Credit', 'Set-Cookie'] }],
    ['imageCache.heapInfo', { heapInfo: true }],
    ['imageCache.heapInfo.size', { heapInfo: { size: '1MB' } }],
    ['imageCache.heapInfo.maxSize', { heapInfo: { maxSize: 0 } }],
    ['imageCache.heapInfo.maxSize', { heapInfo: { maxSize: '5 percent' } }],
    ['imageCache.heapInfo.maxSize', { heapInfo: { maxSize: '9000TB' } }],
    ['imageCache.heapInfo.maxSize', { heapInfo: { maxSize: 2 * totalmem() } }],
    ['imageCache.info', { info: true }],
    ['imageCache.info.store', { info: { store: {} } }],
    ['imageCache.info.ttl', { info: { ttl: 30 } }],
    ['imageCache.info.staleness', { info: { staleness: '1d' } }],
    ['imageCache.variant', { variant: true }],
    ['imageCache.variant.store', { variant: { store: 'FilesystemCache' } }],
    ['imageCache.variant.store', { variant: { store: null } }],
    ['imageCache.variant.hot', { variant: { hot: 'much' } }],
    ['imageCache.variant.hot', { variant: { hot: -1 } }],
    ['imageCache.variant.hot', { variant: { hot: '9000TB' } }],
    ['imageCache.variant.hot', { variant: { hot: 2 * totalmem() } }],
    ['imageCache.variant.ttl', { variant: { ttl: 2_592_000 } }],
    ['imageCache.variant.ttl', { variant: { ttl: '30' } }],
    ['imageCache.variant.staleness', { variant: { staleness: 'never' } }],
    ['imageCache.variant.maxSize', { variant: { maxSize: '1GB' } }],
    ['imageCache.stores', { stores: [] }],
    ['imageCache.stores.retries', { stores: { retries: 3 } }],
    ['imageCache.stores.timeout', { stores: { timeout: 2000 } }],
    ['imageCache.stores.writeTimeout', { stores: { writeTimeout: '-1s' } }],
    ['imageCache.stores.onError', { stores: { onError: 'ignore' } }],
    ['imageCache.render', { render: 4 }],
    ['imageCache.render.threads', { render: { threads: 4 } }],
    ['imageCache.render.concurrency', { render: { concurrency: 0 } }],
    ['imageCache.render.concurrency', { render: { concurrency: 1.5 } }],
    ['imageCache.render.concurrency', { render: { concurrency: '2' } }],
    ['imageCache.render.concurrency', { render: { concurrency: 1020 } }],
    ['imageCache.render.queue', { render: { queue: -1 } }],
    ['imageCache.render.queue', { render: { queue: Infinity } }],
    ['imageCache.render.timeout', { render: { timeout: 30 } }],
    ['imageCache.maxBufferedEntry', { maxBufferedEntry: '1XB' }],
    ['imageCache.stall', { stall: 86_400 }],
    ['imageCache.drain', { drain: 'soon' }],
    ['imageCache.worker', { worker: true }],
    ['imageCache.worker.interval', { worker: { interval: '0' } }],
    ['imageCache.worker.interval', { worker: { interval: -1 } }],
    ['imageCache.worker.initialDelay', { worker: { initialDelay: 60 } }],
    ['imageCache.worker.enabled', { worker: { enabled: true } }],
    ['imageCache.worker.rate', { worker: { rate: 100 } }],
    ['imageCache.worker.rate.speed', { worker: { rate: { speed: 1 } } }],
    ['imageCache.worker.rate.files', { worker: { rate: { files: 0 } } }],
    ['imageCache.worker.rate.share', { worker: { rate: { share: 0 } } }],
    ['imageCache.worker.rate.share', { worker: { rate: { share: 1.5 } } }],
    ['imageCache.worker.rate.share', { worker: { rate: { share: '50%' } } }],
    ['imageCache.worker.rate.bytes', { worker: { rate: { bytes: 0 } } }],
    ['imageCache.worker.rate.bytes', { worker: { rate: { bytes: 'fast' } } }],
    ['imageCache.logger', { logger: {} }],
    ['imageCache.logger', { logger: true }],
    ['imageCache.clock', { clock: {} }],
  ])('refuse to start by the path %s: %j', async (path, options) => {
    await expect(create(options)).rejects.toThrow(refusal(path));
  });

  it.each<[string, ImageCacheOptions]>([
    ['none', {}],
    ['tiers switched off', { client: false, heapInfo: false, info: false, variant: false, worker: false }],
    ['times switched off', { variant: { ttl: '0', staleness: '0' }, drain: '0', revalidateAfter: '0' }],
    ['a conservative cache', { source, resolveFirst: true, evictMissing: true, revalidateAfter: '10s' }],
    ['sizes in all forms', { heapInfo: { maxSize: '1 MiB' }, variant: { hot: 1_000_000 }, maxBufferedEntry: '1.5MB' }],
  ])('may be %s', async (_, options) => {
    await expect(create(options)).resolves.toBeDefined();
  });

  it('are what the cache tells of them', async () => {
    await create({ worker: { interval: '2h' }, client: { maxAge: '1d' } });
    expect(cache?.worker).toEqual({ interval: 7_200_000, initialDelay: 60_000, rate: { share: 0.5 } });
    expect(cache?.client).toEqual({ maxAge: '1d' });
    await cache?.close();
    await create({ worker: { rate: { files: 1000, bytes: '1MB' } } });
    expect(cache?.worker?.rate).toEqual({ files: 1000, share: 0.5, bytes: 1_048_576 });
    await cache?.close();
    await create({ client: false });
    expect([cache?.worker, cache?.client]).toEqual([undefined, false]);
  });

  describe('that can be changed while it is in use', () => {
    it.each<[string, object]>([
      ['configure.target', { target: '1MB' }],
      ['configure.hot', { hot: '1MB' }],
      ['configure.targetSize', { targetSize: '9000TB' }],
      ['configure.targetSize', { targetSize: 2 * totalmem() }],
      ['configure.targetSize', { targetSize: '0' }],
      ['configure.targetSize', { targetSize: 'small' }],
    ])('are refused by the path %s: %j', async (path, options) => {
      await create({ variant: { store: heapStore({ maxSize: '1MB' }) } });
      expect(() => cache?.configure(options)).toThrow(refusal(path));
    });

    it('are the sizes of heap levels', async () => {
      await create({ variant: { hot: '1MB' } });
      cache?.configure({ hot: '2MB', targetSize: '64MB' });
      expect(() => cache?.configure({ hot: '9000TB' })).toThrow(refusal('configure.hot'));
    });

    it('are changed all or not at all', async () => {
      const render = (): Promise<never> => Promise.reject(new Error('it was evicted'));
      await create({ variant: { hot: '1MB' } });
      await cache?.variants.getOrRender({ identifier: 'a', operations: 'max' }, () =>
        Promise.resolve({ body: Buffer.alloc(100_000), contentType: 'image/jpeg' }),
      );
      expect(() => cache?.configure({ hot: '2KB', targetSize: '9000TB' })).toThrow(refusal('configure.targetSize'));
      expect(() => cache?.configure({ targetSize: '2KB', hot: '9000TB' })).toThrow(refusal('configure.hot'));
      await expect(cache?.variants.getOrRender({ identifier: 'a', operations: 'max' }, render)).resolves.toMatchObject({
        outcome: { kind: 'hit' },
      });
    });
  });
});
