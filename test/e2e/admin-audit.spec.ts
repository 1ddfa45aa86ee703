import { describe, expect, it } from '@jest/globals';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { heapStore } from 'nestjs-image-cache';
import { ChaosStore } from 'nestjs-image-cache/testing';
import { adminApp, ask, cacheImages, SECRET, type AdminSetup } from '../support/admin-app.js';
import { eventually, record } from '../support/async.js';
import { cachingIn, startServer } from '../support/image-server.js';
import { makeImages } from '../support/samples.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const WHO = { who: 'ada', client: '127.0.0.1' };

const ITEM = { what: 'EvictItemFromCache', target: 'a' };

const CLEAR = 'DELETE /admin/cache?target=all';

describe.each(PLATFORMS)('the audit of the admin API on %s', (platform) => {
  const start = usingApps(platform);

  /** An application whose store can be made to fail. */
  const breakable = async (setup: AdminSetup = {}): Promise<{ app: TestApp; chaos: ChaosStore }> => {
    const stores: ChaosStore[] = [];
    const store = (context: Parameters<ReturnType<typeof heapStore>>[0]): ChaosStore => {
      const chaos = new ChaosStore(heapStore()(context), context.clock);
      stores.push(chaos);
      return chaos;
    };
    const app = await start(adminApp({ cache: { variant: { store }, info: {} }, ...setup }));
    const [chaos] = stores;
    if (chaos === undefined) throw new Error('There is no store.');
    return { app, chaos };
  };

  it('tells the values of options before and after', async () => {
    const app = await start(adminApp({ cache: { variant: { store: heapStore(), ttl: '30d' }, info: {} } }));
    const managed = record(app.cache, 'managed');
    const body = { ttl: { variant: '7d' }, worker: { interval: '1h' } };
    expect((await ask(app, 'POST /admin/actions/configure', { body })).json).toEqual({ changed: ['ttl', 'worker'] });
    const options = {
      'ttl.variant': { from: 2_592_000_000, to: 604_800_000 },
      worker: { from: false, to: expect.objectContaining({ interval: 3_600_000 }) },
    };
    expect(managed).toEqual([{ ...WHO, what: 'configure', counts: { changed: 2 }, options }]);
    const line = app.log.find(({ message }) => message.includes('did configure'))?.message;
    expect(line).toMatch(
      /^"ada" \(127\.0\.0\.1\) did configure: \{"changed":2\}, ttl\.variant 2592000000 → 604800000, worker false → \{/,
    );
    await ask(app, 'POST /admin/actions/configure', { body });
    expect(managed[1]).toEqual({ ...WHO, what: 'configure', counts: { changed: 0 }, options: {} });
  });

  it('names the images that have changed, of many the first ten', async () => {
    const app = await start(adminApp());
    await cacheImages(app.cache, ['a\nb', 'c']);
    const managed = record(app.cache, 'managed');
    await ask(app, 'POST /admin/actions/changed', { body: { identifiers: ['a\nb', 'c'] } });
    const counts = { infos: 2, variants: 2, sources: 0, bytes: expect.any(Number), requeued: 2, images: 2 };
    expect(managed).toEqual([{ ...WHO, what: 'changed', targets: ['a\nb', 'c'], counts }]);
    const line = String.raw`"ada" (127.0.0.1) did changed ["a\nb","c"]: {"infos":2,`;
    expect(app.log.filter(({ message }) => message.startsWith(line))).toHaveLength(1);
    const identifiers = Array.from({ length: 30 }, (_, each) => `image ${each}`);
    await ask(app, 'POST /admin/actions/changed', { body: { identifiers } });
    expect(managed[1]).toMatchObject({ targets: identifiers.slice(0, 10), counts: { images: 30 } });
    await ask(app, 'POST /admin/actions/changed', { body: { identifier: 'c' } });
    expect(managed[2]).toMatchObject({ target: 'c', counts: { images: 1 } });
  });

  it('tells what had been changed before something failed, and what failed', async () => {
    const { app, chaos } = await breakable();
    await cacheImages(app.cache, ['a', 'b']);
    const [managed, failed] = [record(app.cache, 'managed'), record(app.cache, 'management-failed')];
    const stop = app.cache.on('evicted', () => {
      chaos.fail('deleteGroup', new Error('The disk is gone.'));
      stop();
    });
    const { status, json } = await ask(app, 'POST /admin/actions/changed', { body: { identifiers: ['a', 'b'] } });
    expect([status, json]).toEqual([500, { statusCode: 500, message: 'Internal server error' }]);
    const deed = { ...WHO, what: 'changed', targets: ['a', 'b'] };
    expect(failed).toEqual([{ ...deed, error: expect.objectContaining({ message: 'The disk is gone.' }) }]);
    expect(managed).toMatchObject([
      { ...WHO, what: 'changed', target: 'a', counts: { variants: 1, images: 1 }, isPartial: true },
    ]);
    const message = '"ada" (127.0.0.1) could not do changed ["a","b"]: The disk is gone.';
    expect(app.log).toContainEqual({ level: 'error', message });
    expect(app.cache.stats()).toMatchObject({ managed: 1, managementFailures: 1 });
  });

  it.each([
    [CLEAR, undefined, 'clear', { what: 'clear', target: 'all' }],
    ['DELETE /admin/cache/a', undefined, 'deleteGroup', { what: 'evict', target: 'a' }],
    ['POST /admin/tasks', { verb: 'PurgeCache' }, 'clear', { what: 'PurgeCache' }],
    ['POST /admin/tasks', { verb: 'EvictItemFromCache', identifier: 'a' }, 'deleteGroup', ITEM],
  ] as const)('tells of %s %j that fails', async (line, body, operation, deed) => {
    const { app, chaos } = await breakable();
    await cacheImages(app.cache, ['a']);
    const [managed, failed] = [record(app.cache, 'managed'), record(app.cache, 'management-failed')];
    chaos.fail(operation, new Error('The disk is gone.'));
    await ask(app, line, { body });
    const error = expect.objectContaining({ message: 'The disk is gone.' }) as unknown;
    await eventually(() => {
      expect(failed).toEqual([{ ...WHO, ...deed, error }]);
    });
    expect(managed).toEqual([]);
  });

  it('takes what is wrong about a request for no failure', async () => {
    const { app } = await breakable();
    const failed = record(app.cache, 'management-failed');
    for (const [line, body] of [
      ['DELETE /admin/cache/nothing'],
      ['POST /admin/actions/sweep', { steps: ['format'] }],
      ['PUT /admin/cache/a', { variants: [''] }],
      ['POST /admin/tasks', { verb: 'QueueImages', identifiers: ['a'], variants: [''] }],
    ] as const)
      expect((await ask(app, line, { body })).status).toBeLessThan(405);
    expect(failed).toEqual([]);
  });

  it('does nothing that says in its query not to be done', async () => {
    const app = await start(adminApp());
    await cacheImages(app.cache, ['a']);
    for (const [line, body] of [
      ['POST /admin/tasks', { verb: 'PurgeCache' }],
      ['PUT /admin/cache/b', {}],
      ['POST /admin/actions/configure', { ttl: { variant: '1d' } }],
      ['POST /admin/actions/prefetch', {}],
      ['POST /admin/actions/pause', {}],
      ['POST /admin/actions/resume', {}],
    ] as const) {
      const { status, json } = await ask(app, `${line}?dryRun=true`, { body });
      const message = '"dryRun": there is no such field in the query; there are none.';
      expect([line, status, json]).toEqual([line, 400, { statusCode: 400, message }]);
    }
    expect(app.cache.stats().managed).toBe(0);
  });
});

describe('the client that is told of', () => {
  const start = usingApps('express');
  const headers = { 'X-Forwarded-For': '203.0.113.9' };

  it('is the one behind a proxy that the application trusts, and no other', async () => {
    const trusting = await start(
      adminApp({ configure: (app) => (app as NestExpressApplication).set('trust proxy', 'loopback') }),
    );
    const managed = record(trusting.cache, 'managed');
    await ask(trusting, CLEAR, { headers });
    expect(managed).toMatchObject([{ client: '203.0.113.9' }]);
    const direct = await start(adminApp());
    const told = record(direct.cache, 'managed');
    await ask(direct, CLEAR, { headers });
    expect(told).toMatchObject([{ client: '127.0.0.1' }]);
  });

  it('is quoted where it is no address', async () => {
    const app = await start(
      adminApp({ configure: (nest) => (nest as NestExpressApplication).set('trust proxy', true) }),
    );
    const forged = { 'X-Forwarded-For': `ada did evict everything ${'x'.repeat(500)}` };
    await ask(app, 'GET /admin/status', { headers: { ...forged, Authorization: 'Bearer wrong' } });
    const [line] = app.log.filter(({ message }) => message.includes('may not manage'));
    expect(line?.message).toMatch(/^"ada did evict everything x{50,80}" may not manage the cache: credentials$/);
  });

  it('is that of the proxy in the image server, with trust_proxy', async () => {
    const images = await makeImages();
    try {
      const environment = {
        ...cachingIn(images.cache, images.source),
        ENDPOINT_API_ENABLED: 'true',
        ENDPOINT_API_USERNAME: 'ada',
        ENDPOINT_API_SECRET: SECRET,
        TRUST_PROXY: 'true',
      };
      const server = await startServer({ environment });
      await ask(server, CLEAR, { headers });
      const { stdout } = await server.end();
      expect(stdout).toContain('"ada" (203.0.113.9) did clear "all"');
    } finally {
      await images.remove();
    }
  });
});
