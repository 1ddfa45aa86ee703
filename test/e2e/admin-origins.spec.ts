import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { adminApp, ask, CREDENTIALS, SECRET } from '../support/admin-app.js';
import type { Answer } from '../support/http-client.js';
import { cachingIn, startServer, type RunningServer } from '../support/image-server.js';
import { makeImages, type TestImages } from '../support/samples.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

const ORIGIN = 'https://other.example';

const PREFLIGHT = {
  Origin: ORIGIN,
  'Access-Control-Request-Method': 'GET',
  'Access-Control-Request-Headers': 'authorization',
};

const PATHS = ['/admin', '/admin/status', '/admin/cache', '/admin/cache/a', '/admin/history', '/admin/assets/app.js'];

/** What an answer says to pages of other sites. */
const opened = ({ headers }: Pick<Answer, 'headers'>): string[] =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'));

describe.each(PLATFORMS)('a page of another site, on %s,', (platform) => {
  const start = usingApps(platform);

  it('is not told what the admin API may be asked for', async () => {
    const app = await start(adminApp());
    for (const path of PATHS) {
      const answer = await app.request('OPTIONS', path, PREFLIGHT);
      expect([path, answer.status, opened(answer)]).toEqual([path, 401, []]);
    }
    const known = await ask(app, 'OPTIONS /admin/cache', { headers: { Origin: `http://127.0.0.1:${app.port}` } });
    expect([known.status, known.headers.allow]).toEqual([405, 'GET, HEAD, DELETE']);
  });

  it.each([
    ['to all', {}],
    ['to whoever asks, with credentials', { origin: true, credentials: true }],
  ])('reads no answer of it where the application is open %s', async (_, cors) => {
    const app = await start(
      adminApp({
        configure: (nest) => {
          (nest as NestExpressApplication).enableCors(cors);
        },
      }),
    );
    // What the framework answers by itself allows nothing that is not refused then.
    expect(opened(await app.request('OPTIONS', '/admin/status', PREFLIGHT))).not.toEqual([]);
    for (const path of [...PATHS, '/admin/']) {
      const answer = await app.get(path, { ...CREDENTIALS, Origin: ORIGIN });
      expect([path, opened(answer)]).toEqual([path, []]);
    }
    const anonymous = await app.get('/admin/status', { Origin: ORIGIN });
    expect([anonymous.status, opened(anonymous)]).toEqual([401, []]);
    const changing = await ask(app, 'DELETE /admin/cache?target=all', { headers: { Origin: ORIGIN } });
    expect([changing.status, opened(changing)]).toEqual([403, []]);
  });
});

describe('a page of another site, with the image server,', () => {
  let images: TestImages;
  let server: RunningServer;

  beforeAll(async () => {
    images = await makeImages();
    const environment = {
      ...cachingIn(images.cache, images.source),
      ENDPOINT_API_ENABLED: 'true',
      ENDPOINT_API_USERNAME: 'ada',
      ENDPOINT_API_SECRET: SECRET,
      ENDPOINT_API_GALIA_PATHS: 'true',
    };
    server = await startServer({ environment, isShared: true });
  });

  afterAll(async () => {
    await server.end();
    await images.remove();
  });

  it.each([
    ...PATHS,
    '/%61dmin/status',
    '/admin/',
    '/admin/nothing',
    '/admin/%zz',
    '/admin/openapi.json',
    '/tasks',
    '/status',
  ])('reads nothing of %s', async (path) => {
    for (const headers of [{ Origin: ORIGIN }, { ...CREDENTIALS, Origin: ORIGIN }])
      expect(opened(await server.get(path, headers))).toEqual([]);
    expect(opened(await server.request('OPTIONS', path, PREFLIGHT))).toEqual([]);
  });

  it('reads nothing of what is refused before it is looked at', async () => {
    const headers = { ...CREDENTIALS, 'Content-Type': 'application/json', Origin: ORIGIN };
    for (const body of ['{', `"${'x'.repeat(100_000)}"`]) {
      const answer = await server.open('/admin/tasks', { method: 'POST', headers, body }).answer;
      expect([answer.status >= 400, opened(answer)]).toEqual([true, []]);
    }
  });

  it('reads images and what is said about them', async () => {
    for (const path of ['/iiif/3/tiled.tif/info.json', '/iiif/3/nothing/info.json', '/iiif/%zz', '/health'])
      expect([path, (await server.get(path)).headers['access-control-allow-origin']]).toEqual([path, '*']);
  });
});
