import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ask, CREDENTIALS, SECRET } from '../support/admin-app.js';
import { eventually } from '../support/async.js';
import { cachingIn, runServer, startServer, type RunningServer } from '../support/image-server.js';
import { makeImages, type TestImages } from '../support/samples.js';

const ENDPOINT = { ENDPOINT_API_ENABLED: 'true', ENDPOINT_API_USERNAME: 'ada', ENDPOINT_API_SECRET: SECRET };

describe('The admin API of the image server', () => {
  let images: TestImages;
  let server: RunningServer;

  /** Its requests name the same host as others. */
  const adminOf = (running: RunningServer): Parameters<typeof ask>[0] => ({
    open: (path, asked) => running.open(path, asked),
  });

  beforeAll(async () => {
    images = await makeImages();
    const environment = { ...cachingIn(images.cache, images.source), ...ENDPOINT, ENDPOINT_API_GALIA_PATHS: 'true' };
    server = await startServer({ environment, isShared: true });
  });

  afterAll(async () => {
    const { code, stdout, stderr } = await server.end();
    expect([code, stdout.includes(SECRET), stderr.includes(SECRET)]).toEqual([0, false, false]);
    await images.remove();
  });

  it('lists what has been served, evicts it, and says so in the log', async () => {
    const admin = adminOf(server);
    expect((await server.get('/iiif/3/tiled.tif/full/100,/0/default.jpg')).status).toBe(200);
    await eventually(async () => {
      const { json } = await ask(admin, 'GET /admin/cache');
      expect(json).toMatchObject({ entries: [{ identifier: 'tiled.tif', kind: 'info' }, { kind: 'variant' }] });
    });
    expect((await ask(admin, 'GET /admin/cache/tiled.tif')).json).toMatchObject({
      state: 'cached',
      entries: [{ sourceModified: expect.any(String) }, { sourceModified: expect.any(String) }],
      info: { identifier: 'tiled.tif', width: expect.any(Number) },
    });
    expect((await ask(admin, 'DELETE /admin/cache/tiled.tif')).status).toBe(204);
    expect((await ask(admin, 'GET /admin/cache/tiled.tif')).status).toBe(404);
    expect((await ask(admin, 'GET /admin/status')).json).toMatchObject({ stats: { managed: 1 } });
  });

  it('does the tasks of Galia at the paths of Galia', async () => {
    const admin = adminOf(server);
    const { status, headers } = await ask(admin, 'POST /tasks', { body: { verb: 'PurgeCache' } });
    expect([status, headers.location]).toEqual([202, expect.stringMatching(/^\/tasks\/[0-9a-f-]{36}$/)]);
    await eventually(async () => {
      expect((await ask(admin, `GET ${headers.location}`)).json).toMatchObject({ status: 'succeeded' });
    });
    expect((await ask(admin, 'GET /status')).status).toBe(200);
    expect((await ask(admin, 'GET /status', { isAnonymous: true })).status).toBe(401);
  });

  it('is described for programs that know the secret', async () => {
    const admin = adminOf(server);
    const { status, headers, json } = await ask(admin, 'GET /admin/openapi.json');
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    const { openapi, paths }: { openapi: string; paths: object } = json;
    expect(openapi).toMatch(/^3\./);
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/admin/cache/{identifier}', '/admin/tasks', '/tasks']));
    expect(Object.keys(paths).filter((path) => path.startsWith('/iiif'))).toEqual([]);
    expect((await ask(admin, 'GET /admin/openapi.json', { isAnonymous: true })).status).toBe(401);
  });

  it('leaves the queue paused when it is started anew, and says so', async () => {
    const queue = `${images.cache}-paused`;
    const prefetching = { CACHE_SERVER_PREFETCH_ENABLED: 'true', CACHE_SERVER_PREFETCH_PATHNAME: queue };
    const environment = { ...cachingIn(`${images.cache}-other`, images.source), ...ENDPOINT, ...prefetching };
    const first = await startServer({ environment });
    expect((await ask(adminOf(first), 'POST /admin/actions/pause')).json).toMatchObject({ isPaused: true });
    expect((await first.end()).stderr).not.toContain('paused');
    const second = await startServer({ environment });
    expect((await ask(adminOf(second), 'GET /admin/status')).json).toMatchObject({ prefetch: { isPaused: true } });
    expect((await ask(adminOf(second), 'POST /admin/actions/resume')).json).toMatchObject({ isPaused: false });
    const { stdout, stderr } = await second.end();
    expect(stdout + stderr).toContain('The queue is paused: nothing is prefetched until somebody resumes it.');
  });

  it('leaves the viewer where it is, and lets nobody else in', async () => {
    const page = await server.get('/');
    expect([page.status, page.headers['content-type']]).toEqual([200, expect.stringContaining('text/html')]);
    for (const path of ['/admin', '/admin/status'])
      for (const headers of [{}, { ...CREDENTIALS, Authorization: 'Bearer nobody' }])
        expect((await server.get(path, headers)).status).toBe(401);
  });

  it.each([
    ['too large', 413, JSON.stringify({ verb: 'x'.repeat(70_000) })],
    ['no JSON', 400, '{"verb":'],
    ['with a prototype', 400, '{"verb":"PurgeCache","__proto__":{}}'],
  ])('refuses a body that is %s, with one line', async (_, expected, body) => {
    const { status, headers, json } = await ask(adminOf(server), 'POST /admin/tasks', { body });
    expect([status, json]).toEqual([expected, { statusCode: expected, message: expect.stringMatching(/^.+$/) }]);
    expect(headers['cache-control']).toContain('no-store');
  });

  it('is not there unless it is enabled', async () => {
    const closed = await startServer({ environment: cachingIn(images.cache, images.source) });
    for (const path of ['/admin/status', '/admin/cache', '/status', '/tasks', '/admin/openapi.json'])
      expect([path, (await closed.get(path, CREDENTIALS)).status]).toEqual([path, 404]);
  });

  it('does not start without a secret', async () => {
    const environment = { ...cachingIn(images.cache, images.source), ENDPOINT_API_ENABLED: 'true' };
    const { code, stderr } = await runServer({ environment });
    expect([code, stderr]).toEqual([
      1,
      'image-server: endpoint.api.secret: is not set; endpoint.api.enabled needs a secret.\n',
    ]);
  });

  it('does not tell the secret when it tells the configuration', async () => {
    const environment = { ...cachingIn(images.cache, images.source), ...ENDPOINT };
    const { code, stdout } = await runServer({ environment, args: ['config', 'check'] });
    expect([code, stdout.includes(SECRET)]).toEqual([0, false]);
    expect(stdout).toMatch(/endpoint\.api\.secret +\*\*\* +ENDPOINT_API_SECRET/);
  });
});
