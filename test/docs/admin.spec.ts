import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../support/async.js';
import { makeDirectory } from '../support/directories.js';
import { cachingIn, startServer, type RunningServer } from '../support/image-server.js';
import { makeImages, type TestImages } from '../support/samples.js';
import { PLATFORMS, startApp } from '../support/test-app.js';

const run = promisify(execFile);

describe('the examples of the admin API', () => {
  let images: TestImages;
  let server: RunningServer;

  beforeAll(async () => {
    images = await makeImages();
    await mkdir(join(images.source, 'maps'), { recursive: true });
    await copyFile(join(images.source, 'tiled.tif'), join(images.source, 'maps', 'paris.tif'));
    const endpoint = { ENDPOINT_API_ENABLED: 'true', ENDPOINT_API_SECRET: 'open-sesame' };
    server = await startServer({
      environment: { ...cachingIn(images.cache, images.source), ...endpoint },
      isShared: true,
    });
  });

  afterAll(async () => {
    await server.end();
    await images.remove();
  });

  const variants = async (): Promise<number> => {
    const admin = await run('curl', ['-fsS', '-u', 'admin:open-sesame', `${server.url}/admin/status`]);
    return (JSON.parse(admin.stdout) as { usage: { variant: { entries: number } } }).usage.variant.entries;
  };

  /** What the lines of an example print, one JSON document after the other. */
  const outcomes = async (name: string): Promise<unknown[]> => {
    for (const size of ['100,', '50,']) await server.get(`/iiif/3/maps%2Fparis.tif/full/${size}/0/default.jpg`);
    await eventually(async () => {
      expect(await variants()).toBe(2);
    });
    const env = { PATH: process.env['PATH'], USER: 'admin', SECRET: 'open-sesame', SERVER: server.url };
    const { stdout } = await run('sh', ['-e', `docs/examples/admin/${name}.sh`], {
      env: { ...env, ADMIN: `${server.url}/admin` },
    });
    return stdout.split(/(?<=\})(?=\{)/).map((text): unknown => JSON.parse(text));
  };

  const EXPECTED: Readonly<Record<string, readonly object[]>> = {
    list: [
      { entries: [{ kind: 'variant' }, { kind: 'variant' }] },
      { entries: expect.any(Array) },
      { entries: [{ identifier: 'maps/paris.tif' }, {}, {}] },
      { identifier: 'maps/paris.tif', state: 'cached' },
    ],
    evict: [{ infos: 1, variants: 2 }, { evicted: { variants: 0 } }, { variants: 0 }, { variants: 0 }],
    sweep: [{ dryRun: true }, { dryRun: false }, { steps: [{ step: 'expired' }, { step: 'bounds' }] }],
    // It may have ended before it is cancelled.
    task: [{ verb: 'PurgeCache' }, { tasks: [{ verb: 'PurgeCache' }] }, {}],
    watch: [{ usage: { variant: { entries: 2 } } }, { changed: ['ttl'] }],
  };

  it('are all tried', async () => {
    const files = await readdir('docs/examples/admin');
    expect(files.sort()).toEqual(
      Object.keys(EXPECTED)
        .map((name) => `${name}.sh`)
        .sort(),
    );
  });

  it.each(Object.keys(EXPECTED))('do what the page says: %s', async (name) => {
    expect(await outcomes(name)).toMatchObject([...(EXPECTED[name] ?? [])]);
  });

  it.each(PLATFORMS)('manage the cache of an application on %s', async (platform) => {
    const directory = await makeDirectory();
    process.env['CACHE_DIR'] = directory.path;
    process.env['ADMIN_SECRET'] = 'open-sesame';
    const { ManagedModule } = await import('../../docs/examples/admin.module.js');
    const app = await startApp(platform, { imports: [ManagedModule], cache: false });
    try {
      expect((await app.get('/ops/cache/status')).status).toBe(401);
      expect((await app.get('/ops/cache/status', { Authorization: 'Bearer closed' })).status).toBe(401);
      const basic = `Basic ${Buffer.from('ops:open-sesame').toString('base64')}`;
      const { status, body } = await app.get('/ops/cache/status', { Authorization: basic });
      expect([status, JSON.parse(body.toString())]).toMatchObject([200, { bounds: { maxSize: 20 * 2 ** 30 } }]);
    } finally {
      await app.close();
      await directory.remove();
    }
  });
});
