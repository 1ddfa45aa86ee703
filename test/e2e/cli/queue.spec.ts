import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCache } from '../../support/command-line.js';
import { prefetchingIn, startServer, type RunningServer } from '../../support/image-server.js';
import { makeImages, type TestImages } from '../../support/samples.js';

const VARIANT = 'full/100,/0/default.jpg';

let images: TestImages;
let environment: Record<string, string>;

beforeEach(async () => {
  images = await makeImages();
  await mkdir(images.cache);
  environment = prefetchingIn(images.cache, images.source, VARIANT);
});

afterEach(() => images.remove());

/** Runs a command that has to succeed and say nothing on the side. */
async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCache(args, environment);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

const queued = async (): Promise<readonly string[]> => {
  const { jobs } = JSON.parse(await done('list-queued', '--json')) as { jobs: { identifier: string }[] };
  return jobs.map(({ identifier }) => identifier);
};

const outcomeOf = async (server: RunningServer, image: string): Promise<string> =>
  String((await server.get(`/iiif/3/${encodeURIComponent(image)}/${VARIANT}`)).headers['cache-status']);

async function writeManifest(...identifiers: string[]): Promise<string> {
  const items = identifiers.map((identifier) => ({
    service: [{ id: `https://example.org/iiif/3/${encodeURIComponent(identifier)}`, type: 'ImageService3' }],
  }));
  const file = join(images.path, 'manifest.json');
  await writeFile(file, JSON.stringify({ type: 'Manifest', items }));
  return file;
}

describe('image-server cache, of the queue', () => {
  it('queues and prefetches without a server, which then finds it cached', async () => {
    expect(await done('queue-image', 'photo.jpg')).toBe('photo.jpg is queued for being prefetched.\n');
    expect(await done('queue-image', 'photo.jpg')).toBe('photo.jpg is queued already.\n');
    expect(await done('queue-images', '--folder', 'maps')).toBe('1 image queued.\n');
    expect(await queued()).toEqual(['photo.jpg', 'maps/alpha.png']);
    expect(await done('prefetch')).toMatch(/^2 images prefetched, 4 rendered and 0 cached before, in /);
    expect(await done('queue-image', 'photo.jpg')).toBe('photo.jpg is cached already.\n');
    await done(
      'queue-image',
      'photo.jpg',
      '--variant',
      'full/9000,/0/default.jpg',
      '--variant',
      'full/50,/0/default.jpg',
    );
    expect(await done('prefetch')).toMatch(/, 1 rendered and .*, 1 variant left out that the images cannot have, in /);
    const server = await startServer({ environment });
    for (const image of ['photo.jpg', 'maps/alpha.png'])
      expect([image, await outcomeOf(server, image)]).toEqual([image, expect.stringMatching(/^image-cache; hit/)]);
    expect(await outcomeOf(server, 'tiled.tif')).toMatch(/fwd=uri-miss|fwd=miss/);
  });

  it('queues what a file names and what a manifest shows, and takes it out again', async () => {
    const list = join(images.path, 'list.txt');
    await writeFile(list, 'photo.jpg\r\n\ntiled.tif\nphoto.jpg\n');
    expect(await done('queue-images', '--from', list, '--priority', '-1')).toBe('2 images queued.\n');
    const manifest = await writeManifest('tiled.tif', 'maps/alpha.png');
    expect(JSON.parse(await done('queue-images', '--manifest', manifest, '--variant', VARIANT, '--json'))).toEqual({
      queued: 1,
      alreadyQueued: 1,
      writing: 0,
      cached: 0,
    });
    expect(await queued()).toEqual(['tiled.tif', 'maps/alpha.png', 'photo.jpg']);
    expect(await done('delete-queued-image', '-f', 'tiled.tif')).toBe('tiled.tif is not queued any more.\n');
    expect(await done('delete-all-queued-images', '--force')).toBe('Took 2 images out of the queue.\n');
    expect(await queued()).toEqual([]);
  });

  it('has a server do it', async () => {
    environment = { ...environment, ENDPOINT_API_ENABLED: 'true', ENDPOINT_API_SECRET: 'correct-horse' };
    const server = await startServer({ environment });
    environment = { IMAGE_SERVER_URL: server.url, IMAGE_SERVER_SECRET: 'correct-horse' };
    expect(await done('queue-images', '--folder', 'maps')).toBe('1 image queued.\n');
    expect(await done('queue-images', '--manifest', await writeManifest('photo.jpg', 'maps/alpha.png'))).toBe(
      '1 image queued, 1 queued before.\n',
    );
    expect(await queued()).toEqual(['maps/alpha.png', 'photo.jpg']);
    expect(await done('prefetch')).toMatch(/^2 images prefetched, /);
    for (const image of ['photo.jpg', 'maps/alpha.png'])
      expect([image, await outcomeOf(server, image)]).toEqual([image, expect.stringMatching(/^image-cache; hit/)]);
    const { code, stderr } = await runCache(['queue-images', '--folder', 'nowhere'], environment);
    expect([code, stderr]).toEqual([1, 'image-server: The server failed: There is no such folder.\n']);
    const { tasks } = JSON.parse(await done('tasks', '--json')) as { tasks: readonly { readonly id: string }[] };
    const id = tasks[0]?.id ?? '';
    const failed = await runCache(['tasks', id], environment);
    expect([failed.code, failed.stderr]).toEqual([1, `image-server: ${id}: has failed: There is no such folder.\n`]);
    expect(failed.stdout).toMatch(/ QueueImages +nowhere +failed .* There is no such folder\.\n$/);
  });

  it('queues what there is not, too, where the source is looked up first, and gives it up when its turn comes', async () => {
    environment['CACHE_SERVER_RESOLVE_FIRST'] = 'true';
    const list = join(images.path, 'list.txt');
    await writeFile(list, 'photo.jpg\ngone.jpg\n../bad.jpg\ntiled.tif\n');
    expect(await done('queue-images', '--from', list)).toBe('4 images queued.\n');
    expect(await runCache(['prefetch'], environment)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^2 images prefetched, 2 given up, /) as unknown,
    });
    expect(await done('queue-images', '--from', list)).toBe('2 images queued, 2 cached already.\n');
  });

  it('queues while the source is out, where it is looked up first, and goes on when it is back', async () => {
    Object.assign(environment, {
      CACHE_SERVER_RESOLVE_FIRST: 'true',
      ENDPOINT_API_ENABLED: 'true',
      ENDPOINT_API_SECRET: 'correct-horse',
    });
    const server = await startServer({ environment });
    environment = { IMAGE_SERVER_URL: server.url, IMAGE_SERVER_SECRET: 'correct-horse' };
    const list = join(images.path, 'list.txt');
    await writeFile(list, 'tiled.tif\nmaps/alpha.png\n');
    await server.get(`/iiif/3/tiled.tif/${VARIANT}`);
    await rename(images.source, `${images.source}-away`);
    expect(await done('queue-images', '--from', list)).toBe('2 images queued.\n');
    expect(await done('queue-image', 'photo.jpg')).toBe('photo.jpg is queued for being prefetched.\n');
    expect(JSON.parse(await done('show', 'tiled.tif', '--json'))).toMatchObject({
      entries: expect.arrayContaining([expect.objectContaining({ kind: 'variant' })]) as unknown,
      warmth: { isWarm: false },
    });
    await rename(`${images.source}-away`, images.source);
    expect(await done('prefetch')).toMatch(/^3 images prefetched, /);
  });

  it('says so when the configuration has no queue', async () => {
    environment['CACHE_SERVER_PREFETCH_ENABLED'] = 'false';
    const { code, stderr } = await runCache(['list-queued'], environment);
    expect([code, stderr]).toEqual([
      1,
      'image-server: cache.server.prefetch.enabled: is false; this configuration has no queue.\n',
    ]);
  });

  it('is worked off while a server that shares the queue runs', async () => {
    const server = await startServer({ environment: { ...environment, CACHE_SERVER_PREFETCH_INTERVAL: '1' } });
    expect(await done('queue-images', '--folder', 'maps')).toBe('1 image queued.\n');
    const deadline = performance.now() + 60_000;
    while ((await queued()).length > 0 && performance.now() < deadline);
    expect(await queued()).toEqual([]);
    expect(await outcomeOf(server, 'maps/alpha.png')).toMatch(/^image-cache; hit/);
  });
});
