import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { heapStore, isImageCacheError } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { adminApp, ask, cacheImages, CREDENTIALS, SECRET, type Sent } from '../support/admin-app.js';
import { record } from '../support/async.js';
import { PLATFORMS, startApp, usingApps, type TestApp } from '../support/test-app.js';

@Injectable()
class DoorGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['x-door'] === 'open';
  }
}

const basic = (pair: string): Sent => ({ headers: { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` } });

const bearer = (token: string): Sent => ({ headers: { Authorization: `Bearer ${token}` } });

const ROUTES = [
  'GET /admin/cache',
  'GET /admin/cache/a',
  'DELETE /admin/cache/a',
  'DELETE /admin/cache?target=all',
  'PUT /admin/cache/new',
  'GET /admin/queue',
  'DELETE /admin/queue/queued',
  'POST /admin/actions/prune',
  'POST /admin/actions/clean',
  'POST /admin/actions/sweep',
  'POST /admin/actions/prefetch',
  'POST /admin/actions/pause',
  'POST /admin/actions/resume',
  'POST /admin/actions/retry',
  'POST /admin/actions/changed',
  'POST /admin/actions/configure',
  'POST /admin/tasks',
  'GET /admin/tasks',
  'GET /admin/tasks/1',
  'DELETE /admin/tasks/1',
  'GET /admin/status',
];

const CHANGES = ROUTES.filter((line) => !line.startsWith('GET'));

describe.each(PLATFORMS)('who must not manage the cache, on %s,', (platform) => {
  const start = usingApps(platform);
  let app: TestApp;
  let clock: FakeClock;

  /** One for all of them: nothing that they do changes it. */
  beforeAll(async () => {
    clock = new FakeClock(Date.now());
    app = await startApp(
      platform,
      adminApp({
        admin: { auth: { username: 'ada', secret: SECRET }, clock },
        cache: { clock, variant: { store: heapStore() }, info: {} },
      }),
    );
    await cacheImages(app.cache, ['a']);
    await ask(app, 'PUT /admin/cache/queued');
  });

  afterAll(() => app.close());

  beforeEach(() => clock.advance(60_000));

  /** How many were refused meanwhile, by reason. */
  const refusalsOf = async (work: () => Promise<void>): Promise<Record<string, number>> => {
    const before = app.cache.stats().managementRefused;
    await work();
    const after = Object.entries(app.cache.stats().managementRefused);
    const more = after.map(([reason, count]) => [reason, count - (before[reason] ?? 0)] as const);
    return Object.fromEntries(more.filter(([, count]) => count > 0));
  };

  /** That nothing is other than it was. */
  const expectUnchanged = async (): Promise<void> => {
    expect((await ask(app, 'GET /admin/cache')).json).toMatchObject({
      entries: [{ identifier: 'a' }, { identifier: 'a' }],
      queue: { jobs: [{ identifier: 'queued' }], queued: 1 },
    });
    expect((await ask(app, 'GET /admin/tasks')).json).toEqual({ tasks: [] });
    expect((await ask(app, 'GET /admin/status')).json).toMatchObject({ prefetch: { isPaused: false } });
    expect(app.cache.stats().managed).toBe(1);
  };

  it('is told to say who it is, and learns nothing, on every route', async () => {
    const counts = await refusalsOf(async () => {
      for (const line of ROUTES) {
        const { status, headers, json } = await ask(app, line, { isAnonymous: true });
        expect([line, status, json]).toEqual([line, 401, { statusCode: 401, message: expect.any(String) }]);
        expect(headers['www-authenticate']).toBe('Basic realm="image cache", charset="UTF-8"');
        expect(headers['cache-control']).toBe('no-store');
      }
    });
    expect(counts).toEqual({ anonymous: ROUTES.length });
    await expectUnchanged();
  });

  it.each<[string, Sent]>([
    ['a wrong secret', basic('ada:wrong')],
    ['a wrong name', basic(`eve:${SECRET}`)],
    ['no secret', basic('ada:')],
    ['no colon', basic('ada')],
    ['the secret and more', basic(`ada:${SECRET} `)],
    ['the beginning of the secret', basic(`ada:${SECRET.slice(0, -1)}`)],
    ['a name with a NUL', basic(`ada\0:${SECRET}`)],
    ['a wrong token', bearer('wrong')],
    ['another scheme', { headers: { Authorization: `Digest ${SECRET}` } }],
    ['nonsense', { headers: { Authorization: 'x'.repeat(5000) } }],
  ])('sends %s, and is refused, counted and logged', async (_, sent) => {
    const refused = record(app.cache, 'management-refused');
    const counts = await refusalsOf(async () => {
      const { status, headers } = await ask(app, 'DELETE /admin/cache?target=all', sent);
      expect([status, headers['www-authenticate']]).toEqual([401, expect.stringContaining('Basic')]);
    });
    expect(refused).toEqual([{ client: '127.0.0.1', reason: 'credentials' }]);
    expect(counts).toEqual({ credentials: 1 });
    expect(app.log).toContainEqual({ level: 'warn', message: '127.0.0.1 may not manage the cache: credentials' });
    await expectUnchanged();
  });

  it('keeps guessing, and is not listened to for a while, the others are', async () => {
    for (let attempt = 0; attempt < 10; attempt += 1)
      expect((await ask(app, 'GET /admin/status', { ...basic('ada:wrong'), from: '127.0.0.2' })).status).toBe(401);
    const right = { from: '127.0.0.2' };
    const { status, headers, json } = await ask(app, 'DELETE /admin/cache?target=all', right);
    expect([status, headers['retry-after'], json]).toEqual([
      429,
      '60',
      { statusCode: 429, message: 'Too many wrong credentials.' },
    ]);
    await expectUnchanged();
    await clock.advance(59_999);
    expect((await ask(app, 'GET /admin/status', right)).status).toBe(429);
    await clock.advance(1);
    expect((await ask(app, 'GET /admin/status', right)).status).toBe(200);
    expect(app.cache.stats().managementRefused['too-many']).toBe(2);
  });

  it('keeps guessing beside an operator with the same address', async () => {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      expect((await ask(app, 'GET /admin/status', { from: '127.0.0.3' })).status).toBe(200);
      expect((await ask(app, 'GET /admin/status', { ...basic('ada:wrong'), from: '127.0.0.3' })).status).toBe(401);
    }
    expect((await ask(app, 'GET /admin/status', { ...basic('ada:wrong'), from: '127.0.0.3' })).status).toBe(429);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['a neighbouring site', { 'Sec-Fetch-Site': 'same-site' }],
    ['another origin', { Origin: 'https://evil.example' }],
    ['no origin that has a name', { Origin: 'null' }],
    ['another port', { Origin: 'http://127.0.0.1:1' }],
    ['another site with an origin that was made up', { 'Sec-Fetch-Site': 'cross-site', Origin: 'http://127.0.0.1' }],
  ])('is a page of %s, and changes nothing', async (_, headers) => {
    const counts = await refusalsOf(async () => {
      for (const line of CHANGES) {
        const { status, json } = await ask(app, line, { headers });
        expect([line, status, json]).toEqual([
          line,
          403,
          { statusCode: 403, message: 'The request comes from another site.' },
        ]);
      }
    });
    expect(counts).toEqual({ 'cross-site': CHANGES.length });
    await expectUnchanged();
  });

  it('is no page of the same origin, nor a person', async () => {
    const own = { Origin: `http://127.0.0.1:${app.port}` };
    for (const headers of [own, { ...own, 'Sec-Fetch-Site': 'same-origin' }, { 'Sec-Fetch-Site': 'none' }])
      expect((await ask(app, 'POST /admin/actions/clean?dryRun=true', { headers })).status).toBe(200);
  });

  it('sends a body that is no JSON', async () => {
    const counts = await refusalsOf(async () => {
      for (const type of [
        'text/plain',
        'application/x-www-form-urlencoded',
        'application/jsonp',
        'multipart/form-data',
      ]) {
        const { status, json } = await ask(app, 'POST /admin/tasks', {
          headers: { 'Content-Type': type },
          body: '{"verb":"PurgeCache"}',
        });
        expect([type, status, (json as { statusCode: number }).statusCode]).toEqual([type, 415, 415]);
      }
    });
    expect(counts).toEqual({ 'media-type': 4 });
    await expectUnchanged();
  });

  it('sends a body that has to be inflated', async () => {
    const counts = await refusalsOf(async () => {
      for (const coding of ['gzip', 'br', 'identity, gzip']) {
        const headers = { 'Content-Encoding': coding };
        const { status } = await ask(app, 'POST /admin/tasks', { headers, body: { verb: 'PurgeCache' } });
        expect([coding, status >= 400]).toEqual([coding, true]);
      }
    });
    if (platform === 'fastify') expect(counts).toEqual({ 'media-type': 3 });
    await expectUnchanged();
  });

  it('sends a body that is too large', async () => {
    const counts = await refusalsOf(async () => {
      for (const size of [65_537, 2_000_000]) {
        const body = JSON.stringify({ verb: 'PurgeCache', identifier: 'x'.repeat(size) });
        expect((await ask(app, 'POST /admin/tasks', { body })).status).toBe(413);
      }
    });
    expect(counts).toEqual({ 'too-large': 2 });
    await expectUnchanged();
  });

  it('sends a body that breaks off, is no JSON, or is for somebody else', async () => {
    const counts = await refusalsOf(async () => {
      for (const body of ['{"verb":', 'PurgeCache', '']) {
        const headers = body === '' ? { 'Content-Type': 'application/json', 'Content-Length': '0' } : {};
        expect((await ask(app, 'POST /admin/tasks', { body, headers, isAnonymous: true })).status).toBeGreaterThan(399);
      }
      expect((await ask(app, 'POST /elsewhere/administration', { body: '{' })).status).toBeGreaterThan(399);
    });
    expect(counts['malformed']).toBe(platform === 'fastify' ? 3 : 2);
    await expectUnchanged();
  });

  it.each([
    ['nothing of it is JSON', '{"verb":'],
    ['it is no object', '[{"verb":"PurgeCache"}]'],
    ['it is a text', '"PurgeCache"'],
    ['it is deep', `{"verb":${'['.repeat(30_000)}${']'.repeat(30_000)}}`],
    ['it has a prototype', '{"verb":"PurgeCache","__proto__":{"dryRun":false}}'],
    ['it has a constructor', '{"verb":"PurgeCache","constructor":{"prototype":{}}}'],
    ['it has a field that there is not', '{"verb":"PurgeCache","dryrun":true}'],
    ['there is no such verb', '{"verb":"FormatDisk"}'],
    ['the verb is of the prototype', '{"verb":"toString"}'],
    ['the verb is no text', '{"verb":{"toString":1}}'],
    ['there is no verb', '{}'],
    ['an image is missing', '{"verb":"EvictItemFromCache"}'],
    ['an image is too much', '{"verb":"PurgeCache","identifier":"a"}'],
    ['an image has no name', '{"verb":"EvictItemFromCache","identifier":""}'],
    ['an image has a NUL', '{"verb":"EvictItemFromCache","identifier":"a\\u0000"}'],
    ['an image has a long name', `{"verb":"EvictItemFromCache","identifier":"${'x'.repeat(5000)}"}`],
    ['a flag is none', '{"verb":"PurgeCache","dryRun":"no"}'],
  ])('asks for what cannot be: %s', async (_, body) => {
    const { status, json } = await ask(app, 'POST /admin/tasks', { body });
    const { message } = json as { message: string };
    expect([status, message.includes('\n'), message.length < 300]).toEqual([400, false, true]);
    await expectUnchanged();
  });

  it.each([
    ['GET /admin/cache?limit=0', 'limit: "0" is not a whole number from 1 to 1000.'],
    ['GET /admin/cache?limit=1001', 'limit: "1001" is not a whole number from 1 to 1000.'],
    ['GET /admin/cache?limit=1e2', 'limit: "1e2" is not a whole number from 1 to 1000.'],
    ['GET /admin/cache?limit=5&limit=6', "limit: [ '5', '6' ] is not a whole number from 1 to 1000."],
    ['GET /admin/cache?kind=picture', 'kind: "picture" is none of info, variant, source.'],
    ['GET /admin/cache?order=color', 'order: "color" is none of id, lastAccess, hits, size, createdAt.'],
    ['GET /admin/cache?after=', 'after: is empty.'],
    ['GET /admin/cache?after=x', 'after: "x" is no cursor of a listing of this cache.'],
    ['GET /admin/cache?page=2', 'page: there is no such field in the query; there are kind, order, after, limit.'],
    [
      'GET /admin/cache?__proto__=2',
      '__proto__: there is no such field in the query; there are kind, order, after, limit.',
    ],
    [
      'GET /admin/cache?toString=2',
      'toString: there is no such field in the query; there are kind, order, after, limit.',
    ],
    ['DELETE /admin/cache', 'target: is missing; give one of variants, infos, sources, queue, all.'],
    ['DELETE /admin/cache?target=everything', 'target: "everything" is none of variants, infos, sources, queue, all.'],
    ['DELETE /admin/cache?target=all&dryRun=1', 'dryRun: "1" is neither true nor false.'],
    [
      'DELETE /admin/cache?target=all&dryrun=true',
      'dryrun: there is no such field in the query; there are target, dryRun.',
    ],
    ['DELETE /admin/cache/a?dryrun=true', 'dryrun: there is no such field in the query; there are dryRun.'],
    ['DELETE /admin/cache/a%00', 'identifier: contains a NUL.'],
    ['GET /admin/queue?state=lost', 'state: "lost" is none of queued, running, dead.'],
    ['POST /admin/actions/prune?dryRun=', 'dryRun: "" is neither true nor false.'],
    ['POST /admin/actions/changed', 'identifier: is missing; give it, or identifiers.'],
  ])('asks for what cannot be: %s', async (line, message) => {
    const { status, json } = await ask(app, line);
    const expected = message.replaceAll(/^(page|__proto__|toString|dryrun):/g, '"$1":');
    expect([status, json]).toEqual([400, { statusCode: 400, message: expected }]);
    await expectUnchanged();
  });

  it.each<[string, unknown, string]>([
    ['POST /admin/actions/sweep', { steps: ['format'] }, 'steps: there is no step "format"'],
    ['POST /admin/actions/sweep', { steps: 'expired' }, 'steps: has to be a list of 1 to 1000 texts.'],
    ['POST /admin/actions/sweep', { steps: [1] }, 'steps[0]: 1 is no text.'],
    ['POST /admin/actions/prune', { steps: ['expired'] }, '"steps": there is no such field in the body'],
    ['POST /admin/actions/changed', { identifiers: [] }, 'identifiers: has to be a list'],
    ['POST /admin/actions/changed', { identifier: 'a', identifiers: ['b'] }, 'identifiers: there is an identifier'],
    ['POST /admin/actions/configure', { hot: '1MB' }, 'hot: the cache was made without'],
    ['POST /admin/actions/configure', { secret: 'x' }, 'secret: there is no such option'],
    ['POST /admin/actions/configure', ['x'], 'configure: has to be an object'],
    ['PUT /admin/cache/x', { variants: 'max' }, 'variants: has to be a list'],
    ['PUT /admin/cache/x', { priority: 1.5 }, 'priority: 1.5 is not a whole number'],
    ['PUT /admin/cache/x', { identifier: 'y' }, '"identifier": there is no such field'],
    ['POST /admin/tasks', { verb: 'QueueImages' }, 'identifiers: give either identifiers, a list, or folder.'],
    ['POST /admin/tasks', { verb: 'QueueImages', identifiers: ['a'], folder: 'b' }, 'identifiers: give either'],
    ['POST /admin/tasks', { verb: 'QueueImages', identifiers: [] }, 'identifiers: has to be a list of 1 to 10000'],
    ['POST /admin/tasks', { verb: 'QueueImages', identifiers: ['a', ''] }, 'identifiers[1]: is empty.'],
    [
      'POST /admin/tasks',
      { verb: 'QueueImages', identifier: 'a' },
      'identifier: QueueImages takes identifiers, a list.',
    ],
    ['POST /admin/tasks', { verb: 'QueueImages', folder: 'a', dryRun: true }, 'dryRun: there is none for QueueImages.'],
    ['POST /admin/tasks', { verb: 'PurgeCache', folder: 'a' }, 'folder: is for QueueImages alone.'],
    ['POST /admin/tasks', { verb: 'PrefetchImages', dryRun: true }, 'dryRun: there is none for PrefetchImages.'],
  ])('asks for what cannot be: %s %j', async (line, body, message) => {
    const { status, json } = await ask(app, line, { body });
    expect([status, (json as { message: string }).message]).toEqual([400, expect.stringContaining(message)]);
    await expectUnchanged();
  });

  it.each([
    ['POST /admin/cache', 'GET, HEAD, DELETE'],
    ['PUT /admin/status', 'GET, HEAD'],
    ['DELETE /admin/tasks', 'POST, GET, HEAD'],
    ['PATCH /admin/cache/a', 'GET, HEAD, DELETE, PUT'],
    ['GET /admin/actions/prune', 'POST'],
    ['POST /admin/queue/a', 'DELETE'],
  ])('uses a method that is not there: %s', async (line, allow) => {
    const { status, headers, json } = await ask(app, line);
    expect([status, headers.allow, (json as { statusCode: number }).statusCode]).toEqual([405, allow, 405]);
    expect((await ask(app, line, { isAnonymous: true })).status).toBe(401);
    await expectUnchanged();
  });

  it('is let in by name and secret, or by the secret as a token', async () => {
    for (const sent of [basic(`ada:${SECRET}`), bearer('x'), { headers: CREDENTIALS }])
      expect((await ask(app, 'GET /admin/status', sent)).status).toBe(
        sent.headers?.['Authorization'] === 'Bearer x' ? 401 : 200,
      );
    const token = await start(adminApp({ admin: { auth: { username: 'ada', secret: 't0k3n' } } }));
    expect((await ask(token, 'GET /admin/status', bearer('t0k3n'))).status).toBe(200);
  });

  it('finds nothing where the API is disabled', async () => {
    const disabled = await start(adminApp({ admin: { enabled: false } }));
    for (const line of ROUTES) expect([line, (await ask(disabled, line)).status]).toEqual([line, 404]);
  });

  it('is kept out by guards of the application', async () => {
    const who = ({ headers }: { headers: Readonly<Record<string, unknown>> }): string => String(headers['x-who']);
    const guarded = await start(adminApp({ guards: [DoorGuard], admin: { who } }));
    const managed = record(guarded.cache, 'managed');
    for (const line of ROUTES) expect([line, (await ask(guarded, line)).status]).toEqual([line, 403]);
    const headers = { 'X-Door': 'open', 'X-Who': 'grace' };
    expect((await ask(guarded, 'DELETE /admin/cache?target=infos', { headers })).status).toBe(200);
    expect(managed).toMatchObject([{ who: 'grace', what: 'clear', target: 'infos' }]);
  });

  it.each<[object, string]>([
    [{}, 'imageCacheAdmin.auth: is missing'],
    [{ auth: { username: 'ada', secret: '' } }, 'imageCacheAdmin.auth.secret: has to be'],
    [{ auth: { username: 'a:b', secret: 'x' } }, 'imageCacheAdmin.auth.username: has to be'],
    [
      { auth: { username: 'ada', secret: 'x', password: 'y' } },
      'imageCacheAdmin.auth.password: there is no such option',
    ],
    [{ secret: 'x' }, 'imageCacheAdmin.secret: there is no such option'],
  ])('would be anybody, and the application does not start: %j', async (admin, message) => {
    const error: unknown = await start(adminApp({ admin })).catch((thrown: unknown) => thrown);
    expect(isImageCacheError(error, 'E_IMAGE_CACHE_OPTIONS') && error.message).toContain(message);
  });
});
