import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NotFoundException } from '@nestjs/common';
import { createImageCache, type CacheWishes, type ImageCache, type ImageCacheOptions } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { deferred, until } from '../../../support/async.js';
import { FakeSource } from '../../../support/fake-source.js';

const GONE = { code: 'E_IMAGE_CACHE_NOT_FOUND' };

describe('what is remembered not to be there', () => {
  let clock: FakeClock;
  let source: FakeSource;
  let cache: ImageCache;
  let calls: number;

  const create = async (options: ImageCacheOptions = {}): Promise<void> => {
    cache = await createImageCache({ clock, source, variant: { negativeTtl: '1m' }, heapInfo: false, ...options });
  };

  /** @param failure what the renderer throws */
  const ask = async (wishes: CacheWishes = {}, failure?: Error): Promise<string> => {
    const render = (): Promise<{ body: Buffer; contentType: string }> => {
      calls += 1;
      return failure === undefined
        ? Promise.resolve({ body: Buffer.from('picture'), contentType: 'image/jpeg' })
        : Promise.reject(failure);
    };
    return (await cache.variants.getOrRender({ identifier: 'a', operations: 'max' }, render, wishes)).outcome.kind;
  };

  beforeEach(() => {
    clock = new FakeClock();
    source = new FakeSource();
    calls = 0;
  });

  afterEach(() => cache.close());

  it('is not what was found out before an eviction, when somebody hears of it behind it', async () => {
    await create();
    const gate = deferred();
    source.gate = gate.promise;
    const early = ask();
    await until(() => source.lookups === 1);
    source.put('a', { etag: '1' });
    await cache.changed('a');
    gate.resolve();
    await expect(early).rejects.toMatchObject(GONE);
    expect(await ask()).toBe('miss');
  });

  it('is remembered also where what is gone is evicted', async () => {
    await create({ evictMissing: true });
    for (const wishes of [{}, {}, {}]) await expect(ask(wishes)).rejects.toMatchObject(GONE);
    expect(source.lookups).toBe(1);
  });

  it.each<[string, CacheWishes]>([
    ['the source has to be asked', { maxAge: 0 }],
    ['it is to be made anew', { use: 'reload' }],
  ])('is asked for again when %s, and found by all from then on', async (_why, wishes) => {
    await create();
    await expect(ask()).rejects.toMatchObject(GONE);
    source.put('a', { etag: '1' });
    expect(await ask(wishes)).toBe('miss');
    expect(await ask()).toBe('hit');
  });

  it('is neither asked nor told of by those who go past the cache', async () => {
    source.put('a', { etag: '1' });
    await create();
    await expect(ask({ use: 'bypass' }, new NotFoundException())).rejects.toThrow(NotFoundException);
    await expect(ask({}, new NotFoundException())).rejects.toThrow(NotFoundException);
    expect(calls).toBe(2);
    expect(await ask({ use: 'bypass' })).toBe('bypass');
    await expect(ask()).rejects.toThrow(NotFoundException);
    expect(calls).toBe(3);
  });
});
