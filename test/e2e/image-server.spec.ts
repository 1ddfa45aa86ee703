import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdir, rename } from 'node:fs/promises';
import sharp from 'sharp';
import { cachingIn, startServer, type RunningServer } from '../support/image-server.js';
import { makeImages, type TestImages } from '../support/samples.js';

const TILE = '/iiif/3/tiled.tif/0,0,512,512/256,/0/default.jpg';

describe('The image server', () => {
  let images: TestImages;

  beforeAll(async () => {
    images = await makeImages();
  });

  afterAll(async () => {
    await images.remove();
  });

  const start = (environment: Record<string, string> = {}): Promise<RunningServer> =>
    startServer({ environment: { ...cachingIn(images.cache, images.source), ...environment } });

  it('renders a tile once, and has it after a restart and after a crash', async () => {
    const first = await start();
    const miss = await first.get(TILE);
    expect(miss).toMatchObject({ status: 200, headers: { 'cache-status': 'image-cache; fwd=miss; stored' } });
    const hit = await first.get(TILE);
    expect(hit.headers['cache-status']).toBe('image-cache; hit; ttl=2592000');
    expect(hit.body.equals(miss.body)).toBe(true);
    expect(await sharp(hit.body).metadata()).toMatchObject({ format: 'jpeg', width: 256, height: 256 });
    expect(await first.end()).toMatchObject({ code: 0, stderr: '' });

    const second = await start();
    const afterRestart = await second.get(TILE);
    expect(afterRestart.headers['cache-status']).toBe('image-cache; hit; ttl=2592000');
    expect(afterRestart.body.equals(miss.body)).toBe(true);
    await second.end('SIGKILL');

    const third = await start();
    const afterCrash = await third.get(TILE);
    expect(afterCrash.headers['cache-status']).toBe('image-cache; hit; ttl=2592000');
    expect(afterCrash.body.equals(miss.body)).toBe(true);
  });

  it('gives both versions of the API the same entry', async () => {
    const server = await start();
    const parameters = 'full/200,150/90/gray.png';
    const three = await server.get(`/iiif/3/tiled.tif/${parameters}`);
    const two = await server.get(`/iiif/2/tiled.tif/${parameters}`);
    expect([three, two].map(({ headers }) => headers['cache-status'])).toEqual([
      'image-cache; fwd=miss; stored',
      'image-cache; hit; ttl=2592000',
    ]);
    expect(two.body.equals(three.body)).toBe(true);
    expect(three.headers.link).toBe(
      `<${server.url}/iiif/3/tiled.tif/full/200,150/90/gray.png>;rel="canonical", ` +
        '<http://iiif.io/api/image/3/level2.json>;rel="profile"',
    );
    expect(two.headers.link).toBe(
      `<${server.url}/iiif/2/tiled.tif/full/200,/90/gray.png>;rel="canonical", ` +
        '<http://iiif.io/api/image/2/level2.json>;rel="profile"',
    );
  });

  it('describes images for both versions of the API', async () => {
    const server = await start();
    const three = await server.get('/iiif/3/maps%2Falpha.png/info.json');
    expect(three.headers['content-type']).toBe('application/ld+json;profile="http://iiif.io/api/image/3/context.json"');
    expect(JSON.parse(three.body.toString())).toMatchObject({
      '@context': 'http://iiif.io/api/image/3/context.json',
      id: `${server.url}/iiif/3/maps%2Falpha.png`,
      type: 'ImageService3',
      profile: 'level2',
      width: 300,
      height: 300,
    });
    const two = await server.get('/iiif/2/tiled.tif/info.json');
    expect(two.headers['content-type']).toBe('application/json');
    expect(JSON.parse(two.body.toString())).toMatchObject({
      '@context': 'http://iiif.io/api/image/2/context.json',
      '@id': `${server.url}/iiif/2/tiled.tif`,
      width: 1600,
      height: 1200,
      tiles: [{ width: 256, scaleFactors: [1, 2, 4, 8] }],
    });
    const base = await server.get('/iiif/3/tiled.tif');
    expect([base.status, base.headers.location]).toEqual([303, `${server.url}/iiif/3/tiled.tif/info.json`]);
    expect(base.headers['cache-control']).toBeUndefined();
  });

  it('lets viewers of all sites have every answer', async () => {
    const server = await start();
    const answers = await Promise.all([
      server.get(TILE),
      server.get('/iiif/3/tiled.tif/info.json'),
      server.get('/iiif/3/tiled.tif'),
      server.get('/iiif/3/tiled.tif/full/nonsense/0/default.jpg'),
      server.get('/iiif/3/missing.tif/info.json'),
      server.get('/iiif/3/%zz/info.json'),
      server.get(`/iiif/3/${'a'.repeat(5000)}/info.json`),
      server.get('/nothing'),
      server.get('/health'),
      server.get('/images'),
      server.get('/'),
      server.request('OPTIONS', TILE),
      server.request('HEAD', TILE),
      server.request('POST', TILE),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([
      200, 200, 303, 400, 404, 400, 414, 404, 200, 200, 200, 204, 200, 404,
    ]);
    for (const { headers } of answers) {
      expect(headers).toMatchObject({ 'access-control-allow-origin': '*', 'x-content-type-options': 'nosniff' });
    }
    for (const { status, headers } of answers) {
      if (status >= 400) expect(headers['cache-control']).toBe('no-cache, no-store, must-revalidate');
    }
  });

  it('tells Prometheus what it does, unless that is switched off', async () => {
    const server = await start();
    await server.get('/iiif/3/tiled.tif/0,0,512,512/37,/0/default.jpg');
    const { status, headers, body } = await server.get('/metrics');
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(body.toString()).toContain('image_cache_requests_total{tier="variant",outcome="miss"} 1');
    expect((await start({ ENDPOINT_METRICS_ENABLED: 'false' }).then((silent) => silent.get('/metrics'))).status).toBe(
      404,
    );
  });

  it('lists its images by pages', async () => {
    const server = await start();
    const first: unknown = JSON.parse((await server.get('/images?limit=2')).body.toString());
    expect(first).toEqual({
      images: [
        { identifier: 'maps/alpha.png', width: 300, height: 300, format: 'png', hasAlpha: true },
        { identifier: 'photo.jpg', width: 600, height: 400, format: 'jpeg', hasAlpha: false },
      ],
      isListable: true,
      next: 'photo.jpg',
    });
    const last: unknown = JSON.parse((await server.get('/images?limit=2&after=photo.jpg')).body.toString());
    expect(last).toEqual({
      images: [{ identifier: 'tiled.tif', width: 1600, height: 1200, format: 'tiff', hasAlpha: false }],
      isListable: true,
    });
    expect(JSON.parse((await server.get('/images/tiled.tif')).body.toString())).toMatchObject({
      format: 'tiff',
      tileSize: { width: 256, height: 256 },
      levels: 4,
    });
    for (const query of ['limit=0', 'limit=101', 'limit=x', 'after=a&after=b']) {
      expect((await server.get(`/images?${query}`)).status).toBe(400);
    }
  });

  it('is healthy as long as source and store answer, and leaves nothing behind when asked', async () => {
    const server = await start();
    const before = await readdir(images.path, { recursive: true });
    const good = await server.get('/health');
    expect([good.status, good.body.toString()]).toEqual([200, '{"status":"ok","source":"ok","store":"ok"}']);
    await rename(images.source, `${images.source}.away`);
    const withoutSource = await server.get('/health');
    await rename(`${images.source}.away`, images.source);
    expect([withoutSource.status, withoutSource.body.toString()]).toEqual([
      503,
      '{"status":"error","source":"unavailable","store":"ok"}',
    ]);
    await rename(images.cache, `${images.cache}.away`);
    const withoutStore = await server.get('/health');
    await rename(`${images.cache}.away`, images.cache);
    expect([withoutStore.status, withoutStore.body.toString()]).toEqual([
      503,
      '{"status":"error","source":"ok","store":"unavailable"}',
    ]);
    expect((await server.get('/health')).status).toBe(200);
    expect((await readdir(images.path, { recursive: true })).sort()).toEqual(before.sort());
  });
});
