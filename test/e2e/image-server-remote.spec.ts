import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { deferred, until } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { cachingIn, startServer, type RunningServer } from '../support/image-server.js';
import { MAY_MOUNT, mountSmall, release } from '../support/mounts.js';
import { OriginServer } from '../support/origin-server.js';

/** Pixels of a side: some 100 MB with its pyramid. */
const SIDE = 5120;

let origin: OriginServer;
let directory: TestDirectory;
let large: Buffer;

beforeAll(async () => {
  const image = sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: '#487' } });
  large = await image
    .tiff({ tile: true, tileWidth: 512, tileHeight: 512, pyramid: true, compression: 'none' })
    .toBuffer();
}, 120_000);

beforeEach(async () => {
  origin = await OriginServer.start();
  origin.put('large.tif', { body: large, etag: '"1"' });
  directory = await makeDirectory();
});

afterEach(async () => {
  await origin.stop();
  release(directory.path);
  await directory.remove();
});

afterAll(() => {
  large = Buffer.alloc(0);
});

function start(environment: Record<string, string> = {}): Promise<RunningServer> {
  return startServer({
    environment: {
      ...cachingIn(join(directory.path, 'pictures'), ''),
      SOURCE_IMPLEMENTATION: 'HttpSource',
      SOURCE_HTTPSOURCE_URL_PREFIX: origin.url,
      SOURCE_HTTPSOURCE_ALLOW: '["127.0.0.1"]',
      CACHE_SERVER_SOURCE_ENABLED: 'true',
      CACHE_SERVER_SOURCE_PATHNAME: join(directory.path, 'originals'),
      PROCESSOR_TIMEOUT: '300',
      ...environment,
    },
  });
}

function tile(index: number, size = 256): string {
  const [x, y] = [(index % 10) * 512, Math.floor(index / 10) * 512];
  return `/iiif/3/large.tif/${x},${y},512,512/${size},/0/default.jpg`;
}

async function originals(): Promise<string[]> {
  const names = await readdir(join(directory.path, 'originals', 'source'), { recursive: true }).catch(() => []);
  return names.filter((name) => name.endsWith('.img') && !name.includes('.tmp/'));
}

describe('an image server with remote originals', () => {
  it('fetches a large original once for many tiles, and nothing after that, also after a restart', async () => {
    expect(large.byteLength).toBeGreaterThan(100_000_000);
    const server = await start();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => server.get(tile(index))));
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    expect({ gets: origin.count('GET'), sent: origin.sent }).toEqual({ gets: 1, sent: large.byteLength });
    origin.forget();
    expect((await server.get(tile(51))).status).toBe(200);
    expect((await server.get('/iiif/3/large.tif/info.json')).status).toBe(200);
    expect((await server.end()).code).toBe(0);
    const again = await start();
    expect((await again.get(tile(52))).status).toBe(200);
    expect(origin.requests).toEqual([]);
    expect(await originals()).toHaveLength(1);
  }, 240_000);

  it('passes parts of an original on while it is fetched', async () => {
    const path = '/iiif/3/large.tif/full/max/0/default.tif';
    const server = await start();
    expect((await server.get('/iiif/3/large.tif/info.json')).status).toBe(200);
    await server.end();
    await rm(join(directory.path, 'originals'), { recursive: true });
    const half = large.byteLength / 2;
    const rest = deferred();
    origin.behaviour = (_, response) => {
      response.writeHead(200, { etag: '"1"', 'content-length': large.byteLength }).write(large.subarray(0, half));
      void rest.promise.then(() => response.end(large.subarray(half)));
    };
    origin.forget();
    const again = await start();
    const part = await again.get(path, { range: 'bytes=1000000-1999999' });
    expect({ status: part.status, range: part.headers['content-range'] }).toEqual({
      status: 206,
      range: `bytes 1000000-1999999/${large.byteLength}`,
    });
    expect(part.body.equals(large.subarray(1_000_000, 2_000_000))).toBe(true);
    const ending = again.get(path, { range: 'bytes=-1000' });
    rest.resolve();
    expect((await ending).body.equals(large.subarray(-1000))).toBe(true);
    expect((await again.get(path)).body.equals(large)).toBe(true);
    expect({ gets: origin.count('GET'), sent: origin.sent }).toEqual({ gets: 1, sent: large.byteLength });
  }, 120_000);

  it('leaves nothing that could be read when it is killed in the middle of a fetch', async () => {
    const half = large.byteLength / 2;
    origin.behaviour = (request, response) => {
      if (request.method === 'HEAD') origin.usual(request, response);
      else response.writeHead(200, { etag: '"1"', 'content-length': large.byteLength }).write(large.subarray(0, half));
    };
    const server = await start();
    server.get(tile(0)).catch(() => undefined);
    await until(async () => {
      const names = await readdir(join(directory.path, 'originals', 'source'), { recursive: true }).catch(() => []);
      return names.some((name) => name.endsWith('.img'));
    });
    await server.end('SIGKILL');
    expect(await originals()).toEqual([]);
    origin.behaviour = undefined;
    const again = await start();
    expect((await again.get(tile(0))).status).toBe(200);
    expect(await originals()).toHaveLength(1);
  }, 120_000);

  (MAY_MOUNT ? it : it.skip)(
    'serves what it has no room for',
    async () => {
      await mkdir(join(directory.path, 'originals'));
      mountSmall(join(directory.path, 'originals'), '8m');
      const server = await start();
      const answers = await Promise.all([server.get(tile(0)), server.get(tile(1))]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(await originals()).toEqual([]);
      const { stdout, stderr } = await server.end();
      expect(stdout + stderr).toContain('was served, not stored');
    },
    120_000,
  );

  it('serves on while the origin is down, and tells a missing image from that', async () => {
    const server = await start({ CACHE_SERVER_SOURCE_STALENESS_SECONDS: '1', CACHE_SERVER_SOURCE_CONCURRENCY: '1' });
    expect((await server.get(tile(0))).status).toBe(200);
    expect((await server.get('/iiif/3/none.tif/info.json')).status).toBe(404);
    const fetched = Date.now();
    await until(() => Date.now() - fetched > 1500);
    await origin.stop();
    expect((await server.get(tile(1))).status).toBe(200);
    expect((await server.get('/iiif/3/none.tif/info.json')).status).toBe(503);
    expect(JSON.parse((await server.get('/health')).body.toString())).toMatchObject({
      source: 'unavailable',
      store: 'ok',
    });
  }, 120_000);

  it('says that its source cannot be listed', async () => {
    const server = await start();
    expect(JSON.parse((await server.get('/images')).body.toString())).toEqual({ images: [], isListable: false });
  }, 60_000);
});
