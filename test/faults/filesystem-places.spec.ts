import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createImageCache, filesystemStore, infoKey, type ImageCache } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { record, until } from '../support/async.js';
import { DISK, makeDirectory, MEMORY, type TestDirectory } from '../support/directories.js';
import { entryFiles, openFiles } from '../support/filesystem-store.js';
import { makeReadOnly, MAY_MOUNT, mountSmall, mountUnknown, release } from '../support/mounts.js';
import { seededBytes } from '../support/random.js';
import { put, readBody, variantOf } from '../support/stores.js';

/** Where a root may be: the name of its directory, and what is mounted there. */
const PLACES: readonly (readonly [string, string, string, (path: string) => void])[] = [
  ['on a disk', DISK, 'cache', nothing],
  ['in memory', MEMORY, 'cache', nothing],
  ['with spaces in its path', DISK, ' a cache  of pictures ', nothing],
  ['with other letters in its path', DISK, 'кэш картинок – größe 写真 🖼️', nothing],
  ['with letters that are put together in its path', DISK, 'cafe\u0301', nothing],
  ['with signs in its path', DISK, `%2F "quoted" 'cache' $HOME \\ * ? [a] #1 & ;`, nothing],
  ['below many directories', DISK, Array.from({ length: 20 }, (_, index) => `directory ${index}`).join('/'), nothing],
];

const MOUNTED: typeof PLACES = [
  [
    'on a tmpfs of its own',
    DISK,
    'mounted',
    (path) => {
      mountSmall(path, '16m');
    },
  ],
  ['on a file system that is not known', DISK, 'mounted', mountUnknown],
];

function nothing(): void {
  // the root is a directory like any other
}

describe('the root of a filesystem store', () => {
  let directory: TestDirectory;

  afterEach(async () => {
    release(directory.path);
    await directory.remove();
  });

  it.each(MAY_MOUNT ? [...PLACES, ...MOUNTED] : PLACES)('may be %s', async (_, base, name, mount) => {
    directory = await makeDirectory(base);
    const root = join(directory.path, name);
    await mkdir(root, { recursive: true });
    mount(root);
    const body = seededBytes(300_000);
    const first = await openFiles(root, { maxEntries: 100 });
    await put(first.store, variantOf('image'), body);
    await put(first.store, infoKey('image'), '{}');
    await put(first.store, variantOf('other'), body);
    await first.store.deleteGroup(variantOf('other').group);
    await first.store.close?.();
    const { store, incidents } = await openFiles(root, { maxEntries: 100 });
    expect((await readBody(store, variantOf('image')))?.equals(body)).toBe(true);
    for (const step of ['expired', 'abandoned', 'detritus', 'quarantine', 'trash', 'scrub'] as const)
      expect(await store.maintain?.(step, { stall: 0 })).toMatchObject({ failed: 0 });
    expect(await store.usage()).toEqual({ entries: 2, bytes: 300_002 });
    expect((await entryFiles(root)).length).toBe(2);
    await store.ping?.();
    expect(incidents.map(({ kind }) => kind)).toEqual(mount === mountUnknown ? ['unindexed'] : []);
    await store.close?.();
  });
});

describe('a cache whose root becomes read-only', () => {
  let directory: TestDirectory;
  let cache: ImageCache;
  const clock = new FakeClock();

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
    const store = filesystemStore({ directory: join(directory.path, 'cache'), maxSize: '10MB' });
    cache = await createImageCache({ clock, variant: { store } });
  });

  afterEach(async () => {
    await cache.close();
    release(directory.path);
    await directory.remove();
  });

  const ask = async (identifier: string): Promise<string> => {
    const render = () => Promise.resolve({ body: Buffer.from(identifier), contentType: 'image/jpeg' });
    const { body, outcome } = await cache.variants.getOrRender({ identifier, operations: 'max' }, render);
    return `${outcome.kind} ${Buffer.isBuffer(body) ? body.toString() : 'a stream'}`;
  };

  it('reads on, renders what it has not, says that it is unwell, and stores again when it can', async () => {
    const [stored, unstored] = [record(cache, 'stored'), record(cache, 'not-stored')];
    await ask('kept');
    await until(() => stored.length === 1);
    makeReadOnly(directory.path);
    expect([await ask('kept'), await ask('new'), await ask('new')]).toEqual(['hit kept', 'miss new', 'miss new']);
    await until(() => unstored.length === 2);
    await expect(cache.ping()).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_STORE_UNAVAILABLE' });
    await expect(cache.evict('kept')).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_STORE_UNAVAILABLE' });
    const { steps } = await cache.sweep({ steps: ['detritus', 'trash', 'scrub'] });
    expect(steps.map(({ step }) => step)).toEqual(['detritus', 'trash', 'scrub']);
    release(directory.path);
    await clock.advance(60_000);
    await cache.ping();
    expect([await ask('kept'), await ask('new')]).toEqual(['hit kept', 'miss new']);
    await until(() => stored.length === 2);
    expect(await ask('new')).toBe('hit new');
    expect(await cache.evict('kept')).toMatchObject({ variants: 1 });
  });
});
