import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Header, Module, Param } from '@nestjs/common';
import { CacheVariant, heapStore } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { adminApp, ask, CREDENTIALS, SECRET, type AdminSetup } from '../support/admin-app.js';
import { eventually } from '../support/async.js';
import { listen, type Listening } from '../support/event-stream.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

@Controller('pictures')
class PicturesController {
  @Get(':id')
  @CacheVariant()
  @Header('Content-Type', 'image/png')
  picture(@Param('id') id: string): Buffer {
    return Buffer.from(`picture of ${id}`);
  }
}

@Module({ controllers: [PicturesController] })
class PicturesModule {}

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const auth = { username: 'ada', secret: SECRET };

describe.each(PLATFORMS)('The dashboard on %s', (platform) => {
  const startApp = usingApps(platform);
  const clock = new FakeClock(Date.UTC(2026, 0, 1, 0, 0, 1));
  const start = (setup: AdminSetup = {}): Promise<TestApp> =>
    startApp(adminApp({ admin: { auth, clock }, ...setup, ...(setup.path === undefined && { path: 'admin' }) }));

  const get = (app: TestApp, path: string, headers = {}) => app.get(path, { ...CREDENTIALS, ...headers });
  const follow = (app: TestApp): Promise<Listening> => listen(app.port, '/admin/events', CREDENTIALS);
  const dataOf = ({ events }: Listening, name: string): unknown => events.findLast(({ event }) => event === name)?.data;

  /** Lets the span end that has begun. */
  const endSpan = (): Promise<void> => clock.advance(10_000 - ((clock.now() - 600) % 10_000));

  it.each(['/admin', '/admin/history', '/admin/events', '/admin/assets/app.js'])(
    'shows %s to nobody but the operator',
    async (path) => {
      const app = await start();
      const { status, headers } = await app.get(path);
      expect([status, headers['www-authenticate']]).toEqual([401, 'Basic realm="image cache", charset="UTF-8"']);
    },
  );

  it('serves a page that takes all from this server, and nothing inline', async () => {
    const dashboard = { title: '<Tiles> & "more"', thumbnail: '/i/{id}', page: "/p/{id}?'" };
    const app = await start({ admin: { auth, clock, dashboard } });
    const { status, headers, body } = await get(app, '/admin');
    const text = body.toString();
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-security-policy': POLICY,
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-cache, no-store, must-revalidate',
    });
    expect(text).toContain('<h1>&lt;Tiles&gt; &amp; &quot;more&quot;</h1>');
    expect(text).toContain(`data-thumbnail="/i/{id}" data-variant="" data-page="/p/{id}?&#39;"`);
    expect(text).not.toMatch(/\{\{|<script(?![^>]* src=)|style=|https?:/);
  });

  it('serves the files of the page, and no others', async () => {
    const app = await start();
    const page = (await get(app, '/admin')).body.toString();
    const files = [...page.matchAll(/(?:src|href)="\.\/admin\/(assets\/[\w.-]+)"/g)].map(([, file]) => file ?? '');
    expect(files).toEqual(expect.arrayContaining(['assets/app.js', 'assets/uplot.js', 'assets/uplot.css']));
    for (const file of files) {
      const { status, headers, body } = await get(app, `/admin/${file}`);
      expect([file, status, headers['x-content-type-options']]).toEqual([file, 200, 'nosniff']);
      const again = await get(app, `/admin/${file}`, { 'If-None-Match': String(headers.etag) });
      expect([again.status, again.body.byteLength, body.byteLength > 0]).toEqual([304, 0, true]);
    }
    expect((await get(app, '/admin/assets/app.js')).headers['content-type']).toBe('text/javascript; charset=utf-8');
    for (const path of ['index.html', '..%2Fpackage.json', '%2Fetc%2Fpasswd', '__proto__'])
      expect([path, (await get(app, `/admin/assets/${path}`)).status]).toEqual([path, 404]);
  });

  it('finds its files under any path, also with a slash at the end', async () => {
    const app = await start({ path: 'inner/tiles' });
    expect((await get(app, '/inner/tiles')).body.toString()).toContain('src="./tiles/assets/app.js"');
    expect((await get(app, '/inner/tiles?a=/b/c')).body.toString()).toContain('src="./tiles/assets/app.js"');
    expect((await get(app, '/inner/tiles/assets/app.js')).status).toBe(200);
  });

  it('is not there when it is switched off', async () => {
    const app = await start({ admin: { auth, clock, dashboard: false } });
    for (const path of ['/admin', '/admin/history', '/admin/events', '/admin/assets/app.js'])
      expect([path, (await get(app, path)).status]).toEqual([path, 404]);
    expect((await get(app, '/admin/status')).status).toBe(200);
  });

  it.each([
    ['thumbnail', 'https://elsewhere/{id}'],
    ['thumbnail', '//elsewhere/{id}'],
    ['variant', '/no-identifier'],
    ['page', 'relative/{id}'],
  ])('refuses a template %s that is %s', async (name, template) => {
    await expect(start({ admin: { auth, clock, dashboard: { [name]: template } } })).rejects.toThrow(
      `imageCacheAdmin.dashboard.${name}: is to be a path on this server`,
    );
  });

  it('tells the history of real requests', async () => {
    const app = await start({ imports: [{ module: PicturesModule }] });
    for (const id of ['a', 'a', 'b', 'a']) await app.get(`/pictures/${id}`);
    await endSpan();
    await eventually(async () => {
      const history = JSON.parse((await get(app, '/admin/history?seconds=10')).body.toString()) as object;
      expect(history).toMatchObject({
        step: 10,
        processes: 1,
        series: { 'served.hit': [2], 'served.miss': [2], 'hits.variant': [2], 'entries.variant': [2] },
        top: [
          { identifier: 'PicturesController/a', uses: 3 },
          { identifier: 'PicturesController/b', uses: 1 },
        ],
        notices: [],
      });
    });
  });

  it('tells what the stores may hold, also when that is set anew', async () => {
    const app = await start({ cache: { variant: { store: heapStore({ maxSize: '8MB' }) } } });
    const bounds = async (): Promise<unknown> =>
      (JSON.parse((await get(app, '/admin/history')).body.toString()) as { readonly bounds: unknown }).bounds;
    expect(await bounds()).toEqual({ maxSize: 8 * 1024 ** 2 });
    expect((await ask(app, 'POST /admin/actions/configure', { body: { targetSize: '4MB' } })).status).toBe(200);
    expect(await bounds()).toEqual({ maxSize: 4 * 1024 ** 2 });
  });

  it.each(['0', '172801', '1.5', '-1', 'x', ''])('refuses a history of %j seconds', async (seconds) => {
    const app = await start();
    const { status, body } = await get(app, `/admin/history?seconds=${seconds}`);
    expect([status, JSON.parse(body.toString())]).toMatchObject([
      400,
      { message: `seconds: ${JSON.stringify(seconds)} is not a whole number from 1 to 172800.` },
    ]);
  });

  it('tells by events how it is, what has happened, and each span that has ended', async () => {
    const app = await start({ imports: [{ module: PicturesModule }] });
    const client = await follow(app);
    expect(client.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-store',
      'x-content-type-options': 'nosniff',
    });
    await eventually(() => {
      expect(dataOf(client, 'pulse')).toMatchObject({ rendering: { running: 0, waiting: 0 }, prefetch: { queued: 0 } });
    });
    await app.get('/pictures/a');
    await app.cache.evict('PicturesController/a');
    await eventually(() => {
      expect(dataOf(client, 'notice')).toMatchObject({
        level: 'done',
        text: 'Evicted PicturesController/a (request): 1 variant.',
        times: 1,
      });
    });
    await endSpan();
    await clock.advance(16_000);
    await eventually(() => {
      expect(dataOf(client, 'sample')).toMatchObject({
        step: 10,
        series: { 'served.miss': expect.arrayContaining([1]) },
      });
      expect(client.comments).toContain(':');
    });
    client.leave();
  });

  it('has no more listeners than it can bear', async () => {
    const app = await start();
    const clients = await Promise.all(Array.from({ length: 32 }, () => follow(app)));
    expect(new Set(clients.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await get(app, '/admin/events')).status).toBe(503);
    clients[0]?.leave();
    await eventually(async () => {
      const client = await follow(app);
      expect(client.status).toBe(200);
    });
    for (const client of clients) client.leave();
  });

  it('drops a client that does not read, and not the others', async () => {
    const app = await start();
    const [slow, good] = [await follow(app), await follow(app)];
    slow.pause();
    const text = 'x'.repeat(200_000);
    await eventually(async () => {
      app.cache.tell('background-failed', { what: text, error: new Error(`${Math.random()}`) });
      await new Promise((resolve) => setImmediate(resolve));
      expect(good.events.length).toBeGreaterThan(60);
    });
    expect(good.ended()).toBeUndefined();
    const before = good.events.length;
    app.cache.tell('background-failed', { what: 'one more', error: new Error('x') });
    await eventually(() => {
      expect(good.events.length).toBeGreaterThan(before);
    });
    slow.resume();
    await eventually(() => {
      expect(slow.ended()).toBe('cut');
    });
    good.leave();
  });

  it('ends its streams before the server does', async () => {
    const app = await start();
    const client = await follow(app);
    await app.nest.close();
    await eventually(() => {
      expect(client.ended()).toBe('ended');
    });
  });
});
