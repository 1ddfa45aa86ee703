import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createImageCache,
  filesystemStore,
  type CacheEventMap,
  type ImageCache,
  type ImageCacheOptions,
  type LiveOptions,
} from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { record, until } from '../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';
import { imageInfo } from '../../../support/image-info.js';

const HOUR = 3_600_000;

describe('the options that can be changed while the cache is in use', () => {
  let clock: FakeClock;
  let directory: TestDirectory;
  let cache: ImageCache;
  let lines: string[];
  let told: readonly CacheEventMap['configured'][];

  const create = async (options: ImageCacheOptions = {}): Promise<void> => {
    const store = filesystemStore({ directory: `${directory.path}/cache` });
    const logger = { log: (line: string) => lines.push(line), warn: () => undefined, error: () => undefined };
    cache = await createImageCache({ clock, logger, variant: { store, hot: '1MB' }, heapInfo: false, ...options });
    told = record(cache, 'configured');
  };

  const changed = (): string[][] => told.map((each) => [...each.changed]);

  /** Asks for an info and a variant, waits until they are stored, and tells where they came from. */
  const ask = async (): Promise<string[]> => {
    const stored = record(cache, 'stored');
    const { outcome: info } = await cache.infos.lookUp('image', () => Promise.resolve(imageInfo()));
    const { outcome: variant } = await cache.variants.getOrRender({ identifier: 'image', operations: 'max' }, () =>
      Promise.resolve({ body: Buffer.alloc(1000), contentType: 'image/jpeg' }),
    );
    const kinds = [info, variant].map(({ kind }) => kind);
    await until(() => stored.length === kinds.filter((kind) => kind === 'miss').length);
    return kinds;
  };

  beforeEach(async () => {
    clock = new FakeClock(Date.now());
    directory = await makeDirectory();
    lines = [];
    await create();
  });

  afterEach(async () => {
    await cache.close();
    await directory.remove();
  });

  it.each<[string, unknown]>([
    ['configure', null],
    ['configure.maxAge', { maxAge: '1h' }],
    ['configure.hot', { hot: 'much' }],
    ['configure.hot', { hot: 0 }],
    ['configure.targetSize', { targetSize: '1MB' }],
    ['configure.ttl', { ttl: '30d' }],
    ['configure.ttl', { ttl: null }],
    ['configure.ttl.source', { ttl: { source: '1d' } }],
    ['configure.ttl.info', { ttl: { info: 3600 } }],
    ['configure.ttl.variant', { ttl: { variant: 'never' } }],
    ['configure.staleness', { staleness: '1' }],
    ['configure.worker', { worker: true }],
    ['configure.worker.interval', { worker: { interval: '0' } }],
    ['configure.worker.interval', { worker: { interval: 60 } }],
    ['configure.worker.initialDelay', { worker: { initialDelay: null } }],
    ['configure.worker.enabled', { worker: { enabled: true } }],
  ])('are refused by the path %s: %j', (path, options) => {
    expect(() => {
      cache.configure(options as LiveOptions);
    }).toThrow(
      expect.objectContaining({ code: 'E_IMAGE_CACHE_OPTIONS', message: expect.stringMatching(`^${path}: `) }),
    );
    expect(told).toEqual([]);
  });

  it('are refused for tiers that have no store', async () => {
    await cache.close();
    await create({ variant: false, info: false });
    for (const [path, options] of [
      ['ttl.info', { ttl: { info: '1d' } }],
      ['ttl.variant', { ttl: { variant: '1d' } }],
      ['staleness', { staleness: '1d' }],
    ] as const)
      expect(() => {
        cache.configure(options);
      }).toThrow(`configure.${path}: the cache was made without a store for `);
  });

  it('let entries that are there go earlier, each tier by its own time', async () => {
    await ask();
    await clock.advance(HOUR);
    expect(await ask()).toEqual(['hit', 'hit']);
    await clock.advance(HOUR);
    cache.configure({ ttl: { variant: '30m' } });
    expect(await ask()).toEqual(['hit', 'miss']);
    await clock.advance(HOUR);
    cache.configure({ ttl: { info: '30m', variant: '0' } });
    expect(await ask()).toEqual(['miss', 'hit']);
    expect(changed()).toEqual([['ttl'], ['ttl']]);
  });

  it('let entries that are there be rendered anew earlier, and tell how long they stay fresh', async () => {
    await ask();
    await clock.advance(HOUR);
    cache.configure({ staleness: '2h' });
    const again = await cache.variants.getOrRender({ identifier: 'image', operations: 'max' }, () =>
      Promise.reject(new Error('it is there')),
    );
    expect(again.outcome).toEqual({ kind: 'hit', ttl: 3600 });
    cache.configure({ staleness: '59m' });
    expect(await ask()).toEqual(['hit', 'miss']);
  });

  it('are those of the next sweep', async () => {
    await ask();
    await clock.advance(2 * HOUR);
    expect((await cache.evictInvalid()).steps[0]).toMatchObject({ step: 'expired', removed: 0 });
    cache.configure({ ttl: { variant: '1h' } });
    expect((await cache.evictInvalid()).steps[0]).toMatchObject({ removed: 1 });
    cache.configure({ ttl: { info: '1h' } });
    expect((await cache.evictInvalid()).steps[0]).toMatchObject({ removed: 1 });
  });

  it('are those of the worker from before when it is switched on again', () => {
    cache.configure({ worker: { interval: '2h', initialDelay: '5s' } });
    cache.configure({ worker: false });
    cache.configure({ worker: {} });
    expect(cache.worker).toMatchObject({ interval: 2 * HOUR, initialDelay: 5000 });
  });

  it('are when the worker sweeps; what is left out stays as it was', () => {
    expect(cache.worker).toBeUndefined();
    cache.configure({ worker: { initialDelay: '5s' } });
    expect(cache.worker).toMatchObject({ interval: 24 * HOUR, initialDelay: 5000 });
    cache.configure({ worker: { interval: '2h' } });
    expect(cache.worker).toMatchObject({ interval: 2 * HOUR, initialDelay: 5000 });
    cache.configure({ worker: { rate: { files: 10 } } });
    cache.configure({ worker: { rate: { share: 1 } } });
    expect(cache.worker).toMatchObject({ interval: 2 * HOUR, rate: { files: 10, share: 1 } });
    cache.configure({ worker: { interval: '2h', rate: { share: 1 } } });
    cache.configure({ worker: false });
    expect(cache.worker).toBeUndefined();
    expect(changed()).toEqual(Array(5).fill(['worker']));
  });

  it('have taken effect when the event tells of them', () => {
    const seen: unknown[] = [];
    cache.on('configured', () => seen.push(cache.worker));
    cache.configure({ worker: { interval: '1h', initialDelay: '1s' } });
    expect(seen).toMatchObject([{ interval: HOUR, initialDelay: 1000 }]);
  });

  it('are told of where they have other values than before', () => {
    cache.configure({ hot: '2MB', ttl: { info: '1d', variant: '1d' }, staleness: '0', worker: false });
    cache.configure({ hot: '2MB', ttl: { info: '24h' } });
    cache.configure({});
    expect(changed()).toEqual([['hot', 'ttl']]);
    const values = 'hot 1048576 → 2097152, ttl.info 2592000000 → 86400000, ttl.variant 2592000000 → 86400000';
    expect(lines).toEqual([`Options changed: ${values}`]);
  });

  it('are changed all or not at all', async () => {
    await ask();
    await clock.advance(HOUR);
    const good: LiveOptions = { hot: '2KB', ttl: { info: '1m', variant: '1m' }, staleness: '1m', worker: {} };
    const wrong: readonly object[] = [
      { hot: '9000TB' },
      { targetSize: '1MB' },
      { ttl: { info: '1m', variant: 1 } },
      { staleness: 'soon' },
      { worker: { interval: 1 } },
      { other: 1 },
    ];
    for (const part of wrong)
      expect(() => {
        cache.configure({ ...good, ...part });
      }).toThrow(/^configure\./);
    expect(await ask()).toEqual(['hit', 'hit']);
    expect([cache.worker, told]).toEqual([undefined, []]);
  });
});
