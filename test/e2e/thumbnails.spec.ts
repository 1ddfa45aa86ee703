import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { AddressInfo, Server } from 'node:net';
import sharp from 'sharp';
import { openRequest, type Answer } from '../support/http-client.js';
import { makeImages, type TestImages } from '../support/samples.js';

describe('The thumbnails of the README', () => {
  let images: TestImages;
  let app: INestApplication;
  let port: number;

  const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    openRequest(port, `/thumbnails/${path}`, { headers }).answer;

  beforeAll(async () => {
    images = await makeImages();
    process.env['IMAGES'] = images.source;
    const { ThumbnailsModule } = await import('../../apps/thumbnails/src/thumbnails.module.js');
    const module = await Test.createTestingModule({ imports: [ThumbnailsModule] }).compile();
    app = module.createNestApplication();
    await app.listen(0);
    ({ port } = (app.getHttpServer() as Server).address() as AddressInfo);
  });

  afterAll(async () => {
    delete process.env['IMAGES'];
    await app.close();
    await images.remove();
  });

  it('are rendered once and have all that clients need', async () => {
    const miss = await get('photo.jpg/160.webp');
    expect(miss).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'image/webp',
        'cache-control': 'max-age=2592000, public, no-transform',
        'cache-status': 'image-cache; fwd=miss; stored',
      },
    });
    expect(await sharp(miss.body).metadata()).toMatchObject({ format: 'webp', width: 160 });
    const hit = await get('photo.jpg/160.webp?a=1');
    expect([hit.headers['cache-status'], hit.body.equals(miss.body)]).toEqual(['image-cache; hit; ttl=2592000', true]);
    const same = await get('photo.jpg/160.webp', { 'if-none-match': String(miss.headers.etag) });
    expect([same.status, same.body.byteLength]).toEqual([304, 0]);
  });

  it.each([
    ['photo.jpg/161.webp', 400],
    ['photo.jpg/1e3.webp', 400],
    ['photo.jpg/-160.webp', 400],
    ['..%2Fcache/160.webp', 400],
    ['.hidden/160.webp', 400],
    ['maps/160.webp', 404],
    ['nothing.jpg/160.webp', 404],
  ])('of %s are answered with %i, which nobody keeps', async (path, status) => {
    const answer = await get(path);
    expect([answer.status, answer.headers['cache-control']]).toEqual([status, 'no-cache, no-store, must-revalidate']);
  });
});
