import { describe, expect, it } from '@jest/globals';
import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ask, SECRET } from '../support/admin-app.js';
import { until } from '../support/async.js';
import { cachingIn, startServer, type RunningServer } from '../support/image-server.js';
import { makeImages, type TestImages } from '../support/samples.js';

/** So many images in so many sizes each. */
const [IMAGES, SIZES] = [20, 50];

const ALL = IMAGES * SIZES;

function start({ source, cache }: TestImages): Promise<RunningServer> {
  const variants = Array.from({ length: SIZES }, (_, index) => `full/${index + 10},/0/default.jpg`);
  const environment = {
    ...cachingIn(cache, source),
    CACHE_SERVER_PREFETCH_ENABLED: 'true',
    CACHE_SERVER_PREFETCH_INTERVAL: '1',
    CACHE_SERVER_PREFETCH_VARIANTS: JSON.stringify(variants),
    ENDPOINT_API_ENABLED: 'true',
    ENDPOINT_API_USERNAME: 'ada',
    ENDPOINT_API_SECRET: SECRET,
  };
  return startServer({ environment });
}

/** The pictures that have been published. */
async function pictures({ cache }: TestImages): Promise<readonly string[]> {
  const names = await readdir(join(cache, 'image'), { recursive: true }).catch(() => []);
  return names.filter((name) => name.endsWith('.jpg') && !name.includes('.tmp/'));
}

async function statsOf(server: RunningServer) {
  const admin = { open: (path: string, asked: object) => server.open(path, asked) };
  const { json } = await ask(admin, 'GET /admin/status');
  return json as { stats: { renders: number }; prefetch: { queued: number; running: number; dead: number } };
}

describe('an image server that is killed in the middle of a prefetch', () => {
  it('goes on when it is started again, and renders nothing of what is there', async () => {
    const images = await makeImages();
    const identifiers = Array.from({ length: IMAGES }, (_, index) => `photo-${index}.jpg`);
    for (const name of identifiers) await cp(join(images.source, 'photo.jpg'), join(images.source, name));
    const first = await start(images);
    const order = { verb: 'QueueImages', identifiers };
    const admin = { open: (path: string, asked: object) => first.open(path, asked) };
    for (const body of [order, { verb: 'PrefetchImages' }])
      expect((await ask(admin, 'POST /admin/tasks', { body })).status).toBe(202);
    await until(async () => (await pictures(images)).length >= 0.35 * ALL);
    await first.end('SIGKILL');
    const before = await pictures(images);
    expect(before.length).toBeLessThan(ALL);

    const second = await start(images);
    await until(async () => {
      const { queued, running } = (await statsOf(second)).prefetch;
      return queued + running === 0;
    });
    const { stats, prefetch } = await statsOf(second);
    expect({ renders: stats.renders, dead: prefetch.dead }).toEqual({ renders: ALL - before.length, dead: 0 });
    const after = await pictures(images);
    expect([after.length, before.filter((name) => !after.includes(name))]).toEqual([ALL, []]);
    await images.remove();
  }, 180_000);
});
