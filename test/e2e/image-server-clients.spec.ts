import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { cachingIn, startServer } from '../support/image-server.js';
import { makeImages, noise, type TestImages } from '../support/samples.js';

let images: TestImages;

beforeAll(async () => {
  images = await makeImages();
  await noise(3000, 3000).jpeg({ quality: 50 }).toFile(join(images.source, 'slow.jpg'));
});

afterAll(async () => {
  await images.remove();
});

describe('clients of the image server that are limited', () => {
  it('are those that a trusted proxy names', async () => {
    const server = await startServer({
      environment: {
        ...cachingIn(images.cache, images.source),
        PROCESSOR_CONCURRENCY: '1',
        PROCESSOR_PER_CLIENT: '1',
        TRUST_PROXY: 'true',
      },
    });
    await server.get('/iiif/3/slow.jpg/info.json');
    const ask = (width: number, client: string) =>
      server.get(`/iiif/3/slow.jpg/full/${width},/0/default.jpg`, { 'x-forwarded-for': client });
    const some = await Promise.all([2000, 2001, 2002, 2003].map((width) => ask(width, '192.0.2.1')));
    const statuses = some.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    const others = await Promise.all([1, 2, 3, 4].map((host) => ask(1000 + host, `198.51.100.${host}`)));
    expect(others.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });
});
