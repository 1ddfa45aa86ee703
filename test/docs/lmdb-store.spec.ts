import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createImageCache, type CacheStore, type ImageCache, type StoreContext } from 'nestjs-image-cache';
import { ChaosStore, describeCacheStore, FakeClock, type CreatedStore } from 'nestjs-image-cache/testing';
import { Readable } from 'node:stream';
import { lmdbStore } from '../../docs/examples/lmdb-store/lmdb-store.js';
import { next } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { put, readBody, storeContext, variantOf } from '../support/stores.js';

type Wrap = (store: CacheStore, context: StoreContext) => CacheStore;

const WRAPS: Readonly<Record<string, Wrap>> = {
  'the example of a store in LMDB': (store) => store,
  'the example of a store in LMDB with chaos that is not made': (store, { clock }) => new ChaosStore(store, clock),
};

for (const [name, wrap] of Object.entries(WRAPS)) {
  const create = async (context: StoreContext): Promise<CreatedStore> => {
    const { path, remove } = await makeDirectory();
    const another = () => wrap(lmdbStore({ directory: path, maxSize: '256MB' })(context), context);
    return { store: another(), another, dispose: remove };
  };
  describeCacheStore(name, { create }, { describe, it });
}

describe('the example of a store in LMDB', () => {
  const MB = 1024 ** 2;
  let directory: TestDirectory;
  let clock: FakeClock;
  let store: CacheStore;

  beforeEach(async () => {
    directory = await makeDirectory();
    clock = new FakeClock();
    store = lmdbStore({ directory: directory.path, maxSize: '3MB' })(storeContext(clock));
    await store.open?.();
  });

  afterEach(async () => {
    await store.close?.();
    await directory.remove();
  });

  it('keeps within its size by giving up what was least recently used', async () => {
    for (const image of ['first', 'second', 'third']) {
      await clock.advance(1000);
      await put(store, variantOf(image), Buffer.alloc(MB));
    }
    await clock.advance(1000);
    await store.touch([{ key: variantOf('first'), at: clock.now(), hits: 1 }]);
    await put(store, variantOf('fourth'), Buffer.alloc(MB));
    expect(await store.stat(variantOf('second'))).toBeUndefined();
    expect(await store.stat(variantOf('first'))).toMatchObject({ hits: 1, lastAccess: clock.now() });
    expect(await store.usage()).toEqual({ entries: 3, bytes: 3 * MB });
    await expect(put(store, variantOf('large'), Buffer.alloc(3 * MB + 1))).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_TOO_LARGE',
    });
    expect(await store.usage()).toEqual({ entries: 3, bytes: 3 * MB });
  });

  it('takes away what a write has left that was never finished, and fences it if it comes late', async () => {
    let goOn = (): void => undefined;
    const released = new Promise<void>((resolve) => (goOn = resolve));
    let begun = (): void => undefined;
    const beginning = new Promise<void>((resolve) => (begun = resolve));
    const body = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.alloc(MB);
      begun();
      await released;
    };
    const commit = put(store, variantOf('slow'), Readable.from(body(), { objectMode: false }));
    await beginning;
    await clock.advance(60_001);
    const dry = await store.maintain?.('abandoned', { stall: 60_000, dryRun: true });
    expect(dry).toMatchObject({ examined: 1, removed: 1 });
    expect(await store.maintain?.('abandoned', { stall: 60_000 })).toMatchObject({ examined: 1, removed: 1 });
    goOn();
    expect(await commit).toBe('fenced');
    expect(await store.maintain?.('abandoned', { stall: 0 })).toMatchObject({ examined: 0, removed: 0 });
  });

  it.each([
    ['a directory', { directory: '', maxSize: '1MB' }],
    ['a size', { directory: '/nowhere', maxSize: 'much' }],
  ])('is not made without %s', (_, options) => {
    expect(() => lmdbStore(options)).toThrow(/lmdbStore\.(directory|maxSize)/);
  });

  it('rejects what is asked of it before it is open and after it was closed', async () => {
    await store.close?.();
    await expect(store.read(variantOf('image'))).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_CLOSED' });
    await expect(store.touch([])).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_CLOSED' });
    await store.open?.();
    await put(store, variantOf('image'), 'body');
    expect((await readBody(store, variantOf('image')))?.toString()).toBe('body');
  });

  it('serves a cache: what was rendered is there after a restart, and gone after an eviction', async () => {
    const start = (): Promise<ImageCache> =>
      createImageCache({ variant: { store: lmdbStore({ directory: directory.path, maxSize: '64MB' }) } });
    const ask = async (cache: ImageCache): Promise<string> => {
      const render = () => Promise.resolve({ body: Buffer.alloc(2 * MB, 7), contentType: 'image/png' });
      const { outcome, body } = await cache.variants.getOrRender({ identifier: 'sea', operations: 'max' }, render);
      if (body instanceof Readable) body.resume();
      return outcome.kind;
    };
    const first = await start();
    const stored = next(first, 'stored');
    expect(await ask(first)).toBe('miss');
    await stored;
    expect(await ask(first)).toBe('hit');
    await first.close();
    const second = await start();
    expect(await ask(second)).toBe('hit');
    expect(await second.evict('sea')).toMatchObject({ variants: 1, bytes: 2 * MB });
    expect(await ask(second)).toBe('miss');
    await second.close();
  });
});
