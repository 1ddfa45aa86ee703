import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createImageCache,
  filesystemStore,
  heapStore,
  type ImageCache,
  type ImageCacheOptions,
} from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { record, until } from '../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';
import { imageInfo } from '../../../support/image-info.js';

describe('an image cache whose directory others use', () => {
  let clock: FakeClock;
  let directory: TestDirectory;
  let caches: ImageCache[];

  beforeEach(async () => {
    clock = new FakeClock(Date.now());
    directory = await makeDirectory();
    caches = [];
  });

  afterEach(async () => {
    for (const cache of caches) await cache.close();
    await directory.remove();
  });

  const create = async (options: ImageCacheOptions): Promise<ImageCache> => {
    const cache = await createImageCache({ clock, ...options });
    caches.push(cache);
    return cache;
  };

  const files = (): ReturnType<typeof filesystemStore> => filesystemStore({ directory: directory.path });

  /** Asks for an info and a picture, which are made of `content` when they are not there. */
  const ask = async (cache: ImageCache, content: string): Promise<[unknown, unknown]> => {
    const read = () => Promise.resolve(imageInfo({ metadata: { artist: content } }));
    const { metadata } = await cache.infos.getOrRead('image', read);
    const { body } = await cache.variants.getOrRender({ identifier: 'image', operations: 'max' }, () =>
      Promise.resolve({ body: Buffer.from(content), contentType: 'image/jpeg' }),
    );
    return [metadata['artist'], Buffer.isBuffer(body) && body.toString()];
  };

  it.each<[string, () => ImageCacheOptions]>([
    ['a hot level', () => ({ variant: { store: files(), hot: '1MB' } })],
    ['pictures in the heap', () => ({ info: { store: files() }, variant: { store: heapStore() } })],
    ['a directory twice', () => ({ info: { store: files() }, variant: { store: files(), hot: '1MB' } })],
  ])('drops after 100 ms what they have evicted from its memory: with %s', async (_, options) => {
    const [one, other] = [await create(options()), await create(options())];
    await one.evict('image');
    await clock.advance(100);
    const stored = record(other, 'stored');
    expect(await ask(other, 'old')).toEqual(['old', 'old']);
    await until(() => stored.length === 2);
    const dropped = record(other, 'evicted');
    await one.evict('image');
    await clock.advance(99);
    expect(other.infos.peek('image')?.metadata['artist']).toBe('old');
    await clock.advance(1);
    await until(() => dropped.reduce((sum, { counts }) => sum + counts.infos + counts.variants, 0) === 2);
    expect(other.infos.peek('image')).toBeUndefined();
    expect(await ask(other, 'new')).toEqual(['new', 'new']);
    expect(other.stats().evicted).toEqual({ elsewhere: 2 });
  });
});
