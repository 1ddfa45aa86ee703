import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesystemStore, ImagePrefetchModule, Prefetcher, type PrefetchOptions } from 'nestjs-image-cache';
import { FilesystemSource, IiifModule, iiifPrefetch, ImageService } from 'nestjs-iiif';
import sharp from 'sharp';
import { record, until } from '../support/async.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const VARIANTS = [
  'full/150,/0/default.jpg',
  'square/64,64/0/gray.webp',
  'full/5000,/0/default.jpg',
  'full/max/0/default.jpg',
];

let base: string;
let images: string;
let count = 0;

const picture = (width: number, height: number, background: string) =>
  sharp({ create: { width, height, channels: 3, background } });

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'prefetch-e2e-'));
  images = join(base, 'images');
  await mkdir(images);
});

beforeEach(async () => {
  count += 1;
  await picture(300, 200, 'teal').jpeg().toFile(join(images, 'lake.jpg'));
  await picture(1500, 1100, 'navy').jpeg().toFile(join(images, 'sea.jpg'));
  await writeFile(join(images, 'page.jpg'), 'no picture');
});

afterAll(() => rm(base, { recursive: true }));

describe.each(PLATFORMS)('a IIIF server that prefetches on %s', (platform) => {
  const startApp = usingApps(platform);

  const start = async (prefetch: PrefetchOptions = {}): Promise<TestApp & { readonly prefetcher: Prefetcher }> => {
    const source = new FilesystemSource({ directory: images });
    const variant = { store: filesystemStore({ directory: join(base, `cache-${platform}-${count}`) }) };
    const iiif = IiifModule.forRoot({ source, cache: { variant } });
    const app = await startApp({
      imports: [
        ScheduleModule.forRoot(),
        iiif,
        ImagePrefetchModule.forRootAsync({
          imports: [iiif],
          inject: [ImageService],
          useFactory: (service: ImageService) => ({
            variants: VARIANTS,
            directory: join(base, `queue-${platform}-${count}`),
            interval: '0',
            ...prefetch,
            ...iiifPrefetch(service),
          }),
        }),
      ],
      cache: false,
    });
    return { ...app, prefetcher: app.nest.get(Prefetcher) };
  };

  const statusOf = async (app: TestApp, path: string): Promise<string> =>
    String((await app.get(path)).headers['cache-status']);

  it('has in the cache what requests of both versions ask for', async () => {
    const app = await start();
    expect(await app.prefetcher.enqueue({ identifier: 'lake.jpg' })).toMatchObject({ status: 'queued' });
    expect(await app.prefetcher.enqueue({ identifier: 'lake.jpg' })).toMatchObject({ status: 'already-queued' });
    expect(await app.prefetcher.warmth('lake.jpg')).toMatchObject({ isWarm: false, info: false });
    expect(await app.prefetcher.run()).toMatchObject({ completed: 1, rendered: 3, failed: 0, omitted: 2 });
    for (const version of [2, 3])
      for (const variant of VARIANTS.slice(0, 2))
        expect(await statusOf(app, `/iiif/${version}/lake.jpg/${variant}`)).toMatch(/^image-cache; hit/);
    expect(await app.prefetcher.warmth('lake.jpg')).toMatchObject({ isWarm: true, info: true });
    expect(await app.prefetcher.enqueue({ identifier: 'lake.jpg' })).toEqual({ status: 'cached' });
    expect(app.prefetcher.status()).toMatchObject({ queued: 0, running: 0, dead: 0, completed: 1, failures: 0 });
    expect(app.cache.stats()).toMatchObject({ prefetched: 1, prefetchFailures: 0 });
  });

  it('gives up what is no picture, and goes on', async () => {
    const app = await start();
    const failed = record(app.cache, 'prefetch-failed');
    for (const identifier of ['page.jpg', 'nowhere.jpg', 'lake.jpg']) await app.prefetcher.enqueue({ identifier });
    expect(await app.prefetcher.run()).toMatchObject({ completed: 1, retried: 0, dead: 2 });
    expect(failed.map(({ identifier, isGivenUp }) => [identifier, isGivenUp])).toEqual([
      ['page.jpg', true],
      ['nowhere.jpg', true],
    ]);
    const { jobs } = await app.prefetcher.jobs({ state: 'dead' });
    expect(jobs.map(({ identifier, attempts }) => [identifier, attempts])).toEqual([
      ['page.jpg', 1],
      ['nowhere.jpg', 1],
    ]);
  });

  it('refuses what is no variant before it is queued', async () => {
    const app = await start();
    const bad = app.prefetcher.enqueue({ identifier: 'lake.jpg', variants: ['full/150,/0/default.jpg', 'big'] });
    await expect(bad).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_OPTIONS',
      message: expect.stringMatching(/^variants\[1\]: "big" is no variant: /) as unknown,
    });
    await expect(app.prefetcher.enqueue({ identifier: '' })).rejects.toThrow(/^identifier: /);
    expect((await app.prefetcher.jobs()).jobs).toEqual([]);
  });

  it('takes an image out of the queue that gets cached by requests', async () => {
    const app = await start();
    await app.prefetcher.enqueue({ identifier: 'lake.jpg', variants: VARIANTS.slice(0, 2) });
    await app.get(`/iiif/3/lake.jpg/${VARIANTS[0]}`);
    await app.get(`/iiif/3/lake.jpg/${VARIANTS[1]}`);
    await until(async () => (await app.prefetcher.find('lake.jpg')) === undefined);
    expect(app.prefetcher.status().completed).toBe(0);
  });

  it('renders anew what was warm when an image has changed, for the image as it is now', async () => {
    const app = await start();
    const half = 'full/150,/0/default.jpg';
    await app.get(`/iiif/3/lake.jpg/${half}`);
    await until(async () => (await app.cache.entriesOf('lake.jpg')).length === 2);
    await picture(300, 300, 'red').jpeg().toFile(join(images, 'lake.jpg'));
    const told = { evicted: { infos: 1, variants: 1 }, requeued: 1 };
    expect(await app.prefetcher.changed('lake.jpg', { dryRun: true })).toMatchObject(told);
    expect(await app.prefetcher.find('lake.jpg')).toBeUndefined();
    expect(await app.prefetcher.changed('lake.jpg')).toMatchObject(told);
    expect((await app.prefetcher.find('lake.jpg'))?.variants).toEqual([half]);
    expect(await app.prefetcher.run()).toMatchObject({ completed: 1, rendered: 2 });
    const again = await app.get(`/iiif/3/lake.jpg/${half}`);
    expect(again.headers['cache-status']).toMatch(/^image-cache; hit/);
    expect(await sharp(again.body).metadata()).toMatchObject({ width: 150, height: 150 });
  });

  it('renders anew what is configured, and foretells that, when nobody knows what was warm', async () => {
    const app = await start();
    await app.get('/iiif/3/lake.jpg/full/150,/0/default.jpg');
    await until(async () => (await app.cache.entriesOf('lake.jpg')).length === 2);
    await app.cache.evictInfos();
    const told = { evicted: { infos: 0, variants: 1 }, requeued: VARIANTS.length };
    expect(await app.prefetcher.changed('lake.jpg', { dryRun: true })).toMatchObject(told);
    expect(await app.prefetcher.changed('lake.jpg')).toMatchObject(told);
  });

  it('keeps its queue when it is started anew, and makes the first sweep by itself', async () => {
    const first = await start();
    await first.prefetcher.enqueue({ identifier: 'lake.jpg' });
    await first.prefetcher.enqueue({ identifier: 'sea.jpg', priority: 1 });
    await first.close();
    const app = await start({ interval: '1h', initialDelay: '0' });
    expect(app.nest.get(SchedulerRegistry).getTimeouts()).toEqual(['image-cache:prefetch']);
    expect(app.prefetcher.status().nextAt).toBeGreaterThan(0);
    await until(() => app.prefetcher.status().completed === 2);
    expect(await statusOf(app, `/iiif/3/sea.jpg/${VARIANTS[0]}`)).toMatch(/^image-cache; hit/);
  });

  it('has the tiles of a level as a viewer asks for them', async () => {
    const app = await start();
    await app.prefetcher.enqueue({ identifier: 'sea.jpg', variants: ['tiles:0-1'] });
    await app.prefetcher.run();
    const tiles = [
      '/iiif/3/sea.jpg/full/375,275/0/default.jpg',
      '/iiif/2/sea.jpg/full/375,/0/default.jpg',
      '/iiif/3/sea.jpg/0,0,1024,1024/512,512/0/default.jpg',
      '/iiif/3/sea.jpg/1024,0,476,1024/238,512/0/default.jpg',
      '/iiif/2/sea.jpg/1024,1024,476,76/238,38/0/default.jpg',
    ];
    for (const tile of tiles) expect([tile, await statusOf(app, tile)]).toEqual([tile, expect.stringMatching(/; hit/)]);
  });
});
