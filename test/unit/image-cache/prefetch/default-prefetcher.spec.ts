import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createImageCache,
  createPrefetcher,
  filesystemStore,
  heapStore,
  ImageCacheError,
  type DefaultPrefetcher,
  type ImageCache,
  type PrefetchOptions,
  type VariantIdentity,
} from 'nestjs-image-cache';
import { Readable } from 'node:stream';
import { FakeClock } from 'nestjs-image-cache/testing';
import { deferred, record, until } from '../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';

const SECOND = 1000;

describe('a prefetcher', () => {
  const opened: DefaultPrefetcher[] = [];
  let clock: FakeClock;
  let cache: ImageCache;
  let directory: TestDirectory;
  /** Variants that are being rendered, each with what ends its render. */
  let rendering: { readonly name: string; readonly finish: () => void }[];
  let rendered: string[];
  /** Whether renders wait until a test ends them. */
  let isSlow: boolean;
  let failure: Error | undefined;

  const render = async ({ identifier, operations }: VariantIdentity) => {
    const name = `${identifier} ${operations}`;
    rendered.push(name);
    if (failure !== undefined) throw failure;
    if (isSlow) await new Promise<void>((finish) => rendering.push({ name, finish }));
    return { body: Buffer.from(name), contentType: 'image/jpeg' };
  };

  const { UV_THREADPOOL_SIZE: pool } = process.env;

  beforeAll(() => {
    process.env['UV_THREADPOOL_SIZE'] = '16';
  });

  afterAll(() => {
    if (pool === undefined) delete process.env['UV_THREADPOOL_SIZE'];
    else process.env['UV_THREADPOOL_SIZE'] = pool;
  });

  beforeEach(async () => {
    [rendering, rendered, isSlow, failure] = [[], [], false, undefined];
    clock = new FakeClock();
    directory = await makeDirectory();
    cache = await createImageCache({
      variant: { store: heapStore() },
      render: { concurrency: 3 },
      renderer: { render },
    });
  });

  afterEach(async () => {
    isSlow = false;
    for (const { finish } of rendering) finish();
    for (const each of opened.splice(0)) await each.close();
    await cache.close();
    await directory.remove();
  });

  const open = async (options: PrefetchOptions = {}): Promise<DefaultPrefetcher> => {
    const prefetcher = await createPrefetcher({ variants: ['jpg:one', 'jpg:two'], ...options }, { cache, clock });
    opened.push(prefetcher);
    return prefetcher;
  };

  const finishNext = async (): Promise<string> => {
    await until(() => rendering.length > 0);
    const next = rendering.shift();
    next?.finish();
    return next?.name ?? '';
  };

  it('queues many images, and counts what becomes of them', async () => {
    const prefetcher = await open();
    await prefetcher.enqueue({ identifier: 'warm' });
    await prefetcher.run();
    await prefetcher.enqueue({ identifier: 'known' });
    const seen: number[] = [];
    const counts = await prefetcher.enqueueAll(['warm', 'known', 'a', 'b'], {
      priority: 3,
      onProgress: ({ queued, cached, alreadyQueued }) => seen.push(queued + cached + alreadyQueued),
    });
    expect(counts).toEqual({ queued: 2, alreadyQueued: 1, writing: 0, cached: 1 });
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(await prefetcher.find('b')).toMatchObject({ priority: 3 });
  });

  it('queues no more images once it is told to end', async () => {
    const prefetcher = await open();
    const end = new AbortController();
    const onProgress = (): void => {
      end.abort();
    };
    await expect(prefetcher.enqueueAll(['a', 'b'], { signal: end.signal, onProgress })).rejects.toThrow(/abort/i);
    expect(prefetcher.status().queued).toBe(1);
  });

  it('lists folders where it is told how, and says so where it is not', async () => {
    const folder = (path: string) => Readable.from([`${path}/a`, `${path}/b`]);
    const prefetcher = await open({ folder });
    expect(await prefetcher.enqueueAll(prefetcher.imagesIn('maps'))).toMatchObject({ queued: 2 });
    expect(await prefetcher.find('maps/b')).toBeDefined();
    const other = await open();
    expect(() => other.imagesIn('maps')).toThrow('folder: the source of this prefetcher cannot list its images.');
  });

  it('begins nothing while it is paused, and goes on by itself afterwards', async () => {
    const prefetcher = await open();
    await prefetcher.enqueueAll(['a', 'b']);
    await prefetcher.pause();
    expect(await prefetcher.run()).toMatchObject({ completed: 0, rendered: 0, aborted: true });
    expect([prefetcher.status().isPaused, rendered]).toEqual([true, []]);
    await prefetcher.resume();
    await until(() => prefetcher.status().completed === 2);
    expect(rendered).toHaveLength(4);
  });

  it('stays paused when its process ends, and shows what others have done with the queue', async () => {
    const first = await open({ directory: directory.path });
    await first.enqueue({ identifier: 'a' });
    await first.pause();
    await first.close();
    const [one, other] = [await open({ directory: directory.path }), await open({ directory: directory.path })];
    expect(await one.run()).toMatchObject({ completed: 0, aborted: true });
    await other.enqueue({ identifier: 'b' });
    expect(one.status()).toMatchObject({ isPaused: true });
    await until(() => one.status().queued === 2);
    await other.resume();
    await until(() => other.status().completed === 2);
    await until(() => one.status().queued === 0 && !one.status().isPaused);
  });

  it('takes up what was given up, and what waits for its next attempt, when it is told to', async () => {
    const prefetcher = await open({ attempts: 2, backOff: '1h' });
    failure = new Error('the source is down');
    await prefetcher.enqueueAll(['a', 'b']);
    await prefetcher.run();
    expect(await prefetcher.retry('a')).toBe(1);
    await prefetcher.run();
    expect([await prefetcher.retry('b'), await prefetcher.retry('none')]).toEqual([1, 0]);
    failure = undefined;
    expect(await prefetcher.retry()).toBe(1);
    expect(await prefetcher.run()).toMatchObject({ completed: 2 });
    expect(await prefetcher.retry()).toBe(0);
  });

  it('finishes the image that it is at when it is paused', async () => {
    const prefetcher = await open();
    await prefetcher.enqueueAll(['a', 'b']);
    isSlow = true;
    const run = prefetcher.run();
    await until(() => rendering.length > 0);
    await prefetcher.pause();
    expect([await finishNext(), await finishNext()]).toEqual(['a one', 'a two']);
    expect(await run).toMatchObject({ completed: 1, aborted: true });
    expect(prefetcher.status()).toMatchObject({ queued: 1, running: 0 });
  });

  it('ends an image that is cancelled before its next variant', async () => {
    const prefetcher = await open();
    await prefetcher.enqueue({ identifier: 'a' });
    isSlow = true;
    const run = prefetcher.run();
    await until(() => rendering.length > 0);
    expect(await prefetcher.remove('a')).toBe(true);
    await finishNext();
    expect(await run).toMatchObject({ completed: 0, rendered: 1, aborted: false });
    expect([rendered, prefetcher.status()]).toMatchObject([['a one'], { queued: 0, running: 0, dead: 0 }]);
  });

  it('tries again after pauses that get longer, with a spread, and gives up at last', async () => {
    const prefetcher = await open({ backOff: '30s', maxBackOff: '1m', attempts: 4 });
    const failed = record(cache, 'prefetch-failed');
    failure = new Error('the source is down');
    await prefetcher.enqueue({ identifier: 'a' });
    for (const pause of [30, 60, 60]) {
      expect(await prefetcher.run()).toMatchObject({ retried: 1, dead: 0 });
      const { notBefore = 0, error, state } = (await prefetcher.find('a')) ?? {};
      expect([state, error]).toEqual(['queued', expect.stringContaining('the source is down')]);
      const wait = notBefore - clock.now();
      expect(wait).toBeGreaterThanOrEqual(0.5 * pause * SECOND);
      expect(wait).toBeLessThanOrEqual(1.5 * pause * SECOND);
      expect(prefetcher.nextDue).toBe(notBefore);
      await clock.advance(wait - 1);
      expect(await prefetcher.run()).toMatchObject({ retried: 0 });
      await clock.advance(1);
    }
    expect(await prefetcher.run()).toMatchObject({ retried: 0, dead: 1 });
    expect(failed.map(({ attempts, isGivenUp }) => [attempts, isGivenUp])).toEqual([
      [1, false],
      [2, false],
      [3, false],
      [4, true],
    ]);
    failure = undefined;
    expect(await prefetcher.enqueue({ identifier: 'a' })).toMatchObject({ status: 'queued', job: { attempts: 0 } });
    expect(await prefetcher.run()).toMatchObject({ completed: 1 });
  });

  it('gives nothing up for a day while the source is out, however often it was tried', async () => {
    const prefetcher = await open({ backOff: '10m', maxBackOff: '10m', attempts: 2 });
    failure = new ImageCacheError('E_IMAGE_CACHE_SOURCE_UNAVAILABLE', 'no answer');
    await prefetcher.enqueue({ identifier: 'a' });
    const began = clock.now();
    let tries = 0;
    for (let last = await prefetcher.run(); last.dead === 0; last = await prefetcher.run()) {
      tries += 1;
      expect(last).toMatchObject({ retried: 1 });
      expect(await prefetcher.find('a')).toMatchObject({ state: 'queued', attempts: tries, failingSince: began });
      await clock.advance((prefetcher.nextDue ?? 0) - clock.now());
    }
    expect(clock.now() - began).toBeGreaterThanOrEqual(24 * 3600 * SECOND);
    expect(clock.now() - began).toBeLessThan(25 * 3600 * SECOND);
    expect(tries).toBeGreaterThan(90);
    const [dead] = (await prefetcher.jobs({ state: 'dead' })).jobs;
    expect(dead?.error).toBe('E_IMAGE_CACHE_SOURCE_UNAVAILABLE: no answer');
  });

  it('leaves the time of a pause out of what it has patience for', async () => {
    const prefetcher = await open({ backOff: '10m', maxBackOff: '10m', attempts: 2 });
    failure = new ImageCacheError('E_IMAGE_CACHE_SOURCE_UNAVAILABLE', 'no answer');
    await prefetcher.enqueue({ identifier: 'a' });
    expect(await prefetcher.run()).toMatchObject({ retried: 1 });
    await clock.advance((prefetcher.nextDue ?? 0) - clock.now());
    await prefetcher.pause();
    await clock.advance(3 * 24 * 3600 * SECOND);
    await prefetcher.resume({ atOnce: false });
    const resumed = clock.now();
    for (let last = await prefetcher.run(); last.dead === 0; last = await prefetcher.run()) {
      expect(last).toMatchObject({ retried: 1 });
      await clock.advance((prefetcher.nextDue ?? 0) - clock.now());
    }
    expect(clock.now() - resumed).toBeGreaterThan(23 * 3600 * SECOND);
    expect(clock.now() - resumed).toBeLessThan(25 * 3600 * SECOND);
  });

  it('keeps in the queue what a cache that ends renders no more', async () => {
    isSlow = true;
    const prefetcher = await open({ variants: ['jpg:one'] });
    await prefetcher.enqueueAll(['a', 'b', 'c']);
    const run = prefetcher.run();
    await finishNext();
    await until(() => rendering.length > 0);
    cache.drain();
    expect(await run).toMatchObject({ completed: 1, rendered: 1, failed: 0, aborted: true });
    const { jobs } = await prefetcher.jobs();
    expect(jobs).toMatchObject(['b', 'c'].map((identifier) => ({ identifier, state: 'queued', attempts: 0 })));
    expect(await prefetcher.run()).toMatchObject({ completed: 0, aborted: true });
  });

  it('renders the other variants of an image when one is too large for the store', async () => {
    await cache.close();
    const variant = { store: filesystemStore({ directory: directory.path, maxEntrySize: '10KB' }) };
    const body = ({ operations }: VariantIdentity) => Buffer.alloc(operations === 'big' ? 50_000 : 100);
    cache = await createImageCache({
      variant,
      renderer: {
        render: (identity) => {
          rendered.push(identity.operations);
          return Promise.resolve({ body: body(identity), contentType: 'image/jpeg' });
        },
      },
    });
    const prefetcher = await open({ variants: ['jpg:big', 'jpg:one', 'jpg:two'] });
    await prefetcher.enqueue({ identifier: 'a' });
    expect(await prefetcher.run()).toMatchObject({ rendered: 2, failed: 1, dead: 1 });
    expect(rendered).toEqual(['big', 'one', 'two']);
    expect((await prefetcher.find('a'))?.error).toMatch(/^E_IMAGE_CACHE_TOO_LARGE: /);
  });

  it('has no job removed by what is cached that more is wanted of meanwhile', async () => {
    const gates: Promise<void>[] = [];
    let looks = 0;
    const has = async (): Promise<boolean> => {
      await gates[looks++];
      return true;
    };
    const prefetcher = await open({ info: { has, keep: () => Promise.resolve('cached') }, variants: [] });
    await prefetcher.enqueue({ identifier: 'a', variants: ['jpg:one'] });
    const look = deferred();
    gates[looks] = look.promise;
    await cache.warm([{ identifier: 'a', operations: 'one', extension: 'jpg' }]);
    await clock.advance(SECOND);
    await until(() => looks === 2);
    await prefetcher.enqueue({ identifier: 'a', variants: ['jpg:two'] });
    look.resolve();
    await new Promise(setImmediate);
    expect(await prefetcher.find('a')).toMatchObject({ variants: ['jpg:one', 'jpg:two'] });
  });

  it('queues what was warm of an image that has changed in a full queue, too', async () => {
    const prefetcher = await open({ variants: ['jpg:one'], maxJobs: 1 });
    await prefetcher.enqueue({ identifier: 'a' });
    await prefetcher.run();
    await prefetcher.enqueue({ identifier: 'b' });
    await expect(prefetcher.enqueue({ identifier: 'c' })).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_OVERLOADED' });
    expect(await prefetcher.changed('a')).toMatchObject({ evicted: { variants: 1 }, requeued: 1 });
    expect(await prefetcher.find('a')).toMatchObject({ state: 'queued' });
  });

  it('counts the variants that an image cannot have', async () => {
    const expand = (identifier: string, variant: string) =>
      variant === 'jpg:two' ? [] : [{ identifier, operations: variant, extension: 'jpg' }];
    const prefetcher = await open({ words: { expand } });
    const told = record(cache, 'prefetched');
    await prefetcher.enqueue({ identifier: 'a' });
    expect(await prefetcher.run()).toMatchObject({ completed: 1, rendered: 1, omitted: 1 });
    expect(told).toMatchObject([{ identifier: 'a', rendered: 1, omitted: 1 }]);
  });

  it('has no more images under way than it may, and leaves the rest to requests', async () => {
    const prefetcher = await open({ concurrency: 2, variants: ['jpg:one'] });
    await prefetcher.enqueueAll(Array.from({ length: 6 }, (_, index) => `image ${index}`));
    isSlow = true;
    const run = prefetcher.run();
    await until(() => rendering.length === 2);
    const asked: VariantIdentity = { identifier: 'asked for', operations: 'one', extension: 'jpg' };
    const answer = cache.variants.getOrRender(asked, () => render(asked));
    await until(() => rendering.length === 3);
    expect(rendering.map(({ name }) => name)).toContain('asked for one');
    expect(prefetcher.status().running).toBe(2);
    for (let left = 7; left > 0; left -= 1) await finishNext();
    await answer;
    expect(await run).toMatchObject({ completed: 6 });
  });

  it('tells how far an image is', async () => {
    const prefetcher = await open();
    await prefetcher.enqueue({ identifier: 'a' });
    isSlow = true;
    const run = prefetcher.run();
    await finishNext();
    await until(async () => (await prefetcher.find('a'))?.progress?.done === 1);
    expect(await prefetcher.find('a')).toMatchObject({ state: 'running', progress: { total: 2, done: 1, failed: 0 } });
    expect(await prefetcher.enqueue({ identifier: 'a' })).toMatchObject({ status: 'writing' });
    await finishNext();
    await run;
  });

  it('is shared: who asks for a run while there is one waits for its end', async () => {
    const prefetcher = await open();
    await prefetcher.enqueueAll(['a', 'b']);
    const [one, other] = await Promise.all([prefetcher.run(), prefetcher.run()]);
    expect(one).toBe(other);
    expect(rendered).toHaveLength(4);
  });

  it.each(['ended', 'aborted'])('gives back what is not done when it is %s', async (how) => {
    const prefetcher = await open({ directory: directory.path });
    await prefetcher.enqueueAll(['a', 'b']);
    isSlow = true;
    const end = new AbortController();
    const run = prefetcher.run({ signal: end.signal });
    await until(() => rendering.length > 0);
    if (how === 'aborted') end.abort();
    const closed = how === 'ended' ? prefetcher.close() : undefined;
    isSlow = false;
    await finishNext();
    expect(await run).toMatchObject({ completed: 0, aborted: true });
    await closed;
    if (how === 'ended') await expect(prefetcher.run()).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_CLOSED' });
    const next = await open({ directory: directory.path });
    expect((await next.jobs()).jobs).toMatchObject([
      { identifier: 'a', state: 'queued', attempts: 0 },
      { identifier: 'b', state: 'queued' },
    ]);
    expect(await next.run()).toMatchObject({ completed: 2 });
    expect(rendered.filter((name) => name === 'b one')).toHaveLength(1);
  });

  it.each([
    [{ identifier: '' }, /^identifier: "" is not a text of 1 to 4096 characters/],
    [{ identifier: 'x'.repeat(4097) }, /^identifier: /],
    [{ identifier: 'a', priority: 1001 }, /^priority: 1001 is not a whole number from -1000 to 1000/],
    [{ identifier: 'a', variants: ['jpg:one', 'JPG'] }, /^variants\[1\]: "JPG" is no variant: it has not the form/],
    [{ identifier: 'a', variants: [''] }, /^variants\[0\]: "" is not the name of a variant/],
  ])('refuses %j, and queues nothing', async (request, message) => {
    const prefetcher = await open();
    await expect(prefetcher.enqueue(request)).rejects.toThrow(message);
    expect(prefetcher.status().queued).toBe(0);
  });

  it.each([
    [{ interval: '5 parsecs' }, /^prefetch\.interval: /],
    [{ concurrency: 0 }, /^prefetch\.concurrency: 0 is not a whole number from 1 to 1020/],
    [{ variants: ['x'] }, /^prefetch\.variants\[0\]: "x" is no variant/],
    [{ directory: ' ' }, /^prefetch\.directory: has to name a directory/],
    [{ patience: 'long' }, /^prefetch\.patience: /],
    [{ attempts: 1.5 }, /^prefetch\.attempts: 1\.5 is not a whole number/],
    [{ folder: 'maps' }, /^prefetch\.folder: is no function/],
    [{ varaints: [] }, /^prefetch\.varaints: there is no such option; there are directory, /],
  ])('refuses the options %j', async (options, message) => {
    await expect(createPrefetcher(options as PrefetchOptions, { cache })).rejects.toThrow(message);
  });
});
