import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { FilesystemSource, type OriginalSource } from 'nestjs-iiif';
import { copyFile, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { AppModule } from '../../apps/image-server/src/app.module.js';
import { readConfiguration } from '../../apps/image-server/src/configuration/configuration.js';
import { ORIGINAL_SOURCE } from '../../apps/image-server/src/source/source.module.js';
import { openRequest, type Answer } from '../support/http-client.js';
import { cachingIn, startServer, type RunningServer } from '../support/image-server.js';
import { canTrace } from '../support/needs.js';
import { makeImages, type TestImages } from '../support/samples.js';

/** A time of modification that every file system can store exactly. */
const NOON = new Date('2026-01-01T12:00:00Z');

const CONSERVATIVE = { CACHE_SERVER_RESOLVE_FIRST: 'true' };

let images: TestImages;

beforeAll(async () => {
  images = await makeImages();
});

afterAll(async () => {
  await images.remove();
});

afterEach(async () => {
  await rm(images.cache, { recursive: true, force: true });
});

const start = (environment: Record<string, string> = {}): Promise<RunningServer> =>
  startServer({ environment: { ...cachingIn(images.cache, images.source), ...environment } });

const statusOf = ({ headers }: Answer): string => String(headers['cache-status']).replace(/; ttl=\d+$/, '');

/** A picture of one colour and of a fixed size in bytes, whatever the colour. */
async function paint(name: string, background: string): Promise<void> {
  await sharp({ create: { width: 64, height: 64, channels: 3, background } })
    .tiff({ compression: 'none' })
    .toFile(join(images.source, name));
}

async function colourOf({ body }: Answer): Promise<readonly number[]> {
  const { channels } = await sharp(body).stats();
  return channels.map(({ mean }) => Math.round(mean / 255));
}

describe('The conservative mode', () => {
  const PICTURE = '/iiif/3/flag.tif/full/32,/0/default.png';

  it.each([
    ['written over', (from: string, to: string) => copyFile(from, to)],
    ['replaced', (from: string, to: string) => rename(from, to)],
  ])('shows what a file was %s with, although its size and time of modification are the same', async (_, replace) => {
    const [original, other] = [join(images.source, 'flag.tif'), join(images.source, 'other.tif')];
    await paint('flag.tif', '#f00');
    await paint('other.tif', '#00f');
    await utimes(original, NOON, NOON);
    const before = await stat(original, { bigint: true });
    const server = await start(CONSERVATIVE);
    expect(await colourOf(await server.get(PICTURE))).toEqual([1, 0, 0]);
    expect(statusOf(await server.get(PICTURE))).toBe('image-cache; hit');

    await replace(other, original);
    await utimes(original, NOON, NOON);
    const after = await stat(original, { bigint: true });
    expect([after.size, after.mtimeNs]).toEqual([before.size, before.mtimeNs]);
    const fresh = await server.get(PICTURE);
    expect(await colourOf(fresh)).toEqual([0, 0, 1]);
    expect(statusOf(fresh)).toMatch(/^image-cache; fwd=(miss|stale); stored$/);
    expect(statusOf(await server.get(PICTURE))).toBe('image-cache; hit');
  });

  it('serves nothing of an image that is gone', async () => {
    await paint('flag.tif', '#f00');
    const server = await start(CONSERVATIVE);
    await server.get(PICTURE);
    await rm(join(images.source, 'flag.tif'));
    expect((await server.get(PICTURE)).status).toBe(404);
    expect((await server.get('/iiif/3/flag.tif/info.json')).status).toBe(404);
  });

  it('tells a source that is away from an image that is gone, and evicts nothing', async () => {
    await paint('flag.tif', '#f00');
    const server = await start({ ...CONSERVATIVE, CACHE_SERVER_EVICT_MISSING: 'true' });
    await server.get(PICTURE);
    await rename(images.source, `${images.source}.away`);
    const away = await server.get(PICTURE);
    await rename(`${images.source}.away`, images.source);
    expect(away.status).toBe(503);
    expect(statusOf(await server.get(PICTURE))).toBe('image-cache; hit');
  });
});

describe('The aggressive mode', () => {
  const TILE = '/iiif/3/tiled.tif/0,0,512,512/256,/0/default.jpg';

  it('serves what it has while the source is away, also after a restart', async () => {
    const first = await start();
    const miss = await first.get(TILE);
    await first.end();
    await rename(images.source, `${images.source}.away`);
    const second = await start();
    const hit = await second.get(TILE);
    const info = await second.get('/iiif/2/tiled.tif/info.json');
    await rename(`${images.source}.away`, images.source);
    expect([statusOf(hit), hit.body.equals(miss.body)]).toEqual(['image-cache; hit', true]);
    expect([info.status, statusOf(info)]).toEqual([200, 'image-cache; hit']);
  });

  if (canTrace()) {
    it('makes no system call for a file of the source on a hit', async () => {
      const trace = join(images.path, 'trace');
      const first = await start();
      await first.get(TILE);
      await first.end();
      const second = await startServer({
        environment: cachingIn(images.cache, images.source),
        under: ['strace', '--daemonize', '--follow-forks', '--trace=%file', `--output=${trace}`],
      });
      expect(statusOf(await second.get(TILE))).toBe('image-cache; hit');
      expect(statusOf(await second.get('/iiif/3/tiled.tif/info.json'))).toBe('image-cache; hit');
      await second.end();
      const calls = (await readFile(trace, 'utf8')).split('\n');
      expect(calls.filter((call) => call.includes(images.cache)).length).toBeGreaterThan(2);
      expect(calls.filter((call) => call.includes(`${images.source}/`))).toEqual([]);
    });
  }

  it('asks nothing of the source on a hit', async () => {
    const calls: string[] = [];
    const source = new FilesystemSource({ directory: images.source });
    const traced: OriginalSource = {
      name: 'traced',
      lookup: (identifier) => (calls.push('lookup'), source.lookup(identifier)),
      open: (identifier) => (calls.push('open'), source.open(identifier)),
      list: (options) => (calls.push('list'), source.list(options)),
      ping: () => (calls.push('ping'), source.ping()),
    };
    const { app, get } = await inProcess(traced);
    expect(statusOf(await get(TILE))).toBe('image-cache; fwd=miss; stored');
    expect(calls).toContain('open');
    calls.length = 0;
    expect(statusOf(await get(TILE))).toBe('image-cache; hit');
    expect(statusOf(await get('/iiif/2/tiled.tif/info.json'))).toBe('image-cache; hit');
    expect(calls).toEqual([]);
    await app.close();
  });

  async function inProcess(source: OriginalSource) {
    const { settings } = readConfiguration({ environment: cachingIn(images.cache, images.source) });
    const module = await Test.createTestingModule({ imports: [await AppModule.forSettings(settings)] })
      .overrideProvider(ORIGINAL_SOURCE)
      .useValue(source)
      .compile();
    const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    return { app, get: (path: string) => openRequest(port, path).answer };
  }
});
