import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createImageCache,
  filesystemStore,
  heapStore,
  type ImageCache,
  type ImageCacheOptions,
  type StoreFactory,
} from 'nestjs-image-cache';
import { ChaosStore, FakeClock, type ChaosOperation } from 'nestjs-image-cache/testing';
import { deferred, record, until } from '../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';
import { imageInfo } from '../../../support/image-info.js';

const nothing = (): undefined => undefined;

/** All that a store has to have, and nothing behind it. */
const half = {
  name: 'Half',
  features: {},
  read: nothing,
  generation: nothing,
  reserve: nothing,
  touch: nothing,
  stat: nothing,
  delete: nothing,
  deleteGroup: nothing,
  clear: nothing,
  entries: nothing,
  usage: nothing,
};

describe('the stores of an image cache', () => {
  let clock: FakeClock;
  let directory: TestDirectory;
  let cache: ImageCache | undefined;
  let warnings: string[];
  /** The stores that were made, in their order. */
  let made: ChaosStore[];

  beforeEach(async () => {
    clock = new FakeClock(Date.now());
    directory = await makeDirectory();
    made = [];
    warnings = [];
  });

  afterEach(async () => {
    await cache?.close();
    cache = undefined;
    await directory.remove();
  });

  const watched =
    (factory: StoreFactory): StoreFactory =>
    (context) => {
      const store = new ChaosStore(factory(context), clock);
      made.push(store);
      return store;
    };

  const files = (name = 'cache'): StoreFactory => watched(filesystemStore({ directory: `${directory.path}/${name}` }));

  /** A store that cannot be opened. */
  const refused: StoreFactory = (context) => {
    const store = new ChaosStore(heapStore()(context), clock);
    store.fail('open', new Error('refused'));
    return store;
  };

  const create = async (options: ImageCacheOptions): Promise<ImageCache> => {
    const logger = { log: () => undefined, warn: (line: string) => warnings.push(line), error: () => undefined };
    cache = await createImageCache({ clock, logger, ...options });
    // How many cores there are is another matter.
    warnings = warnings.filter((line) => !line.includes('UV_THREADPOOL_SIZE'));
    return cache;
  };

  /** Asks for an info and a variant, and waits until so many entries have been stored. */
  const use = async (entries: number): Promise<string> => {
    if (cache === undefined) throw new Error('there is no cache');
    const told = record(cache, 'stored');
    const info = await cache.infos.getOrRead('image', () => Promise.resolve(imageInfo()));
    const operations = `max of ${info.width}`;
    const { outcome } = await cache.variants.getOrRender({ identifier: 'image', operations }, () =>
      Promise.resolve({ body: Buffer.alloc(1000), contentType: 'image/jpeg' }),
    );
    await until(() => told.length === entries);
    return outcome.kind;
  };

  const calls = (operation: ChaosOperation): number[] => made.map((store) => store.calls(operation));

  it('is one for both tiers when variants are in a durable store and infos say nothing', async () => {
    await create({ variant: { store: files() } });
    await use(2);
    expect(made).toHaveLength(1);
    expect([calls('open'), calls('commit')]).toEqual([[1], [2]]);
  });

  it('is one for both tiers when both name the same factory', async () => {
    const store = files();
    await create({ variant: { store, hot: '1MB' }, info: { store, ttl: '1d' } });
    await use(2);
    expect(made).toHaveLength(1);
    expect(calls('commit')).toEqual([2]);
  });

  it('is another one for each factory', async () => {
    await create({ variant: { store: files('variants') }, info: { store: files('infos') } });
    await use(2);
    expect([calls('open'), calls('commit')]).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it.each([
    ['with', '1MB'],
    ['without', 0],
  ])('is evicted from and closed once, though both tiers share it %s a heap level', async (_, hot) => {
    await create({ variant: { store: files(), hot } });
    await use(2);
    expect(await cache?.evict('image')).toMatchObject({ infos: 1, variants: 1 });
    expect(calls('deleteGroup')).toEqual([1]);
    await use(2);
    const purged = await cache?.purge();
    expect(await purged?.completed).toMatchObject({ infos: 1, variants: 1 });
    expect(calls('clear')).toEqual([1]);
    await cache?.sweep();
    expect(calls('maintain')).toEqual([8]);
    await cache?.close();
    expect(calls('close')).toEqual([1]);
    cache = undefined;
  });

  it('brings infos along, so that variants are found after a restart without the source', async () => {
    const store = files();
    await create({ variant: { store } });
    await use(2);
    await cache?.close();
    await create({ variant: { store } });
    const read = (): Promise<never> => Promise.reject(new Error('the source was asked'));
    const info = await cache?.infos.getOrRead('image', read);
    expect(info).toEqual(imageInfo());
    expect(await use(0)).toBe('hit');
    expect(warnings).toEqual([]);
  });

  it('may leave the infos out, which is worth a warning', async () => {
    await create({ variant: { store: files() }, info: false });
    await use(1);
    expect(calls('commit')).toEqual([1]);
    expect(warnings).toEqual([expect.stringContaining('after a restart, sources are read before variants are found')]);
  });

  it('keeps no infos beside variants in the heap', async () => {
    const store = watched(heapStore());
    await create({ variant: { store } });
    await use(1);
    expect(calls('commit')).toEqual([1]);
    expect(warnings).toEqual([]);
  });

  it('that cannot be opened keeps the cache from starting', async () => {
    await expect(create({ variant: { store: refused } })).rejects.toThrow('refused');
  });

  // What a factory in JavaScript may answer.
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'made undefined and no store.'],
    ['a promise', Promise.reject(new Error('late')), 'made a promise; a store is made at once'],
    ['something else', { get: () => 1 }, 'made a store without features, name, read(), generation(), reserve()'],
    ['half a store', { ...half, read: undefined }, 'made a store without read().'],
  ])('that a factory does not make, but %s, keeps the cache from starting', async (_, answer, message) => {
    const factory = (() => answer) as StoreFactory;
    const path = { variant: 'imageCache.variant.store', info: 'imageCache.info.store' };
    for (const tier of ['variant', 'info'] as const) {
      await expect(create({ [tier]: { store: factory } })).rejects.toMatchObject({
        code: 'E_IMAGE_CACHE_OPTIONS',
        message: expect.stringContaining(`${path[tier]} ${message}`),
      });
    }
  });

  it('is closed when another one cannot be opened', async () => {
    const sound = files('variants');
    await expect(create({ variant: { store: sound }, info: { store: refused } })).rejects.toThrow('refused');
    expect(made[0]?.calls('close')).toBe(1);
  });

  it('is closed after what was rendered has been stored', async () => {
    await create({ variant: { store: files() } });
    const [store] = made;
    const rendered = deferred();
    const variant = cache?.variants.getOrRender({ identifier: 'image', operations: 'max' }, async () => {
      await rendered.promise;
      return { body: Buffer.alloc(1000), contentType: 'image/jpeg' };
    });
    await until(() => store?.calls('reserve') === 1);
    store?.hang('commit');
    let closed = false;
    const closing = cache?.close().then(() => (closed = true));
    cache = undefined;
    rendered.resolve();
    await variant;
    await until(() => store?.calls('commit') === 1);
    await clock.advance(0);
    expect([closed, store?.calls('close')]).toEqual([false, 0]);
    store?.heal();
    await closing;
    expect(store?.calls('close')).toBe(1);
  });

  it('may fail to give space back after a purge that nobody watches', async () => {
    const failing: StoreFactory = (context) =>
      Object.assign(new ChaosStore(heapStore()(context), clock), {
        clear: () => Promise.resolve({ ...NOTHING, completed: Promise.reject(new Error('gone')) }),
      });
    await create({ variant: { store: failing } });
    const failures = cache && record(cache, 'background-failed');
    const purged = await cache?.purge();
    await until(() => failures?.length === 1);
    expect(failures).toEqual([{ what: 'giving space back', error: new Error('gone') }]);
    await expect(purged?.completed).rejects.toThrow('gone');
  });
});

const NOTHING = { infos: 0, variants: 0, sources: 0, bytes: 0 };
