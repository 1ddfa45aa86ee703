import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  cacheManagerStore,
  createImageCache,
  filesystemStore,
  heapStore,
  isImageCacheError,
  type EntriesOptions,
  type ImageCache,
  type ImageCacheOptions,
  type ListedEntry,
} from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { createCache } from 'cache-manager';
import { createHook } from 'node:async_hooks';
import { record, until } from '../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';
import { imageInfo } from '../../../support/image-info.js';

describe('listing what is cached', () => {
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

  const files = (index = true): ReturnType<typeof filesystemStore> =>
    filesystemStore({ directory: directory.path, index });

  /** Caches an info and pictures of each image, some at a time. */
  const fill = async (cache: ImageCache, identifiers: readonly string[], operations = ['max']): Promise<void> => {
    const stored = record(cache, 'stored');
    const queue = [...identifiers];
    const work = async (): Promise<void> => {
      for (let identifier = queue.shift(); identifier !== undefined; identifier = queue.shift()) {
        const image = identifier;
        await cache.infos.getOrRead(image, () => Promise.resolve(imageInfo({ identifier: image })));
        for (const each of operations) {
          await cache.variants.getOrRender({ identifier: image, operations: each }, () =>
            Promise.resolve({ body: Buffer.from(`${image} ${each}`), contentType: 'image/jpeg' }),
          );
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));
    await until(() => stored.length === identifiers.length * (1 + operations.length));
  };

  const list = async (cache: ImageCache, options?: EntriesOptions, limit = Infinity): Promise<ListedEntry[]> => {
    const listed: ListedEntry[] = [];
    for await (const entry of cache.entries(options)) {
      listed.push(entry);
      if (listed.length >= limit) break;
    }
    return listed;
  };

  const inPages = async (cache: ImageCache, options: EntriesOptions, size: number): Promise<ListedEntry[]> => {
    const listed: ListedEntry[] = [];
    for (;;) {
      const after = listed.at(-1)?.cursor;
      const page = await list(cache, { ...options, ...(after !== undefined && { after }) }, size);
      listed.push(...page);
      if (page.length < size) return listed;
    }
  };

  const nameOf = ({ key, meta }: ListedEntry): string => `${key.kind} ${meta.identifier} ${meta.operations ?? ''}`;

  it.each<[string, () => ImageCacheOptions]>([
    ['one store', () => ({ variant: { store: files() } })],
    ['a hot level', () => ({ variant: { store: files(), hot: '1MB' } })],
    ['two stores', () => ({ info: { store: files() }, variant: { store: heapStore() } })],
    ['a directory twice', () => ({ info: { store: files() }, variant: { store: files() } })],
  ])('lists every entry once, in any order, page by page: with %s', async (_, options) => {
    const cache = await create(options());
    await fill(cache, ['a', 'b', 'c'], ['max', 'square']);
    for (const order of ['id', 'lastAccess'] as const) {
      const all = await list(cache, { order });
      expect(new Set(all.map(nameOf)).size).toBe(9);
      expect(all).toHaveLength(9);
      expect(await inPages(cache, { order }, 2)).toEqual(all);
      for (const kind of ['info', 'variant'] as const) {
        const some = all.filter(({ key }) => key.kind === kind).map(nameOf);
        expect((await list(cache, { order, kind })).map(nameOf)).toEqual(some);
        expect((await inPages(cache, { order, kind }, 2)).map(nameOf)).toEqual(some);
      }
    }
    expect((await cache.entriesOf('b')).map(nameOf).sort()).toEqual(['info b ', 'variant b max', 'variant b square']);
    expect(await cache.entriesOf('nobody')).toEqual([]);
    expect(await cache.usage()).toEqual({
      info: { entries: 3, bytes: expect.any(Number) },
      variant: { entries: 6, bytes: 39 },
      source: { entries: 0, bytes: 0 },
    });
  });

  it('tells the least recently used of all stores first', async () => {
    const cache = await create({ info: { store: files() }, variant: { store: heapStore() } });
    for (const identifier of ['c', 'a', 'b']) {
      await fill(cache, [identifier]);
      await clock.advance(1000);
    }
    const listed = await list(cache, { order: 'lastAccess' });
    expect(listed.map(({ meta }) => meta.identifier)).toEqual(['c', 'c', 'a', 'a', 'b', 'b']);
  });

  it.each(['', 'x', 'bnVsbA', '__proto__', Buffer.from('["a","b"]').toString('base64url'), 'A'.repeat(100_000)])(
    'refuses %.20s as a cursor',
    async (after) => {
      const cache = await create({ variant: { store: heapStore() } });
      const error: unknown = await list(cache, { after }).catch((thrown: unknown) => thrown);
      expect(isImageCacheError(error, 'E_IMAGE_CACHE_OPTIONS') && error.message).toMatch(/^entries\.after: .{0,300}$/);
    },
  );

  it('says that a store cannot list, when no other can', async () => {
    const store = cacheManagerStore({ cache: createCache() });
    const unlisted = await create({ info: { store }, variant: { store } });
    const unsupported = { code: 'E_IMAGE_CACHE_UNSUPPORTED' };
    await expect(list(unlisted)).rejects.toMatchObject(unsupported);
    await expect(unlisted.entriesOf('a')).rejects.toMatchObject(unsupported);
    expect(await unlisted.usage()).toMatchObject({ variant: { entries: 0, bytes: 0 } });
    const mixed = await create({ info: { store }, variant: { store: heapStore() } });
    await fill(mixed, ['a']);
    expect((await list(mixed)).map(nameOf)).toEqual(['variant a max']);
    expect((await mixed.entriesOf('a')).map(nameOf)).toEqual(['variant a max']);
    await expect(list(mixed, { kind: 'info' })).rejects.toMatchObject(unsupported);
  });

  it('says that files without an index are not listed by last access', async () => {
    const cache = await create({ variant: { store: files(false) } });
    await expect(list(cache, { order: 'lastAccess' })).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_UNSUPPORTED',
      message: 'Without an index, entries are listed by id only.',
    });
  });

  it.each([true, false])(
    'looks at no more files for a page the more there are: with an index, %s',
    async (index) => {
      const cache = await create({ variant: { store: files(index) } });
      const pages = async (): Promise<number> => {
        const first = await countingCalls(() => list(cache, {}, 40));
        const after = first.result.at(-1)?.cursor ?? '';
        const last = await countingCalls(() => list(cache, { after }, 40));
        expect([first.result.length, last.result.length]).toEqual([40, 40]);
        return Math.max(first.calls, last.calls);
      };
      const names = Array.from({ length: 800 }, (_, each) => `image ${each}`);
      await fill(cache, names.slice(0, 80), []);
      const few = await pages();
      await fill(cache, names.slice(80), []);
      expect(await pages()).toBeLessThanOrEqual(few * 1.5);
      const one = await countingCalls(() => cache.entriesOf('image 7'));
      expect(one.result).toHaveLength(1);
      expect(one.calls).toBeLessThan(20);
    },
    120_000,
  );
});

/** Counts what is asked of the file system meanwhile. */
async function countingCalls<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly calls: number }> {
  let calls = 0;
  const hook = createHook({ init: (_, type) => void (calls += type.startsWith('FSREQ') ? 1 : 0) });
  hook.enable();
  try {
    const result = await work();
    return { result, calls };
  } finally {
    hook.disable();
  }
}
