import { beforeEach, describe, expect, it } from '@jest/globals';
import { createCache, KeyvAdapter } from 'cache-manager';
import { Keyv } from 'keyv';
import { createHash } from 'node:crypto';
import {
  cacheManagerStore,
  createImageCache,
  infoKey,
  type CacheManagerStoreOptions,
  type CacheStore,
  type EntryKey,
  type KeyValueCache,
  type StoreIncident,
} from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { deferred, until } from '../../../support/async.js';
import { randomOf } from '../../../support/random.js';
import { ScriptedCache } from '../../../support/scripted-cache.js';
import { put, readText, storeContext, variantOf } from '../../../support/stores.js';

const KEY = variantOf('image');

const META = { identifier: 'image', contentType: 'image/jpeg', createdAt: 0 };

describe('the cache-manager store', () => {
  let cache: ScriptedCache;
  let incidents: StoreIncident[];
  let store: CacheStore;
  /** Of another process. */
  let other: CacheStore;

  const open = (options: Partial<CacheManagerStoreOptions> = {}): CacheStore => {
    const report = (incident: StoreIncident): void => void incidents.push(incident);
    return cacheManagerStore({ cache, ...options })({ ...storeContext(), report });
  };

  /** All records but those that tell the generations of the kinds: there are three of these at most. */
  const leftovers = (): string[] => cache.keys().filter((key) => !/generation:(info|variant|source)$/.test(key));

  beforeEach(() => {
    cache = new ScriptedCache();
    incidents = [];
    store = open();
    other = open();
  });

  describe.each<[string, (by: CacheStore) => Promise<unknown>]>([
    ['the entry', (by) => by.delete(KEY)],
    ['the image', (by) => by.deleteGroup(KEY.group)],
    [
      'the image in its generation',
      async (by) => by.deleteGroup(KEY.group, { ifGeneration: await by.generation(KEY.group) }),
    ],
    ['everything of its kind', (by) => by.clear('variant')],
    ['everything', (by) => by.clear()],
  ])('when another process evicts %s', (_, evict) => {
    it('fences a write that was reserved before', async () => {
      await put(other, KEY, 'stored');
      const before = await store.generation(KEY.group);
      const reservation = await store.reserve(KEY);
      await evict(other);
      expect(await store.generation(KEY.group)).not.toBe(before);
      expect(await readText(store, KEY)).toBeUndefined();
      expect(await reservation.commit({ body: Buffer.from('old') }, META)).toBe('fenced');
      expect(await readText(other, KEY)).toBeUndefined();
    });

    it.each(['before', 'after'] as const)(
      'never shows a write that is held up %s it reaches the cache',
      async (when) => {
        await put(store, KEY, 'stored');
        const reached = deferred();
        const goOn = deferred();
        cache[when] = (operation, key) => {
          if (operation !== 'set' || !key.startsWith('image-cache:variant:') || key.endsWith(':access')) return;
          reached.resolve();
          return goOn.promise;
        };
        const outcome = put(store, KEY, 'old');
        await reached.promise;
        await evict(other);
        expect(await readText(other, KEY)).toBeUndefined();
        goOn.resolve();
        expect(await outcome).toBe('fenced');
        cache[when] = () => undefined;
        for (const each of [store, other]) expect(await readText(each, KEY)).toBeUndefined();
        expect(await put(store, KEY, 'new')).not.toBe('fenced');
        for (const each of [store, other]) expect(await readText(each, KEY)).toBe('new');
      },
    );
  });

  it('takes a generation that the cache has lost for an eviction', async () => {
    for (const scope of ['variant', KEY.group, `variant/${KEY.group}/${KEY.id}.jpg`]) {
      await put(store, KEY, 'stored');
      const lost = `image-cache:generation:${scope}`;
      const reservation = await store.reserve(KEY);
      expect(cache.records.delete(lost)).toBe(true);
      expect(await readText(store, KEY)).toBeUndefined();
      expect(await reservation.commit({ body: Buffer.from('old') }, META)).toBe('fenced');
      const again = await store.reserve(KEY);
      expect(await readText(store, KEY)).toBeUndefined();
      await again.abort();
    }
  });

  it('never serves what was rendered before an eviction, however calls of two processes meet', async () => {
    const random = randomOf(42);
    cache.before = async () => {
      for (let turn = random(6); turn > 0; turn -= 1) await new Promise(setImmediate);
    };
    cache.after = cache.before;
    const pick = <T>(items: readonly T[]): T => items[random(items.length)] as T;
    const keys = [KEY, variantOf('image', 'other'), infoKey('image')];
    /** The oldest state of the source that may be served of an entry. */
    const floors = new Map(keys.map((key) => [key, 0]));
    let state = 0;
    let hits = 0;
    const read = async (by: CacheStore, key: EntryKey): Promise<void> => {
      const floor = floors.get(key);
      const body = await readText(by, key);
      if (body === undefined) return;
      hits += 1;
      expect(Number(body)).toBeGreaterThanOrEqual(floor ?? Infinity);
    };
    const write = async (by: CacheStore, key: EntryKey): Promise<void> => {
      const reservation = await by.reserve(key);
      const body = Buffer.from(`${state}`);
      await cache.before('get', '');
      await (random(5) === 0 ? reservation.abort() : reservation.commit({ body }, META));
    };
    const evict = async (by: CacheStore, key: EntryKey): Promise<void> => {
      state += 1;
      const floor = state;
      const [matches, evicting] = pick<() => [(each: EntryKey) => boolean, Promise<unknown>]>([
        () => [(each) => each === key, by.delete(key)],
        () => [(each) => each.kind === key.kind, by.clear(key.kind)],
        () => [() => true, by.deleteGroup(key.group)],
        () => [() => true, by.clear()],
      ])();
      await evicting;
      for (const each of keys.filter(matches)) floors.set(each, Math.max(floors.get(each) ?? 0, floor));
    };
    const touch = (by: CacheStore, key: EntryKey): Promise<void> => by.touch([{ key, at: 1, hits: 1 }]);
    const work = async (): Promise<void> => {
      for (let turn = 0; turn < 150; turn += 1)
        await pick([read, read, read, read, write, write, write, touch, evict])(pick([store, other]), pick(keys));
    };
    await Promise.all(Array.from({ length: 10 }, work));
    expect(hits).toBeGreaterThan(50);
  });

  it('leaves nothing in the cache by being asked', async () => {
    await store.generation(KEY.group);
    await store.read(KEY);
    await store.stat(KEY);
    await store.touch([{ key: KEY, at: 1, hits: 1 }]);
    await store.deleteGroup(KEY.group);
    await store.ping?.();
    expect(cache.keys()).toEqual([]);
  });

  it('leaves nothing of reservations that come to nothing, such as those of images that are not there', async () => {
    await (await store.reserve(KEY)).abort();
    const [first, second] = [await store.reserve(KEY), await store.reserve(KEY)];
    await first.abort();
    await expect(second.commit({ body: Buffer.alloc(3) }, { ...META, announcedLength: 4 })).rejects.toThrow(
      'announced',
    );
    await until(() => leftovers().length === 0);
  });

  it('keeps what was published while another reservation of the image comes to nothing', async () => {
    const [aborted, kept] = [await store.reserve(variantOf('image', 'bad')), await store.reserve(KEY)];
    await aborted.abort();
    expect(await kept.commit({ body: Buffer.from('body') }, META)).not.toBe('fenced');
    await until(() => leftovers().length === 4);
    expect(await readText(store, KEY)).toBe('body');
  });

  it('does not give a name to a new reservation that is being taken back', async () => {
    for (let turn = 0; turn < 20; turn += 1) {
      const image = `image ${turn}`;
      const key = variantOf(image);
      await (await store.reserve(key)).abort();
      for (let wait = 0; wait < turn; wait += 1) await Promise.resolve();
      expect(await put(store, key, 'body')).not.toBe('fenced');
    }
  });

  it('begins one generation for all who reserve at the same time', async () => {
    cache.before = () => new Promise(setImmediate);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => put(store, KEY, 'body')));
    expect(outcomes).not.toContain('fenced');
    expect(cache.keys('generation:')).toHaveLength(3);
  });

  it('tells the same generation before and after the first write', async () => {
    const before = await store.generation(KEY.group);
    const reservation = await store.reserve(KEY);
    expect(reservation.generation).toBe(before);
    await reservation.commit({ body: Buffer.from('body') }, META);
    expect(await store.generation(KEY.group)).toBe(before);
  });

  it('gives records the times to live that they need', async () => {
    const day = 86_400_000;
    for (const [ttl, entry, name] of [
      ['1d', day, 2 * day],
      ['0', 0, 0],
    ] as const) {
      cache = new ScriptedCache();
      store = open({ ttl });
      await put(store, KEY, 'body');
      await store.touch([{ key: KEY, at: 1, hits: 1 }]);
      await store.delete(variantOf('image', 'other'));
      const told = [...cache.ttls].map(([key, each]) => [key.replace(/[0-9a-f-]{36,}/g, '…'), each]);
      expect(Object.fromEntries(told)).toEqual({
        'image-cache:generation:variant': 0,
        'image-cache:generation:…': name,
        'image-cache:generation:variant/…/….jpg': name,
        'image-cache:deletion:…': name,
        'image-cache:variant:…:…:…': entry,
        'image-cache:variant:…:…:…:access': entry,
      });
    }
  });

  it('keeps its keys under its prefix, and short enough for a column of 255 characters', async () => {
    store = open({ prefix: 'pictures' });
    await put(store, KEY, 'body');
    expect(cache.keys().filter((key) => !key.startsWith('pictures:') || key.length > 180)).toEqual([]);
  });

  it('stores nothing of what is too large', async () => {
    store = open({ maxEntrySize: 4 });
    await expect(put(store, KEY, '12345')).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_TOO_LARGE' });
    expect(await put(store, KEY, '1234')).not.toBe('fenced');
  });

  it.each<[string, unknown]>([
    ['another value', 'hello'],
    ['a body that was cut short', { meta: { ...metaOf(4) }, body: 'Ym9' }],
    ['metadata without content type', { meta: { ...metaOf(4), contentType: undefined }, body: 'Ym9keQ==' }],
    ['no metadata', { body: 'Ym9keQ==' }],
    ['null in the place of metadata', { meta: null, body: 'Ym9keQ==' }],
  ])('counts %s as absent, tells of it and puts a new entry in its place', async (_, value) => {
    await put(store, KEY, 'body');
    const [address = ''] = cache.keys('image-cache:variant:').filter((key) => !key.endsWith(':access'));
    cache.records.set(address, value);
    expect(await readText(store, KEY)).toBeUndefined();
    expect(incidents).toEqual([{ kind: 'unreadable', message: expect.stringContaining(address.slice(12)) }]);
    await put(store, KEY, 'new');
    expect(await readText(store, KEY)).toBe('new');
  });

  it('counts what the cache cannot parse as absent', async () => {
    const keyv = new Keyv();
    store = open({ cache: keyv });
    await put(store, KEY, 'body');
    const held = keyv.store as Map<string, unknown>;
    for (const key of held.keys()) if (key.includes(':variant:')) held.set(key, '{"value":');
    expect(await store.read(KEY)).toBeUndefined();
    expect(incidents.map(({ kind }) => kind)).toEqual(['unreadable', 'unreadable']);
  });

  it('takes over when a copy was asked for last', async () => {
    const reservation = await store.reserve(KEY);
    await reservation.commit({ body: Buffer.from('copy') }, { ...META, lastAccess: 5 });
    expect(await store.stat(KEY)).toMatchObject({ lastAccess: 5 });
  });

  it('loses an access time, and not the entry with it', async () => {
    await put(store, KEY, 'body', { createdAt: 7 });
    for (const key of cache.keys(':access')) cache.records.delete(key);
    expect(await store.stat(KEY)).toMatchObject({ lastAccess: 7, hits: 0 });
  });

  it('reads from a cache that takes nothing', async () => {
    await put(store, KEY, 'body');
    cache.before = (operation) => {
      if (operation === 'set') throw new Error('OOM');
    };
    expect(await readText(store, KEY)).toBe('body');
    await store.generation(KEY.group);
    await store.generation(variantOf('unknown').group);
    await expect(put(store, variantOf('unknown'), 'body')).rejects.toThrow('OOM');
  });

  it.each<[string, (by: CacheStore) => Promise<unknown>]>([
    ['delete', (by) => by.delete(KEY)],
    ['deleteGroup', (by) => by.deleteGroup(KEY.group)],
    ['clear', (by) => by.clear()],
  ])('tells of a %s that did not come about', async (_, evict) => {
    await put(store, KEY, 'body');
    cache.before = (operation) => {
      if (operation === 'delete') throw new Error('READONLY');
    };
    await expect(evict(store)).rejects.toThrow('READONLY');
  });

  it('tells of a write that the cache did not take', async () => {
    const deaf: KeyValueCache = { ...createCache(), set: () => Promise.resolve(false), stores: [] };
    await expect(put(open({ cache: deaf }), KEY, 'body')).rejects.toThrow('did not take');
  });

  it('gives an abort no reason to wait or to fail', async () => {
    const reservation = await store.reserve(KEY);
    cache.before = () => new Promise(() => undefined);
    await reservation.abort();
    const second = await (async () => {
      cache.before = () => undefined;
      return store.reserve(variantOf('other'));
    })();
    cache.before = () => Promise.reject(new Error('down'));
    await second.abort();
  });

  it('lets the cache connect before the first request, and waits for none that is down', async () => {
    const calls: string[] = [];
    cache.before = (operation) => {
      calls.push(operation);
      return Promise.reject(new Error('down'));
    };
    await store.open?.();
    expect(calls).toEqual(['get']);
  });

  it('disconnects a cache of its own, and waits a while for it', async () => {
    let disconnects = 0;
    const owned: KeyValueCache = Object.assign(cache, { disconnect: () => Promise.resolve((disconnects += 1)) });
    await store.close?.();
    expect(disconnects).toBe(0);
    await open({ cache: owned, disconnect: true }).close?.();
    expect(disconnects).toBe(1);
    const clock = new FakeClock();
    const report = (incident: StoreIncident): void => void incidents.push(incident);
    const stuck: KeyValueCache = Object.assign(new ScriptedCache(), { disconnect: () => new Promise(() => undefined) });
    const closing = cacheManagerStore({ cache: stuck, disconnect: true })({ ...storeContext(clock), report }).close?.();
    await clock.advance(5000);
    await closing;
    expect(incidents.map(({ kind }) => kind)).toEqual(['leftover']);
  });

  it('cuts the connection of a Keyv of its own, and asks for no answers that it has given up', async () => {
    const forced: unknown[] = [];
    const disconnect = (force: unknown): Promise<void> => Promise.resolve(void forced.push(force));
    const adapter = { get: noop, set: noop, delete: noop, clear: noop, disconnect };
    const keyv = new Keyv({ store: adapter, throwOnErrors: true });
    await open({ cache: createCache({ stores: [keyv] }), disconnect: true }).close?.();
    expect(forced).toEqual([true]);
  });

  it('is left alone by sweeps', async () => {
    const clock = new FakeClock();
    const source = { name: 'none', lookup: () => Promise.resolve({ status: 'missing' as const }) };
    const images = await createImageCache({
      variant: { store: cacheManagerStore({ cache }), ttl: '1s' },
      source,
      evictMissing: true,
      clock,
    });
    await put(store, KEY, 'body');
    await clock.advance(86_400_000);
    const { steps } = await images.sweep();
    expect(steps.map(({ step, failed, stopped }) => ({ step, failed, stopped }))).toEqual(
      ['expired', 'invalid', 'abandoned', 'detritus', 'quarantine', 'trash', 'reconcile', 'bounds', 'scrub'].map(
        (step) => ({
          step,
          failed: 0,
          stopped: undefined,
        }),
      ),
    );
    await images.close();
  });
});

describe('the options of the cache-manager store', () => {
  const broken = { get: () => Promise.reject(new Error('down')), set: noop, delete: noop, clear: noop };

  it.each<[string, CacheManagerStoreOptions, string]>([
    ['no cache', {} as CacheManagerStoreOptions, 'cacheManagerStore.cache: is required'],
    ['what is no cache', { cache: {} as KeyValueCache }, 'cacheManagerStore.cache: is no cache'],
    ['what cannot delete', { cache: { get: noop, set: noop } }, 'cacheManagerStore.cache: is no cache'],
    ['two levels', { cache: createCache({ stores: [new Keyv(), new Keyv()] }) }, 'has 2 levels'],
    ['a Keyv that hides errors', { cache: new Keyv({ store: broken }) }, 'throwOnErrors: true'],
    [
      'a cache with a Keyv that hides errors',
      { cache: createCache({ stores: [new Keyv({ store: broken })] }) },
      'throwOnErrors: true',
    ],
    [
      'a Keyv with an adapter that hides errors',
      { cache: new Keyv({ store: { ...broken, throwOnErrors: false }, throwOnErrors: true }) },
      'throwOnErrors: true',
    ],
    ['an empty prefix', { cache: new Keyv(), prefix: ' ' }, 'cacheManagerStore.prefix'],
    ['a size of nothing', { cache: new Keyv(), maxEntrySize: 0 }, 'cacheManagerStore.maxEntrySize'],
    ['a bare number for a time', { cache: new Keyv(), ttl: 5 as unknown as string }, 'cacheManagerStore.ttl'],
    ['an unknown option', { cache: new Keyv(), maxSize: 1 } as CacheManagerStoreOptions, 'cacheManagerStore.maxSize'],
  ])('refuse %s', (_, options, message) => {
    expect(() => cacheManagerStore(options)).toThrow(message);
  });

  it.each<[string, KeyValueCache]>([
    ['a cache in memory', createCache()],
    ['a Keyv in memory', new Keyv()],
    ['a Keyv that tells of its errors', new Keyv({ store: broken, throwOnErrors: true })],
    ['an old store in a Keyv', new Keyv({ store: new KeyvAdapter(legacy()), throwOnErrors: true })],
  ])('take %s', (_, cache) => {
    expect(cacheManagerStore({ cache })).toBeInstanceOf(Function);
  });

  it('make a cache that is down known as such', async () => {
    const store = cacheManagerStore({ cache: new Keyv({ store: broken, throwOnErrors: true }) })(storeContext());
    await expect(store.read(KEY)).rejects.toThrow('down');
    await expect(store.ping?.()).rejects.toThrow('down');
  });
});

function metaOf(size: number): object {
  return { ...META, size, digest: createHash('sha256').update('body').digest('base64url') };
}

function noop(): Promise<undefined> {
  return Promise.resolve(undefined);
}

function legacy(): ConstructorParameters<typeof KeyvAdapter>[0] {
  return {
    get: noop,
    set: noop,
    del: noop,
    mget: () => Promise.resolve([]),
    mset: noop,
    mdel: noop,
    ttl: () => Promise.resolve(0),
    keys: () => Promise.resolve([]),
    reset: noop,
  } as unknown as ConstructorParameters<typeof KeyvAdapter>[0];
}
