import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runCache } from '../../support/command-line.js';
import { prefetchingIn, runServer, startServer } from '../../support/image-server.js';
import { makeImages, type TestImages } from '../../support/samples.js';
import { giveAway, UNPRIVILEGED } from '../../support/unprivileged.js';

const QUEUED = '3 images queued, 1 folder left out that may not be read.\n';

let images: TestImages;
let environment: Record<string, string>;

beforeEach(async () => {
  images = await makeImages();
  await mkdir(images.cache);
  for (const folder of ['lost+found', 'maps/closed']) {
    await mkdir(join(images.source, folder));
    await copyFile(join(images.source, 'photo.jpg'), join(images.source, folder, 'photo.jpg'));
    await chmod(join(images.source, folder), 0);
  }
  await giveAway(images.path, images.cache);
  environment = prefetchingIn(images.cache, images.source, 'full/100,/0/default.jpg');
});

afterEach(() => images.remove());

describe('a folder of the source that may not be read', () => {
  it('is left out and named when images are queued without a server, unless it is the one that was asked for', async () => {
    const queue = (folder: string) =>
      runServer({ args: ['cache', 'queue-images', '--folder', folder], environment, under: UNPRIVILEGED });
    expect(await queue('.')).toMatchObject({
      code: 0,
      stdout: QUEUED,
      stderr: expect.stringMatching(
        /^image-server: listing the source folder maps\/closed failed: EACCES: .*\n$/,
      ) as unknown,
    });
    expect(await queue('maps/closed')).toMatchObject({
      code: 1,
      stderr: 'image-server: The source folder maps/closed cannot be read (EACCES).\n',
    });
  });

  it('is left out and told of by a server: to who queues images, and in its log', async () => {
    Object.assign(environment, { ENDPOINT_API_ENABLED: 'true', ENDPOINT_API_SECRET: 'correct-horse' });
    const server = await startServer({ environment, under: UNPRIVILEGED });
    const address = { IMAGE_SERVER_URL: server.url, IMAGE_SERVER_SECRET: 'correct-horse' };
    expect(await runCache(['queue-images', '--folder', '.'], address)).toEqual({ code: 0, stdout: QUEUED, stderr: '' });
    const { stdout: tasks } = await runCache(['tasks'], address);
    expect(tasks).toMatch(/ QueueImages .* succeeded .* 3 queued, 1 omitted folders\n/);
    const { images: listed } = JSON.parse((await server.get('/images')).body.toString()) as { images: object[] };
    expect(listed).toMatchObject(['maps/alpha.png', 'photo.jpg', 'tiled.tif'].map((identifier) => ({ identifier })));
    const { stdout, stderr } = await server.end();
    expect(stdout + stderr).toMatch(/WARN.*listing the source folder maps\/closed failed: EACCES: /);
    expect(stdout + stderr).toMatch(/did QueueImages.*"omittedFolders":1/);
    expect(stdout + stderr).not.toContain('lost+found');
  });
});
