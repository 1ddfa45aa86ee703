import { describe, expect, it } from '@jest/globals';
import type { ImageInfo } from 'nestjs-image-cache';
import { groupOf } from '../../../../libs/image-cache/src/keys/entry-keys.js';
import { HeapInfoCache } from '../../../../libs/image-cache/src/tiers/heap-info-cache.js';
import { imageInfo } from '../../../support/image-info.js';

/** An info that takes some 10 KB. */
const large = (identifier: string): ImageInfo => imageInfo({ identifier, metadata: { text: 'x'.repeat(5000) } });

const keep = (cache: HeapInfoCache, info: ImageInfo): void => {
  cache.set(info.identifier, info, cache.generation(info.identifier));
};

describe('HeapInfoCache', () => {
  it('gives back the very info that it was given', () => {
    const cache = new HeapInfoCache(100_000);
    const info = imageInfo();
    keep(cache, info);
    expect(cache.peek('image')).toBe(info);
    expect(cache.peek('other image')).toBeUndefined();
  });

  it('lets the least recently used go when it is full, as few as need be', () => {
    const cache = new HeapInfoCache(50_000);
    for (const identifier of ['a', 'b', 'c', 'd']) keep(cache, large(identifier));
    cache.peek('a');
    keep(cache, large('e'));
    const left = (): string[] => ['a', 'b', 'c', 'd', 'e'].filter((identifier) => cache.peek(identifier));
    expect(left()).toEqual(['a', 'c', 'd', 'e']);
    expect(cache.size).toBe(4);
    expect(cache.bytes).toBeLessThanOrEqual(50_000);
  });

  it('keeps what is small beside what is large, by their sizes', () => {
    const cache = new HeapInfoCache(50_000);
    for (let index = 0; index < 100; index += 1) keep(cache, imageInfo({ identifier: `${index}` }));
    expect(cache.size).toBeGreaterThan(30);
    expect(cache.bytes).toBeLessThanOrEqual(50_000);
    keep(cache, imageInfo({ identifier: 'gigantic', metadata: { text: 'x'.repeat(100_000) } }));
    expect(cache.peek('gigantic')).toBeUndefined();
    expect(cache.size).toBeGreaterThan(30);
  });

  it.each<[string, (cache: HeapInfoCache) => unknown]>([
    ['the image', (cache) => cache.delete('image')],
    ['all', (cache) => cache.clear()],
    ['its group', (cache) => cache.deleteGroup(groupOf('image'))],
  ])('keeps no info that was read before %s was evicted', (_, evict) => {
    const cache = new HeapInfoCache(100_000);
    const generation = cache.generation('image');
    evict(cache);
    cache.set('image', imageInfo(), generation);
    expect(cache.peek('image')).toBeUndefined();
    keep(cache, imageInfo());
    expect(cache.peek('image')).toBeDefined();
  });

  it('finds an image by its group for as long as its info is there', () => {
    const cache = new HeapInfoCache(50_000);
    for (const identifier of ['a', 'b', 'c']) keep(cache, large(identifier));
    expect(cache.deleteGroup(groupOf('a'))).toBe('a');
    expect(cache.deleteGroup(groupOf('a'))).toBeUndefined();
    expect(cache.peek('a')).toBeUndefined();
    expect(cache.peek('b')?.identifier).toBe('b');
    for (const identifier of ['c', 'd', 'e', 'f']) keep(cache, large(identifier));
    expect(cache.peek('b')?.identifier).toBeUndefined();
    expect(cache.deleteGroup(groupOf('b'))).toBeUndefined();
    keep(cache, imageInfo({ identifier: 'f', metadata: { text: 'x'.repeat(100_000) } }));
    expect(cache.deleteGroup(groupOf('f'))).toBeUndefined();
    keep(cache, large('b'));
    expect(cache.deleteGroup(groupOf('b'))).toBe('b');
  });

  it('says whether there was an info to evict, and how many', () => {
    const cache = new HeapInfoCache(100_000);
    for (const identifier of ['a', 'b', 'c']) keep(cache, imageInfo({ identifier }));
    expect([cache.delete('a'), cache.delete('a')]).toEqual([true, false]);
    expect([cache.clear(), cache.clear()]).toEqual([2, 0]);
    expect([cache.size, cache.bytes]).toEqual([0, 0]);
  });
});
