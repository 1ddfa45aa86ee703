import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createCache } from 'cache-manager';
import {
  cacheManagerStore,
  cacheTagOf,
  createImageCache,
  type EvictionHook,
  type EvictionNotice,
  type ImageCache,
  type ImageCacheOptions,
} from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { variantKey } from '../../../../libs/image-cache/src/keys/entry-keys.js';
import { deferred, record, until, whilePassing, type Deferred } from '../../../support/async.js';
import { FakeSource } from '../../../support/fake-source.js';

describe('who is told of evictions', () => {
  let clock: FakeClock;
  let source: FakeSource;
  let notices: EvictionNotice[];
  let times: number[];
  let failures: number;
  let gate: Deferred | undefined;
  let cache: ImageCache;

  const hook: EvictionHook = async (notice) => {
    notices.push(notice);
    times.push(clock.now());
    await gate?.promise;
    failures -= 1;
    if (failures >= 0) throw new Error('the CDN is down');
  };

  const create = async (options: ImageCacheOptions = {}): Promise<void> => {
    cache = await createImageCache({ clock, source, onEvict: hook, heapInfo: false, ...options });
  };

  const ofImage = (identifier: string, reason = 'request'): EvictionNotice => ({
    reason,
    scope: 'image',
    tag: cacheTagOf(identifier),
    identifier,
  });

  beforeEach(async () => {
    clock = new FakeClock();
    source = new FakeSource();
    notices = [];
    times = [];
    failures = 0;
    gate = undefined;
    await create();
  });

  afterEach(() => whilePassing(clock, cache.close()));

  it('hears of every verb that says that something is not good any more', async () => {
    await cache.evict('a');
    await cache.evict(['b', 'c']);
    await cache.changed('d');
    await cache.evictVariant(variantKey({ identifier: 'e', operations: 'max' }));
    await cache.purge();
    await cache.told();
    expect(notices).toEqual([
      ofImage('a'),
      ofImage('b'),
      ofImage('c'),
      ofImage('d', 'changed'),
      { reason: 'request', scope: 'image', tag: cacheTagOf('e') },
      { reason: 'purge', scope: 'everything', tag: 'image-cache' },
    ]);
    expect(cache.stats()).toMatchObject({ told: 6, untold: 0 });
  });

  it('hears of images that have changed or gone', async () => {
    await cache.close();
    await create({ resolveFirst: true, evictMissing: true });
    source.put('a', { etag: '1' });
    const ask = (): Promise<unknown> =>
      cache.variants.getOrRender({ identifier: 'a', operations: 'max' }, () =>
        Promise.resolve({ body: Buffer.from('picture'), contentType: 'image/jpeg' }),
      );
    await ask();
    await until(() => cache.stats().stored === 1);
    expect(notices).toEqual([]);
    source.put('a', { etag: '2' });
    await ask();
    await until(() => cache.stats().stored === 2);
    source.remove('a');
    await expect(ask()).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_NOT_FOUND' });
    await cache.told();
    expect(notices).toEqual([ofImage('a', 'changed'), ofImage('a', 'missing')]);
  });

  it('hears nothing of names that somebody makes up', async () => {
    await cache.close();
    await create({ resolveFirst: true, evictMissing: true });
    const read = (): Promise<never> => Promise.reject(new Error('nobody reads what is not there'));
    for (const name of ['x', 'y', 'x'])
      await expect(cache.infos.getOrRead(name, read)).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_NOT_FOUND' });
    await cache.told();
    expect(notices).toEqual([]);
  });

  it('hears of all that is gone where a store does not know what it had', async () => {
    await cache.close();
    const store = cacheManagerStore({ cache: createCache() });
    await create({ evictMissing: true, resolveFirst: true, variant: { store } });
    const read = (): Promise<never> => Promise.reject(new Error('nobody reads what is not there'));
    await expect(cache.infos.getOrRead('x', read)).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_NOT_FOUND' });
    await cache.told();
    expect(notices).toEqual([ofImage('x', 'missing')]);
  });

  it('is told again, after ever longer pauses, until it has heard', async () => {
    failures = 3;
    const told = record(cache, 'told');
    const failed = record(cache, 'telling-failed');
    await cache.evict('a');
    await whilePassing(clock, cache.told());
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(pauses).toHaveLength(3);
    for (const [index, pause] of pauses.entries()) {
      const longest = 1000 * 2 ** index;
      expect(pause).toBeGreaterThanOrEqual(longest / 2);
      // Time passes in steps.
      expect(pause).toBeLessThanOrEqual(longest + 50);
    }
    expect(told).toEqual([{ notice: ofImage('a'), attempts: 4 }]);
    expect(failed.map(({ isGivenUp }) => isGivenUp)).toEqual([false, false, false]);
  });

  it('is given up after six attempts, and also when it does not answer, which is told', async () => {
    failures = 100;
    const failed = record(cache, 'telling-failed');
    await cache.evict('a');
    for (const attempt of [1, 2, 3, 4, 5, 6]) {
      await until(() => failed.length >= attempt);
      await clock.advance(60_000);
    }
    await cache.told();
    expect(notices).toHaveLength(6);
    expect(failed.at(-1)).toMatchObject({ notice: ofImage('a'), attempts: 6, isGivenUp: true });
    expect(cache.stats()).toMatchObject({ told: 0, untold: 1 });
    gate = deferred();
    await cache.evict('b');
    await until(() => notices.length === 7);
    await clock.advance(10_000);
    await until(() => failed.length === 7);
    expect(failed.at(-1)).toMatchObject({ error: { message: 'onEvict has not answered within 10000 ms.' } });
    gate.resolve();
  });

  it('hears once of many evictions of an image, and again of one that comes while it is told', async () => {
    gate = deferred();
    const before = Array.from({ length: 4 }, (_, index) => `before ${index}`);
    for (const identifier of [...before, 'a', 'a', 'a']) await cache.evict(identifier);
    await until(() => notices.length === 4);
    gate.resolve();
    await cache.told();
    expect(notices).toEqual([...before.map((identifier) => ofImage(identifier)), ofImage('a')]);
    gate = deferred();
    await cache.evict('a');
    await until(() => notices.length === 6);
    await cache.evict('a');
    gate.resolve();
    await cache.told();
    expect(notices.slice(5)).toEqual([ofImage('a'), ofImage('a')]);
  });

  it('does not keep a cache from being closed', async () => {
    failures = 100;
    const failed = record(cache, 'telling-failed');
    await cache.evict('a');
    await until(() => failed.length === 1);
    const closed = cache.close();
    await clock.advance(10_000);
    await closed;
    expect(failed.at(-1)).toMatchObject({ isGivenUp: true });
  });

  it('is a function', async () => {
    await expect(createImageCache({ onEvict: 'https://cdn' as never })).rejects.toThrow(
      'imageCache.onEvict: is no function.',
    );
  });
});
