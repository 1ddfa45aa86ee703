import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ImageInfo } from 'nestjs-image-cache';
import pg from 'pg';
import sharp from 'sharp';
import { postgresCache } from '../../docs/examples/postgres-cache.js';
import { next, until } from '../support/async.js';
import { imageInfo } from '../support/image-info.js';
import { describeWithPostgres, startPostgres, type PostgresServer } from '../support/postgres-server.js';
import { describeWithRedis, startRedis, type RedisServer } from '../support/redis-server.js';
import { PLATFORMS, startApp, usingApps, type TestApp } from '../support/test-app.js';

const run = promisify(execFile);
const root = process.cwd();
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'docs-examples-'));
  await mkdir(join(directory, 'images'));
  const image = sharp({ create: { width: 300, height: 200, channels: 3, background: 'teal' } });
  await image.jpeg().toFile(join(directory, 'images', 'lake.jpg'));
  // Examples read these when their modules are loaded.
  process.env['CACHE_DIR'] = join(directory, 'cache');
  process.env['IMAGE_DIR'] = join(directory, 'images');
  process.env['PHOTO_DIR'] = join(directory, 'images');
});

afterAll(() => rm(directory, { recursive: true }));

describe('the documentation', () => {
  it('shows its examples as they are in their files', async () => {
    await expect(run(process.execPath, ['docs/embed.mjs', '--check'], { cwd: root })).resolves.toBeDefined();
  });

  it('leads nowhere that is not there', async () => {
    const pages = [
      'README.md',
      'CONTRIBUTING.md',
      ...(await readdir('docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
    ];
    for (const page of pages) {
      const text = await readFile(page, 'utf8');
      for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)) {
        const path = join(page.includes('/') ? 'docs' : '.', target);
        await expect(readFile(path).catch(() => readdir(path))).resolves.toBeDefined();
      }
    }
  });

  it.each([
    ['', 'README.md', 'image-cache/src/service/image-cache-options.ts', 26],
    ['RouteImageOptions', 'README.md', 'image-cache/src/nest/route-options.ts', 3],
    ['CacheInfoOptions', 'README.md', 'image-cache/src/nest/route-options.ts', 1],
    ['CacheVariantOptions', 'README.md', 'image-cache/src/nest/route-options.ts', 10],
    ['ClientOptions', 'README.md', 'image-cache/src/http/client-hints.ts', 2],
    ['CacheControlOptions', 'README.md', 'image-cache/src/http/cache-control.ts', 10],
    ['IiifOptions', 'libs/iiif/README.md', 'iiif/src/nest/iiif-options.ts', 8],
    ['LimitOptions', 'libs/iiif/README.md', 'iiif/src/geometry/limits.ts', 7],
  ])('lists every option of %s in %s', async (name, page, file, count) => {
    const text = await readFile(page, 'utf8');
    const table = text.split('\n').filter((line) => line.startsWith('|'));
    const source = await readFile(`libs/${file}`, 'utf8');
    const [, declared = ''] = source.split(new RegExp(`^export interface ${name}.*{$`, 'm'), 2);
    const found = (name === '' ? source : (declared.split('\n}\n')[0] ?? '')).matchAll(/^ {2}readonly (\w+)\??:/gm);
    const names = new Set([...found].map(([, option]) => option ?? ''));
    expect(names.size).toBeGreaterThanOrEqual(count);
    const isListed = (option: string): boolean => table.some((line) => new RegExp(`[\`.]${option}[\`.]`).test(line));
    expect([...names].filter((option) => !isListed(option))).toEqual([]);
  });
});

describe.each(PLATFORMS)('the examples on %s', (platform) => {
  const start = usingApps(platform);

  it('cache the pictures of an own controller', async () => {
    const { MuseumModule } = await import('../../docs/examples/museum.controller.js');
    const app = await start({ imports: [MuseumModule], cache: false });
    const first = await app.get('/paintings/salmon/small');
    const second = await app.get('/paintings/salmon/small?utm=1');
    expect([first.status, first.headers['content-type'], first.headers['cache-status']]).toEqual([
      200,
      'image/webp',
      'image-cache; fwd=miss; stored',
    ]);
    expect(second.headers['cache-status']).toMatch(/^image-cache; hit/);
    expect(second.body).toEqual(first.body);
    await app.get('/paintings/salmon/framed?frame=oak');
    const framed = await app.get('/paintings/salmon/framed?frame=gold');
    expect(framed.headers['cache-status']).toMatch(/fwd=miss/);
    expect(framed.headers['cache-control']).toBe('max-age=604800, s-maxage=2592000, public, immutable');
    expect((await app.get('/paintings/salmon/original')).status).toBe(403);
    const member = await app.get('/paintings/salmon/original', { 'x-member': 'yes' });
    expect(member.headers['cache-control']).toContain('private');
    expect((await app.get('/paintings/salmon/original')).status).toBe(403);
    expect((await app.request('DELETE', '/paintings/salmon')).status).toBe(204);
    expect((await app.get('/paintings/salmon/small')).headers['cache-status']).toMatch(/fwd=miss/);
  });

  it('keep pictures in files', async () => {
    const { DurableCacheModule } = await import('../../docs/examples/durable-cache.module.js');
    const app = await start({ imports: [DurableCacheModule], cache: false });
    expect(app.cache.worker).toMatchObject({ interval: 86_400_000, initialDelay: 60_000 });
    expect(await readdir(join(directory, 'cache'))).toContain('image-cache.json');
  });

  it('ask an own source first', async () => {
    const { SourceAwareModule } = await import('../../docs/examples/source-aware.module.js');
    const app = await start({ imports: [SourceAwareModule], cache: false });
    await expect(app.cache.resolve('lake.jpg')).resolves.toMatchObject({ status: 'found' });
    await expect(app.cache.resolve('sea.jpg')).resolves.toEqual({ status: 'missing' });
  });

  it('serve images by IIIF', async () => {
    const { ImagesModule } = await import('../../docs/examples/iiif.module.js');
    const app = await start({ imports: [ImagesModule], cache: false });
    const tile = await app.get('/iiif/3/lake.jpg/0,0,100,100/50,/0/default.webp');
    expect([tile.status, tile.headers['content-type']]).toEqual([200, 'image/webp']);
    const again = await app.get('/iiif/2/lake.jpg/0,0,100,100/50,/0/default.webp');
    expect(again.headers['cache-status']).toMatch(/hit/);
  });
});

describeWithRedis('the example with Redis', () => {
  const apps: TestApp[] = [];
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedis();
    process.env['REDIS_URL'] = redis.url;
  });

  afterAll(async () => {
    for (const app of apps) await app.close();
    await redis.stop();
  });

  it('reads an info once for all processes', async () => {
    const { SharedInfosModule } = await import('../../docs/examples/shared-infos.module.js');
    for (const platform of PLATFORMS) {
      const app = await startApp(platform, { imports: [SharedInfosModule], cache: false });
      apps.push(app);
      const isUp = (): Promise<boolean> =>
        app.cache.ping().then(
          () => true,
          () => false,
        );
      await until(isUp);
    }
    const outcomes: string[] = [];
    for (const { cache } of apps) {
      const stored = next(cache, 'stored');
      const read = (): Promise<ImageInfo> => Promise.resolve(imageInfo({ identifier: 'lake' }));
      const { outcome } = await cache.infos.lookUp('lake', read);
      outcomes.push(outcome.kind);
      if (outcome.kind === 'miss') await stored;
    }
    expect(outcomes).toEqual(['miss', 'hit']);
  });
});

describeWithPostgres('the example with PostgreSQL', () => {
  let postgres: PostgresServer;

  beforeAll(async () => {
    postgres = await startPostgres();
  });

  afterAll(() => postgres.stop());

  it('deletes what has expired, and nothing else', async () => {
    const cache = postgresCache(postgres.url);
    const lasting: Record<string, [unknown, number?]> = {
      young: [{ text: '"expires":1}' }, 60_000],
      eternal: [{ expires: 1 }],
      'also eternal': ['"expires":1}'],
    };
    for (const [key, [value, ttl]] of Object.entries(lasting)) await cache.set(key, value, ttl);
    for (const value of [1, 'text', { expires: Number.MAX_SAFE_INTEGER }, null])
      await cache.set(`old ${JSON.stringify(value)}`, value, -1000);
    const client = new pg.Client(postgres.url);
    await client.connect();
    const { rowCount } = await client.query(await readFile('docs/examples/delete-expired.sql', 'utf8'));
    await client.end();
    expect(rowCount).toBe(4);
    for (const [key, [value]] of Object.entries(lasting)) expect(await cache.get(key)).toEqual(value);
    await cache.disconnect();
  });
});

describe('the example without NestJS', () => {
  it('renders once', async () => {
    const { renderTwice } = await import('../../docs/examples/without-nest.js');
    expect(await renderTwice(join(directory, 'plain'))).toEqual(['miss', 'hit']);
  });
});
