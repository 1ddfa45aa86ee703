import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createImageCache,
  filesystemStore,
  type ImageCache,
  type ImageCacheOptions,
  type ImageInfo,
  type VariantRequest,
} from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { until } from '../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';
import { FakeSource } from '../../../support/fake-source.js';
import { imageInfo } from '../../../support/image-info.js';

const NOT_CACHED = { code: 'E_IMAGE_CACHE_NOT_CACHED', status: 504 };
const UNAVAILABLE = { code: 'E_IMAGE_CACHE_SOURCE_UNAVAILABLE' };

describe('what is asked of the tiers', () => {
  let clock: FakeClock;
  let source: FakeSource;
  let directory: TestDirectory;
  let cache: ImageCache;
  let renders: number;

  /** A cache that has one picture and one info. */
  const create = async (options: ImageCacheOptions = {}): Promise<void> => {
    const variant = { store: filesystemStore({ directory: directory.path }), ttl: '1h', stale: '1h' };
    cache = await createImageCache({ clock, source, variant, ...options });
    await ask();
    await read();
    await until(() => cache.stats().stored === 2);
  };

  const ask = async (request: VariantRequest = {}): Promise<string> => {
    const { outcome, body } = await cache.variants.getOrRender(
      { identifier: 'a', operations: 'max' },
      () => {
        renders += 1;
        return Promise.resolve({ body: Buffer.from(`picture ${renders}`), contentType: 'image/jpeg' });
      },
      request,
    );
    if (body !== undefined && !Buffer.isBuffer(body)) body.destroy();
    return outcome.kind;
  };

  const read = async (request: VariantRequest = {}): Promise<ImageInfo> =>
    cache.infos.getOrRead('a', () => Promise.resolve({ ...imageInfo(), identifier: 'a' }), request);

  beforeEach(async () => {
    clock = new FakeClock(Date.now());
    source = new FakeSource();
    source.put('a', { etag: '1', lastModified: '1000000000000' });
    directory = await makeDirectory();
    renders = 0;
  });

  afterEach(async () => {
    await cache.close();
    await directory.remove();
  });

  it.each(['reload', 'bypass'] as const)(
    'makes nothing and takes nothing away for %s, if only what is kept is wanted',
    async (use) => {
      await create();
      await expect(ask({ use, onlyIfCached: true })).rejects.toMatchObject(NOT_CACHED);
      await expect(read({ use, onlyIfCached: true })).rejects.toMatchObject(NOT_CACHED);
      expect([await ask({ onlyIfCached: true }), renders]).toEqual(['hit', 1]);
      expect(await read({ onlyIfCached: true })).toMatchObject({ identifier: 'a' });
    },
  );

  it('renews nothing for who wants only what is kept', async () => {
    await create();
    await clock.advance(3_600_001);
    expect(await ask({ onlyIfCached: true })).toBe('hit');
    expect(await ask()).toBe('hit');
    await until(() => cache.stats().stored === 3);
    expect(renders).toBe(2);
  });

  it.each<VariantRequest>([{ use: 'reload' }, { maxAge: 0 }])(
    'takes nothing away that cannot be made anew, since the source is down (%j)',
    async (wishes) => {
      await create({ resolveFirst: true });
      source.unavailable = true;
      await expect(ask(wishes)).rejects.toMatchObject(UNAVAILABLE);
      await expect(read(wishes)).rejects.toMatchObject(UNAVAILABLE);
      expect(await ask()).toBe('hit');
      expect(await read()).toMatchObject({ identifier: 'a' });
    },
  );

  it('renews what is past the time of its caller alone', async () => {
    await create();
    await clock.advance(61_000);
    expect(await ask({ ttl: '1m' })).toBe('hit');
    await until(() => cache.stats().stored === 3);
    expect(renders).toBe(2);
  });

  it('tells the state of the source also of what goes past the cache', async () => {
    await create();
    const { meta } = await cache.variants.getOrRender(
      { identifier: 'a', operations: 'max' },
      () => Promise.resolve({ body: Buffer.from('picture'), contentType: 'image/jpeg' }),
      { use: 'bypass' },
    );
    expect(meta.source).toEqual({ etag: '1', lastModified: '1000000000000' });
    expect(await read({ use: 'bypass' })).toMatchObject({ source: { etag: '1', lastModified: '1000000000000' } });
  });

  it('makes nothing past the cache from another state than its caller knows', async () => {
    await create();
    await expect(ask({ use: 'bypass', expected: { etag: '0' } })).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_SOURCE_CHANGED',
    });
  });
});
