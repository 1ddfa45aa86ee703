import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCache, type CommandEnd } from '../../support/command-line.js';
import { prefetchingIn, startServer } from '../../support/image-server.js';
import { makeImages, type TestImages } from '../../support/samples.js';

const VARIANT = 'full/100,/0/default.jpg';
const OTHER = 'full/50,/0/default.jpg';

let images: TestImages;
let environment: Record<string, string>;

beforeEach(async () => {
  images = await makeImages();
  await mkdir(images.cache);
  environment = prefetchingIn(images.cache, images.source, VARIANT);
});

afterEach(() => images.remove());

const run = (...args: string[]): Promise<CommandEnd> => runCache(args, environment);

/** Runs a command that has to succeed and say nothing on the side. */
async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

async function reachServer(): Promise<void> {
  const secret = { ENDPOINT_API_ENABLED: 'true', ENDPOINT_API_SECRET: 'correct-horse' };
  const { url } = await startServer({ environment: { ...environment, ...secret } });
  environment = { IMAGE_SERVER_URL: url, IMAGE_SERVER_SECRET: 'correct-horse' };
}

/** The ways in which a cache is reached; what is done to it is the same. */
const WAYS: readonly (readonly [string, () => Promise<void>])[] = [
  ['without a server', () => Promise.resolve()],
  ['on a server', reachServer],
];

describe.each(WAYS)('image-server cache %s', (_, reach) => {
  beforeEach(reach);

  it('shows what there is of an image, and whether it is warm', async () => {
    expect(await run('show', 'photo.jpg')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'image-server: photo.jpg: nothing is known of such an image.\n',
    });
    await done('queue-image', 'photo.jpg');
    expect(await done('show', 'photo.jpg')).toMatch(
      /^photo\.jpg: queued, 0 entries, 0 B\nQueue: queued since [\d: -]+\nWarm: no; missing: info, full\/100,\/0\/default\.jpg\n$/,
    );
    const cold = await run('show', '--warm', 'photo.jpg');
    expect([cold.code, cold.stderr]).toEqual([1, `image-server: photo.jpg: is not warm; missing: info, ${VARIANT}.\n`]);
    await done('prefetch');
    expect(await done('show', '--warm', 'photo.jpg')).toMatch(
      /^photo\.jpg: cached, 2 entries, [\d.]+ KB\nImage: jpeg, [\d,]+ × [\d,]+ pixels\nWarm: yes\nEntry +Size .*\ninfo .*\n.+100,.* +0\n$/,
    );
    expect(JSON.parse(await done('show', '--json', 'photo.jpg'))).toMatchObject({
      identifier: 'photo.jpg',
      state: 'cached',
      entries: [{ kind: 'info' }, { kind: 'variant', size: expect.any(Number) }],
      info: { format: 'jpeg' },
      warmth: { isWarm: true, variants: { [VARIANT]: true } },
    });
  });

  it('evicts images that have changed, and queues again what was there', async () => {
    await done('queue-image', 'photo.jpg', '--variant', VARIANT, '--variant', OTHER);
    await done('prefetch');
    const list = join(images.path, 'list.txt');
    await writeFile(list, '\ufeffphoto.jpg \r\n\n#1.jpg\n');
    const foreseen = await done('changed', '--dry-run', '--from', list);
    expect(foreseen).toMatch(
      /^Would delete 2 variants, 1 info \([\d.]+ KB\) of 2 images; 2 variants would be queued to be rendered anew\.\n$/,
    );
    expect(await done('changed', 'photo.jpg')).toMatch(
      /^Deleted 2 variants, 1 info \([\d.]+ KB\) of 1 image; 2 variants are queued to be rendered anew\.\n$/,
    );
    expect(JSON.parse(await done('show', '--json', 'photo.jpg'))).toMatchObject({
      state: 'queued',
      job: { variants: expect.arrayContaining([VARIANT, OTHER]) },
    });
    expect(JSON.parse(await done('changed', 'photo.jpg', '--json'))).toMatchObject({ evicted: { variants: 0 } });
  });

  it('counts what would be deleted, and deletes nothing', async () => {
    await done('queue-image', 'photo.jpg');
    await done('prefetch');
    await done('queue-image', 'tiled.tif');
    const size = String.raw`[\d.]+ KB\.\n$`;
    expect(await done('delete-all-cached-images', '--dry-run')).toMatch(
      new RegExp(`^Would delete 1 variant, 1 info: ${size}`),
    );
    expect(await done('delete-cached-image', '--dry-run', 'photo.jpg')).toMatch(
      new RegExp(String.raw`^Would delete 1 variant, 1 info of photo\.jpg: ${size}`),
    );
    expect(await done('delete-all-queued-images', '--dry-run')).toBe('Would take 1 image out of the queue.\n');
    expect(await done('delete-queued-image', '--dry-run', 'tiled.tif')).toBe(
      'Would take tiled.tif out of the queue, where it is queued.\n',
    );
    for (const args of [['delete-cached-image'], ['delete-queued-image']])
      expect((await run(...args, '--dry-run', 'nowhere.tif')).code).toBe(1);
    expect(JSON.parse(await done('delete-all-cached-images', '--dry-run', '--json'))).toMatchObject({
      dryRun: true,
      variants: 1,
      infos: 1,
    });
    expect(JSON.parse(await done('delete-all-queued-images', '--dry-run', '--json'))).toEqual({
      dryRun: true,
      queued: 1,
    });
  });

  it('pauses prefetching, and says so to who asks for it', async () => {
    await done('queue-image', 'photo.jpg');
    expect(await done('pause')).toBe(
      'Prefetching is paused: 1 queued, 0 running, 0 given up. image-server cache resume has it go on.\n',
    );
    const { code, stdout, stderr } = await run('prefetch');
    expect([code, stderr]).toEqual([
      1,
      'image-server: Prefetching is paused; image-server cache resume has it go on.\n',
    ]);
    expect(stdout).toMatch(/^Ended early: 0 images prefetched/);
    expect(JSON.parse(await done('resume', '--json'))).toMatchObject({ isPaused: false });
    await done('prefetch');
    await done('show', '--warm', 'photo.jpg');
  });

  it('takes lists of any length, whatever a server takes at a time', async () => {
    const list = join(images.path, 'long.txt');
    await writeFile(list, Array.from({ length: 1500 }, (_, index) => `${'ä'.repeat(60)} ${index}\n`).join(''));
    expect(await done('changed', '--from', list)).toMatch(/ of 1,500 images/);
  });

  it('takes up again what was given up', async () => {
    await writeFile(join(images.source, 'broken.jpg'), 'no picture');
    for (const image of ['broken.jpg', 'nowhere.jpg']) await done('queue-image', image);
    const { code, stdout, stderr } = await run('prefetch');
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^0 images prefetched, 2 given up, /)]);
    expect(stderr.trimEnd().split('\n').at(-1)).toBe(
      'image-server: 2 images given up; image-server cache list-queued --state dead says why.',
    );
    expect(await done('retry', 'broken.jpg')).toBe('broken.jpg is queued again.\n');
    const again = await run('retry', 'broken.jpg');
    expect([again.code, again.stderr]).toEqual([
      1,
      'image-server: broken.jpg: there is no such image in the queue that has failed.\n',
    ]);
    const { jobs } = JSON.parse(await done('list-queued', '--json')) as {
      jobs: { identifier: string; state: string }[];
    };
    expect(jobs.map(({ identifier, state }) => [identifier, state])).toEqual([
      ['broken.jpg', 'queued'],
      ['nowhere.jpg', 'dead'],
    ]);
    expect(await done('retry')).toBe('1 image is queued again.\n');
    expect(await done('retry')).toBe('Nothing in the queue has failed.\n');
  });
});

it('image-server cache tells when what has failed is tried again', async () => {
  await reachServer();
  await done('queue-image', 'photo.jpg');
  // A folder that is gone is no reason to give an image up.
  await rename(images.source, `${images.source}-unmounted`);
  expect(await done('prefetch')).toMatch(/^0 images prefetched, 1 to be tried again, /);
  const { jobs } = JSON.parse(await done('list-queued', '--json')) as { jobs: readonly { notBefore: string }[] };
  const next = jobs[0]?.notBefore ?? '';
  expect(Date.parse(next)).toBeGreaterThan(Date.now());
  expect(await done('list-queued')).toContain(` queued         0     -  ${next.slice(0, 19).replace('T', ' ')} `);
  expect(await done('show', 'photo.jpg')).toMatch(/^Queue: queued since [\d: -]+; 1 failure: /m);
});

it('image-server cache cannot tell whether an image is warm where nothing is prefetched', async () => {
  await done('queue-image', 'photo.jpg');
  await done('prefetch');
  environment['CACHE_SERVER_PREFETCH_ENABLED'] = 'false';
  expect(await done('show', 'photo.jpg')).not.toContain('Warm');
  const { code, stderr } = await run('show', '--warm', 'photo.jpg');
  expect([code, stderr]).toEqual([
    1,
    'image-server: --warm: nothing is prefetched here; cache.server.prefetch.enabled switches it on.\n',
  ]);
  expect(await done('changed', 'photo.jpg')).toMatch(/^Deleted 1 variant, 1 info \([\d.]+ KB\) of 1 image\.\n$/);
});

it('looks at an image without making a queue, and goes on without beginning anything itself', async () => {
  const queue = async (): Promise<boolean> => (await readdir(images.path)).includes('cache-queue');
  await run('show', 'photo.jpg');
  expect(await queue()).toBe(false);
  await done('queue-image', 'photo.jpg');
  await done('pause');
  expect(await done('resume')).toBe('Prefetching goes on: 1 queued, 0 running, 0 given up.\n');
  expect(await queue()).toBe(true);
  expect(JSON.parse(await done('list-queued', '--json'))).toMatchObject({ jobs: [{ state: 'queued', attempts: 0 }] });
  expect(JSON.parse(await done('list-cached', '--json'))).toEqual({ entries: [] });
});
