import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import sharp from 'sharp';
import { entryFiles, filesIn } from '../support/filesystem-store.js';
import { cachingIn, startServer, type RunningServer } from '../support/image-server.js';
import { makeImages, noise, type TestImages } from '../support/samples.js';

const SERVERS = 4;

const CROWD = 50;

describe('Image servers that share a cache', () => {
  let images: TestImages;

  beforeAll(async () => {
    images = await makeImages();
    await noise(2500, 2500).jpeg({ quality: 50 }).toFile(join(images.source, 'slow.jpg'));
  });

  afterAll(async () => {
    await images.remove();
  });

  const start = (): Promise<RunningServer> => startServer({ environment: cachingIn(images.cache, images.source) });

  it('render a picture once for all who ask any of them at the same time', async () => {
    const servers = await Promise.all(Array.from({ length: SERVERS }, start));
    const path = '/iiif/3/slow.jpg/full/400,/45/default.png';
    const asked = servers.flatMap((server) => Array.from({ length: CROWD }, () => server.get(path)));
    const answers = await Promise.all(asked);
    expect(answers.filter(({ status, complete }) => status === 200 && complete)).toHaveLength(SERVERS * CROWD);
    const [first] = answers;
    expect(answers.every(({ body }) => first?.body.equals(body))).toBe(true);
    expect((await sharp(first?.body).metadata()).format).toBe('png');
    const told = answers.map(({ headers }) => String(headers['cache-status']));
    expect(told.filter((status) => status === 'image-cache; fwd=miss; stored')).toHaveLength(1);
    expect(told.filter((status) => /; (hit|fwd=miss; collapsed)/.test(status))).toHaveLength(SERVERS * CROWD - 1);
    for (const server of servers) expect(await server.end()).toMatchObject({ code: 0, stderr: '' });
    // The picture and the info.
    expect(await entryFiles(images.cache)).toHaveLength(2);
    const left = (await filesIn(images.cache)).filter((name) => name.endsWith('.tmp') || name.startsWith('leases/'));
    expect(left).toEqual([]);
  }, 300_000);
});
