import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, type CanActivate } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { copyFile, mkdir, mkdtemp, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesystemStore, type ImageCacheOptions } from 'nestjs-image-cache';
import { FilesystemSource, IiifModule, type IiifOptions } from 'nestjs-iiif';
import sharp from 'sharp';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const TILE = '0,0,100,100/50,/0/default.jpg';
let base: string;
let images: string;
let cacheDirectory: string;
let count = 0;

const picture = (background: string) => sharp({ create: { width: 300, height: 200, channels: 3, background } });

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'iiif-e2e-'));
  images = join(base, 'images');
  await mkdir(join(images, 'maps'), { recursive: true });
  await picture('teal').jpeg().toFile(join(images, 'lake.jpg'));
  await picture('olive')
    .jpeg()
    .toFile(join(images, 'maps', 'paris.jpg'));
  await picture('navy')
    .tiff({ tile: true, pyramid: true, tileWidth: 64, tileHeight: 64 })
    .toFile(join(images, 'sea.tif'));
  await writeFile(join(images, 'page.jpg'), '<!doctype html><script>alert(1)</script>');
  await writeFile(
    join(images, 'drawing.png'),
    '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
  );
  await copyFile(join(images, 'lake.jpg'), join(images, 'cut.jpg'));
  await truncate(join(images, 'cut.jpg'), 400);
  await writeFile(join(base, 'secret.jpg'), 'secret');
});

beforeEach(() => {
  count += 1;
  cacheDirectory = join(base, `cache-${count}`);
});

afterAll(() => rm(base, { recursive: true }));

describe.each(PLATFORMS)('a IIIF server on %s', (platform) => {
  const startApp = usingApps(platform);
  const start = (cache: ImageCacheOptions = {}, options: Partial<IiifOptions> = {}): Promise<TestApp> => {
    const source = new FilesystemSource({ directory: images });
    const variant = { store: filesystemStore({ directory: cacheDirectory }) };
    return startApp({
      imports: [IiifModule.forRoot({ source, cache: { variant, ...cache }, ...options })],
      cache: false,
    });
  };

  it('renders a tile once and serves it from then on, to both versions of the API', async () => {
    const app = await start();
    const first = await app.get(`/iiif/3/lake.jpg/${TILE}`);
    const second = await app.get(`/iiif/3/lake.jpg/${TILE}`);
    const other = await app.get(`/iiif/2/lake.jpg/${TILE}`);
    expect(first.headers['cache-status']).toBe('image-cache; fwd=miss; stored');
    expect(second.headers['cache-status']).toMatch(/^image-cache; hit; ttl=\d+$/);
    expect(other.headers['cache-status']).toMatch(/^image-cache; hit/);
    expect([second.body, other.body]).toEqual([first.body, first.body]);
    expect(second.headers.etag).toBe(first.headers.etag);
    await app.close();
    const again = await (await start()).get(`/iiif/3/lake.jpg/${TILE}`);
    expect([again.headers['cache-status']?.slice(0, 16), again.body]).toEqual(['image-cache; hit', first.body]);
  });

  it('describes an image in the version that was asked for', async () => {
    const app = await start();
    const three = await app.get('/iiif/3/sea.tif/info.json');
    const two = await app.get('/iiif/2/sea.tif/info.json');
    const id = `http://127.0.0.1:${app.port}/iiif`;
    expect(three.headers['content-type']).toBe('application/ld+json;profile="http://iiif.io/api/image/3/context.json"');
    expect(JSON.parse(three.body.toString())).toMatchObject({ id: `${id}/3/sea.tif`, width: 300, height: 200 });
    expect(JSON.parse(two.body.toString())).toMatchObject({ '@id': `${id}/2/sea.tif`, width: 300, height: 200 });
    expect(three.headers.link).toBe('<http://iiif.io/api/image/3/level2.json>;rel="profile"');
    const again = await app.get('/iiif/3/sea.tif/info.json', { 'If-None-Match': String(three.headers.etag) });
    expect([again.status, again.headers['cache-status']]).toEqual([304, 'image-cache; hit']);
  });

  it('names the canonical form of a picture', async () => {
    const answer = await (await start()).get('/iiif/3/maps%2Fparis.jpg/0,0,300,200/pct:50/360/color.jpg');
    const { port } = new URL(/<([^>]+)>/.exec(String(answer.headers.link))?.[1] ?? '');
    expect(answer.headers.link).toBe(
      `<http://127.0.0.1:${port}/iiif/3/maps%2Fparis.jpg/full/150,100/0/default.jpg>;rel="canonical", ` +
        '<http://iiif.io/api/image/3/level2.json>;rel="profile"',
    );
  });

  it('leads from the base URI to the document, and lets nobody keep that for long', async () => {
    const app = await start();
    const answer = await app.get('/iiif/3/maps%2Fparis.jpg');
    expect([answer.status, answer.headers.location, answer.headers['cache-control']]).toEqual([
      303,
      `http://127.0.0.1:${app.port}/iiif/3/maps%2Fparis.jpg/info.json`,
      undefined,
    ]);
  });

  it('passes the unaltered original through, and nothing that is not an image', async () => {
    const app = await start();
    const original = await app.get('/iiif/3/lake.jpg/full/max/0/default.jpg');
    const { size } = await stat(join(images, 'lake.jpg'));
    const { status, body, headers } = original;
    expect([status, body.length, headers['content-length']]).toEqual([200, size, String(size)]);
    expect(original.headers['cache-status']).toBe('image-cache; fwd=bypass');
    expect(original.headers['x-content-type-options']).toBe('nosniff');
    const known = await app.get('/iiif/3/lake.jpg/full/max/0/default.jpg', {
      'If-None-Match': String(original.headers.etag),
    });
    expect([known.status, known.body.length]).toEqual([304, 0]);
    const part = await app.get('/iiif/3/lake.jpg/full/max/0/default.jpg', { Range: 'bytes=-20' });
    expect([part.status, part.body.equals(original.body.subarray(-20))]).toEqual([206, true]);
    for (const name of ['page.jpg', 'drawing.png']) {
      const answer = await app.get(`/iiif/3/${name}/full/max/0/default.${name.slice(-3)}`);
      expect([answer.status, answer.headers['content-type']]).toEqual([415, 'application/json; charset=utf-8']);
    }
  });

  it.each([
    ['/iiif/3/none.jpg/info.json', 404],
    ['/iiif/3/cut.jpg/full/50,/0/default.jpg', 422],
    ['/iiif/3/lake.jpg/full/full/0/default.jpg', 400],
    ['/iiif/2/lake.jpg/full/full/0/default.bmp', 400],
    ['/iiif/3/lake.jpg/300,0,10,10/max/0/default.jpg', 400],
    ['/iiif/3/..%2Fsecret.jpg/full/50,/0/default.jpg', 400],
    ['/iiif/3/%2Fetc%2Fpasswd/info.json', 400],
    ['/iiif/3/lake.jpg%00/info.json', 400],
    ['/iiif/3/lake.jpg/full', 404],
    ['/iiif/4/lake.jpg/info.json', 404],
  ])('answers %s with %i, a reason of one line, open to all sites and kept by nobody', async (path, status) => {
    const answer = await (await start()).get(path);
    expect(answer.status).toBe(status);
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    expect(answer.headers['cache-control'] ?? 'no-store').toContain('no-store');
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      statusCode: status,
      message: expect.stringMatching(/^.+$/),
    });
    expect(answer.body.toString()).not.toContain(base);
  });

  it('answers preflights without a lifetime', async () => {
    const answer = await (await start()).request('OPTIONS', `/iiif/3/lake.jpg/${TILE}`);
    expect([answer.status, answer.headers['access-control-allow-origin'], answer.headers['cache-control']]).toEqual([
      204,
      '*',
      undefined,
    ]);
  });

  const withBase = (baseUri: string): Promise<TestApp> =>
    startApp({
      imports: [IiifModule.forRoot({ source: new FilesystemSource({ directory: images }), baseUri })],
      cache: false,
    });

  it('encodes what no header can carry of its base URI, and refuses what is none', async () => {
    const app = await withBase('https://bücher.example/日本/');
    const answer = await app.get(`/iiif/3/lake.jpg/${TILE}`);
    expect(answer.status).toBe(200);
    expect(answer.headers['link']).toContain('<https://xn--bcher-kva.example/%E6%97%A5%E6%9C%AC/iiif/3/lake.jpg/');
    for (const wrong of ['museum.example', 'ftp://museum.example', 'https://museum.example/?x=1'])
      await expect(withBase(wrong)).rejects.toThrow(`baseUri: "${wrong}" is not an http or https URL`);
  });

  it('believes forwarded headers only of a proxy that is trusted', async () => {
    const forwarded = { 'X-Forwarded-Host': 'images.example', 'X-Forwarded-Proto': 'https' };
    const id = async (app: TestApp): Promise<unknown> =>
      (JSON.parse((await app.get('/iiif/3/lake.jpg/info.json', forwarded)).body.toString()) as { id: string }).id;
    const careful = await start();
    expect(await id(careful)).toBe(`http://127.0.0.1:${careful.port}/iiif/3/lake.jpg`);
    await careful.close();
    expect(await id(await start({}, { trustProxy: true }))).toBe('https://images.example/iiif/3/lake.jpg');
    const fixed = await withBase('https://museum.example/x/');
    expect(await id(fixed)).toBe('https://museum.example/x/iiif/3/lake.jpg');
  });

  it.each(['evil.example/<script>', 'a b', 'host:port'])('refuses the host %j', async (host) => {
    const answer = await (await start()).get('/iiif/3/lake.jpg/info.json', { Host: host });
    expect(answer.status).toBe(400);
  });

  it('shows replaced content in conservative mode, also of the same size and time of modification', async () => {
    const file = join(images, `replaced-${platform}.png`);
    const make = (background: string) => picture(background).png({ compressionLevel: 0 }).toBuffer();
    const [red, blue] = [await make('#ff0000'), await make('#0000ff')];
    expect(red.length).toBe(blue.length);
    await writeFile(file, red);
    const { mtime } = await stat(file);
    const app = await start({ resolveFirst: true });
    const path = `/iiif/3/replaced-${platform}.png/${TILE}`;
    const before = await app.get(path);
    await writeFile(`${file}.new`, blue);
    await rename(`${file}.new`, file);
    await utimes(file, mtime, mtime);
    const after = await app.get(path);
    expect(after.headers['cache-status']).toBe('image-cache; fwd=miss; stored');
    const { data } = await sharp(after.body).raw().toBuffer({ resolveWithObject: true });
    expect([(data[0] ?? 255) < 20, (data[2] ?? 0) > 235]).toEqual([true, true]);
    expect(before.body.equals(after.body)).toBe(false);
    await rm(file);
    expect((await app.get(path)).status).toBe(404);
  });

  it('serves hits in aggressive mode though the source has gone, and tells a miss that it is not available', async () => {
    const folder = join(base, `gone-${platform}`);
    await mkdir(folder);
    await copyFile(join(images, 'lake.jpg'), join(folder, 'lake.jpg'));
    const source = new FilesystemSource({ directory: folder });
    const cache = { variant: { store: filesystemStore({ directory: cacheDirectory }) } };
    const app = await startApp({ imports: [IiifModule.forRoot({ source, cache })], cache: false });
    const first = await app.get(`/iiif/3/lake.jpg/${TILE}`);
    await rm(folder, { recursive: true });
    const hit = await app.get(`/iiif/3/lake.jpg/${TILE}`);
    expect([hit.status, hit.body]).toEqual([200, first.body]);
    const miss = await app.get('/iiif/3/lake.jpg/full/20,/0/default.jpg');
    expect([miss.status, miss.headers['retry-after']]).toEqual([503, '1']);
  });

  it('renders a picture once for 200 who ask at the same time', async () => {
    const app = await start();
    const path = '/iiif/3/sea.tif/full/250,/0/default.webp';
    const answers = await Promise.all(Array.from({ length: 200 }, () => app.get(path)));
    expect(app.cache.stats().renders).toBe(1);
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.toString('base64')}`)).size).toBe(1);
    expect(answers.every(({ complete }) => complete)).toBe(true);
  });

  it('asks guards on hits, and tells clients that the answers are private', async () => {
    let admitted = true;
    @Injectable()
    class Door implements CanActivate {
      canActivate(): boolean {
        return admitted;
      }
    }
    const app = await startApp({
      imports: [IiifModule.forRoot({ source: new FilesystemSource({ directory: images }) })],
      providers: [{ provide: APP_GUARD, useClass: Door }],
      cache: false,
    });
    const first = await app.get(`/iiif/3/lake.jpg/${TILE}`);
    expect(first.headers['cache-control']).toContain('private');
    admitted = false;
    const refused = await app.get(`/iiif/3/lake.jpg/${TILE}`);
    expect([refused.status, refused.headers['cache-control']]).toEqual([403, 'no-cache, no-store, must-revalidate']);
  });
});
