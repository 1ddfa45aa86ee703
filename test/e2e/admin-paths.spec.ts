import { describe, expect, it } from '@jest/globals';
import { RouterModule } from '@nestjs/core';
import { ImageCacheAdminModule } from 'nestjs-image-cache/admin';
import { adminApp, ask, cacheImages, CREDENTIALS } from '../support/admin-app.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const HINT = { statusCode: 404, message: 'identifier: slashes in it are written %2F, as in maps%2Fparis.tif.' };

describe.each(PLATFORMS)('a path of the admin API on %s', (platform) => {
  const start = usingApps(platform);

  /** Where a client is led from an address. */
  const ledFrom = async (app: TestApp, path: string): Promise<string> => {
    const { status, headers } = await app.get(path, CREDENTIALS);
    expect([path, status, headers['cache-control']]).toEqual([path, 308, 'no-store']);
    expect(headers.location).toMatch(/^\.\.\/[^/?]+(\?.*)?$/);
    return new URL(String(headers.location), `http://localhost${path}`).href;
  };

  it('leads to the page when a slash is behind it', async () => {
    const app = await start(adminApp());
    expect(await ledFrom(app, '/admin/')).toBe('http://localhost/admin');
    expect(await ledFrom(app, '/admin/?a=/b/')).toBe('http://localhost/admin?a=/b/');
    expect((await app.get('/admin?a=/b/', CREDENTIALS)).status).toBe(200);
    const page = await app.get('/admin', CREDENTIALS);
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(app.log.filter(({ message }) => message.includes('path'))).toEqual([]);
  });

  it('does so under any name, and behind a prefix', async () => {
    const configure = (nest: TestApp['nest']): void => void nest.setGlobalPrefix('v1/api');
    const app = await start(adminApp({ path: 'ops/image-cache', configure }));
    expect(await ledFrom(app, '/v1/api/ops/image-cache/')).toBe('http://localhost/v1/api/ops/image-cache');
    expect((await app.get('/v1/api/ops/image-cache', CREDENTIALS)).status).toBe(200);
  });

  it('does so in a module that is routed', async () => {
    const app = await start(
      adminApp({ imports: [RouterModule.register([{ path: 'team', module: ImageCacheAdminModule }])] }),
    );
    expect((await app.get('/team/admin', CREDENTIALS)).status).toBe(200);
    expect(await ledFrom(app, '/team/admin/')).toBe('http://localhost/team/admin');
  });

  it('leads nowhere where the API is disabled, or when it is another one', async () => {
    const disabled = await start(adminApp({ admin: { enabled: false } }));
    expect((await disabled.get('/admin/', CREDENTIALS)).status).toBe(404);
    const app = await start(adminApp());
    for (const path of ['//evil.example/admin/', '/other/admin/', '/admin//', '//admin/'])
      expect([path, (await app.get(path, CREDENTIALS)).headers.location]).toEqual([path, undefined]);
  });

  it('says how slashes in an identifier are written', async () => {
    const app = await start(adminApp());
    await cacheImages(app.cache, ['a/b.tif', 'a']);
    for (const line of ['GET', 'PUT', 'DELETE'].map((method) => `${method} /admin/cache/a/b.tif`)) {
      const { status, json } = await ask(app, line);
      expect([line, status, json]).toEqual([line, 404, HINT]);
    }
    expect((await ask(app, 'DELETE /admin/queue/a/b/c/d/e/f/g/h.tif')).json).toEqual(HINT);
    expect((await ask(app, 'GET /admin/cache/a/%252e%252e/b')).json).toEqual(HINT);
    expect((await ask(app, 'GET /admin/cache/a/b.tif', { isAnonymous: true })).status).toBe(401);
    expect((await ask(app, 'GET /admin/cache/a%2Fb.tif')).json).toMatchObject({ identifier: 'a/b.tif' });
    expect((await ask(app, 'GET /admin/cache/a%252Fb.tif')).status).toBe(404);
  });
});
