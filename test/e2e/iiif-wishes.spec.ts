import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { filesystemStore, type ImageCacheOptions } from 'nestjs-image-cache';
import { FilesystemSource, IiifModule, type IiifOptions } from 'nestjs-iiif';
import { FakeClock } from 'nestjs-image-cache/testing';
import { until } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { plain } from '../support/pictures.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const HOUR = 3_600_000;
const PICTURE = '/iiif/3/lake.png/full/20,/0/default.png';
const INFO = '/iiif/3/lake.png/info.json';

describe.each(PLATFORMS)('a IIIF server whose clients or sources have their ways, on %s', (platform) => {
  const startApp = usingApps(platform);
  let directory: TestDirectory;
  let images: string;
  let clock: FakeClock;

  async function start(cache: ImageCacheOptions = {}, options: Partial<IiifOptions> = {}): Promise<TestApp> {
    const source = new FilesystemSource({ directory: images });
    const variant = { store: filesystemStore({ directory: join(directory.path, 'cache') }), stale: '1h', ttl: '0' };
    const own = { variant, info: { ttl: '0' }, clock, ...cache };
    const app = await startApp({ imports: [IiifModule.forRoot({ source, cache: own, ...options })], cache: false });
    await app.get(PICTURE);
    await until(() => app.cache.stats().stored === 2);
    return app;
  }

  const heightOf = async (app: TestApp, query = '', headers = {}): Promise<unknown> => {
    const { body } = await app.get(INFO + query, headers);
    return (JSON.parse(body.toString()) as Record<string, unknown>)['height'];
  };

  beforeEach(async () => {
    clock = new FakeClock(Date.now());
    directory = await makeDirectory();
    images = join(directory.path, 'images');
    await mkdir(images);
    await plain(40, 30).png().toFile(join(images, 'lake.png'));
  });

  afterEach(() => directory.remove());

  it.each(['?cache=recache', ''])('renews picture and info in all tiers for who may ask for it (%j)', async (query) => {
    const app = await start({}, { clientDirectives: true });
    await plain(40, 60).png().toFile(join(images, 'lake.png'));
    expect(await heightOf(app)).toBe(30);
    const headers = query === '' ? { 'Cache-Control': 'no-cache' } : {};
    const answer = await app.get(PICTURE + query, headers);
    expect([answer.status, answer.body.readUInt32BE(20)]).toEqual([200, 30]);
    expect(answer.headers['cache-status']).toMatch(/fwd=(request|miss); stored$/);
    expect(await heightOf(app)).toBe(60);
    await until(() => app.cache.stats().rendering.running === 0 && app.cache.stats().stored === 4);
    const next = await app.get(PICTURE);
    expect([next.body.equals(answer.body), next.headers['cache-status']]).toEqual([true, 'image-cache; hit']);
  });

  it('answers who goes past the cache, and keeps what is there', async () => {
    const app = await start({}, { clientDirectives: true });
    await plain(40, 60).png().toFile(join(images, 'lake.png'));
    const answer = await app.get(`${PICTURE}?cache=nocache`);
    expect([answer.body.readUInt32BE(20), answer.headers['cache-status']]).toEqual([30, 'image-cache; fwd=bypass']);
    expect(await heightOf(app, '?cache=nocache')).toBe(60);
    expect(await heightOf(app)).toBe(30);
  });

  it('tells who goes past the cache when the original was changed', async () => {
    const app = await start({}, { clientDirectives: true });
    const changed = (await app.get(INFO)).headers['last-modified'];
    expect(Date.parse(String(changed))).toBeGreaterThan(Date.UTC(2020, 0));
    for (const path of [INFO, PICTURE])
      expect((await app.get(path, { 'Cache-Control': 'no-store' })).headers['last-modified']).toBe(changed);
  });

  it('keeps what it has when it cannot be renewed, since the source is not mounted', async () => {
    const app = await start({}, { clientDirectives: true });
    await rename(images, `${images} away`);
    for (const path of [PICTURE, INFO]) {
      expect((await app.get(`${path}?cache=recache`)).status).toBe(503);
      expect((await app.get(path, { 'Cache-Control': 'no-cache' })).status).toBe(503);
      expect((await app.get(path)).status).toBe(200);
    }
  });

  it('opens no original for who wants only what is in the cache', async () => {
    const app = await start();
    const original = '/iiif/3/lake.png/full/max/0/default.png';
    expect((await app.get(original)).status).toBe(200);
    expect((await app.get(original, { 'Cache-Control': 'only-if-cached' })).status).toBe(504);
  });

  it('does so for nobody by default', async () => {
    const app = await start();
    await plain(40, 60).png().toFile(join(images, 'lake.png'));
    for (const query of ['?cache=recache', '?cache=nocache']) expect(await heightOf(app, query)).toBe(30);
    const onlyIfCached = { 'Cache-Control': 'only-if-cached' };
    expect((await app.get(PICTURE, onlyIfCached)).status).toBe(200);
    expect((await app.get('/iiif/3/lake.png/full/21,/0/default.png', onlyIfCached)).status).toBe(504);
  });

  it('goes on with what it has while its source is not mounted, as long as it was told to', async () => {
    const app = await start({ resolveFirst: true });
    await rename(images, `${images} away`);
    for (const path of [PICTURE, INFO]) {
      const answer = await app.get(path);
      expect([answer.status, answer.headers['cache-status']]).toEqual([
        200,
        'image-cache; hit; detail=source-unavailable',
      ]);
      expect(answer.headers['cache-control']).toMatch(/^max-age=0,/);
    }
    expect((await app.get('/iiif/3/lake.png/full/21,/0/default.png')).status).toBe(503);
    await clock.advance(HOUR + 1);
    expect([(await app.get(PICTURE)).status, (await app.get(INFO)).status]).toEqual([503, 503]);
    await rename(`${images} away`, images);
    expect((await app.get(PICTURE)).headers['cache-status']).toBe('image-cache; hit');
  });
});
