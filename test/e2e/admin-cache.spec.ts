import { beforeEach, describe, expect, it } from '@jest/globals';
import { cacheManagerStore, CacheWorker, filesystemStore, heapStore, type StoreFactory } from 'nestjs-image-cache';
import { ChaosStore } from 'nestjs-image-cache/testing';
import { createCache } from 'cache-manager';
import { adminApp, ask, cacheImages, CREDENTIALS, SECRET } from '../support/admin-app.js';
import { record, until } from '../support/async.js';
import { makeDirectory } from '../support/directories.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const NOTHING = { infos: 0, variants: 0, sources: 0, bytes: 0 };

const PICTURE = { body: Buffer.from('picture'), contentType: 'image/jpeg' };

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe.each(PLATFORMS)('the admin API on %s', (platform) => {
  const start = usingApps(platform);

  describe('of a cache with a few images', () => {
    let app: TestApp;

    beforeEach(async () => {
      app = await start(adminApp());
      await cacheImages(app.cache, ['a', 'maps/b c', 'c'], ['max', 'square']);
    });

    it('lists entries page by page in both orders, and the head of the queue', async () => {
      await ask(app, 'PUT /admin/cache/queued');
      for (const order of ['id', 'lastAccess']) {
        const keys: string[] = [];
        let next: string | undefined = '';
        while (next !== undefined) {
          const after = next === '' ? '' : `&after=${next}`;
          const { status, json } = await ask(app, `GET /admin/cache?order=${order}&limit=4${after}`);
          expect(status).toBe(200);
          const page: { entries: { key: string }[]; next?: string; queue: unknown } = json;
          expect(page.queue).toMatchObject({ jobs: [{ identifier: 'queued' }], queued: 1, running: 0, dead: 0 });
          keys.push(...page.entries.map(({ key }) => key));
          next = page.next;
        }
        expect(new Set(keys).size).toBe(9);
        expect(keys).toHaveLength(9);
      }
      const { json } = await ask(app, 'GET /admin/cache?kind=variant&limit=1000');
      const { entries, next }: { entries: object[]; next?: string } = json;
      expect([entries.length, next]).toEqual([6, undefined]);
      expect(entries).toContainEqual({
        identifier: 'maps/b c',
        kind: 'variant',
        operations: 'square',
        key: expect.stringMatching(/^variant\/[0-9a-f]{64}\/[0-9a-f]{64}\.jpg$/),
        contentType: 'image/jpeg',
        size: 15,
        createdAt: expect.stringMatching(TIME),
        lastAccess: expect.stringMatching(TIME),
        hits: 0,
      });
    });

    it('tells the last shifts of the worker', async () => {
      expect((await ask(app, 'GET /admin/worker/shifts')).json).toEqual({ shifts: [] });
      await app.nest.get(CacheWorker).runShift();
      const { status, json } = await ask(app, 'GET /admin/worker/shifts');
      const { shifts }: { shifts: { report: { steps: object[] } }[] } = json;
      expect([status, shifts]).toMatchObject([
        200,
        [{ startedAt: expect.stringMatching(TIME), endedAt: expect.stringMatching(TIME), report: { dryRun: false } }],
      ]);
      expect(shifts[0]?.report.steps.length).toBeGreaterThan(5);
      expect((await ask(app, 'GET /admin/worker/shifts?limit=1')).status).toBe(400);
    });

    it('tells what there is of an image', async () => {
      const { status, json } = await ask(app, 'GET /admin/cache/maps%2Fb%20c');
      expect([status, json]).toMatchObject([
        200,
        {
          identifier: 'maps/b c',
          state: 'cached',
          hits: 0,
          info: { identifier: 'maps/b c' },
          warmth: { isWarm: true },
        },
      ]);
      expect((json as { entries: object[] }).entries).toHaveLength(3);
      await ask(app, 'PUT /admin/cache/later');
      expect((await ask(app, 'GET /admin/cache/later')).json).toMatchObject({
        state: 'queued',
        entries: [],
        bytes: 0,
        job: { identifier: 'later', queuedAt: expect.stringMatching(TIME) },
      });
      expect((await ask(app, 'GET /admin/cache/nobody')).status).toBe(404);
    });

    it('evicts an image, after saying what would go', async () => {
      const managed = record(app.cache, 'managed');
      const dry = await ask(app, 'DELETE /admin/cache/maps%2Fb%20c?dryRun=true');
      expect([dry.status, dry.json]).toMatchObject([200, { infos: 1, variants: 2, sources: 0 }]);
      expect(await app.cache.entriesOf('maps/b c')).toHaveLength(3);
      expect(managed).toEqual([]);
      expect((await ask(app, 'DELETE /admin/cache/maps%2Fb%20c')).status).toBe(204);
      expect(await app.cache.entriesOf('maps/b c')).toEqual([]);
      expect((await ask(app, 'DELETE /admin/cache/maps%2Fb%20c')).status).toBe(404);
      expect(managed[0]).toMatchObject({ who: 'ada', what: 'evict', target: 'maps/b c', counts: { variants: 2 } });
      expect(app.log.some(({ message }) => message.startsWith('"ada" (127.0.0.1) did evict "maps/b c"'))).toBe(true);
      expect(app.cache.stats().managed).toBe(2);
    });

    it.each([
      ['variants', { infos: 0, variants: 6, sources: 0, queued: 0 }, [3, 0]],
      ['infos', { infos: 3, variants: 0, sources: 0, queued: 0 }, [0, 6]],
      ['sources', { infos: 0, variants: 0, sources: 0, queued: 0 }, [3, 6]],
      ['queue', { infos: 0, variants: 0, sources: 0, queued: 1 }, [3, 6]],
      ['all', { infos: 3, variants: 6, sources: 0, queued: 1 }, [0, 0]],
    ])('clears %s, after saying what would go', async (target, counts, left) => {
      await ask(app, 'PUT /admin/cache/queued');
      const before = await app.cache.usage();
      const dry = await ask(app, `DELETE /admin/cache?target=${target}&dryRun=true`);
      expect([dry.status, dry.json]).toMatchObject([200, counts]);
      expect(await app.cache.usage()).toEqual(before);
      const done = await ask(app, `DELETE /admin/cache?target=${target}`);
      expect([done.status, done.json]).toMatchObject([200, counts]);
      const { info, variant } = await app.cache.usage();
      expect([info.entries, variant.entries]).toEqual(left);
    });

    it('lists the first entries of all, by size, age or hits', async () => {
      const list = async (query: string): Promise<readonly { size: number; identifier: string }[]> =>
        ((await ask(app, `GET /admin/cache?kind=variant&${query}`)).json as { entries: [] }).entries;
      const bySize = await list('order=size&limit=3');
      expect(bySize.map(({ size }) => size)).toEqual([15, 12, 8]);
      expect((await list('order=createdAt&limit=1')).map(({ identifier }) => identifier)).toEqual(['c']);
      expect(await list('order=hits')).toHaveLength(6);
      const { status, json } = await ask(app, 'GET /admin/cache?order=size&after=x');
      expect([status, json]).toMatchObject([
        400,
        { message: 'after: by size, there is one page only; ask for a greater limit.' },
      ]);
    });

    it('queues images, lists them and takes them out again', async () => {
      const put = await ask(app, 'PUT /admin/cache/maps%2Fx', { body: { variants: ['jpg:max'], priority: 3 } });
      expect([put.status, put.json]).toMatchObject([
        202,
        { status: 'queued', job: { identifier: 'maps/x', priority: 3 } },
      ]);
      expect((await ask(app, 'PUT /admin/cache/maps%2Fx')).json).toMatchObject({ status: 'already-queued' });
      await ask(app, 'PUT /admin/cache/y');
      const page = (await ask(app, 'GET /admin/queue?limit=1&state=queued')).json as { jobs: object[]; next: string };
      expect(page).toMatchObject({ jobs: [{ identifier: 'maps/x', variants: ['jpg:max'] }], next: expect.any(String) });
      const rest = await ask(app, `GET /admin/queue?after=${page.next}`);
      expect(rest.json).toMatchObject({ jobs: [{ identifier: 'y' }] });
      expect((await ask(app, 'DELETE /admin/queue/maps%2Fx')).status).toBe(204);
      expect((await ask(app, 'DELETE /admin/queue/maps%2Fx')).status).toBe(404);
      expect((await ask(app, 'POST /admin/actions/prefetch')).json).toMatchObject({ completed: 1, aborted: false });
      expect((await ask(app, 'POST /admin/actions/pause')).json).toMatchObject({ isPaused: true });
      expect((await ask(app, 'POST /admin/actions/resume')).json).toMatchObject({ isPaused: false });
      expect(app.cache.stats().managed).toBe(7);
    });

    it('sweeps, cleans and prunes, or says what would be done', async () => {
      for (const action of ['sweep', 'clean', 'prune']) {
        const dry = await ask(app, `POST /admin/actions/${action}?dryRun=true`);
        expect([dry.status, dry.json]).toMatchObject([200, { dryRun: true, aborted: false }]);
        const done = await ask(app, `POST /admin/actions/${action}`, { body: {} });
        expect([done.status, done.json]).toMatchObject([200, { dryRun: false, aborted: false }]);
      }
      const some = await ask(app, 'POST /admin/actions/sweep', { body: { steps: ['expired'] } });
      expect((some.json as { steps: { step: string }[] }).steps.map(({ step }) => step)).toEqual(['expired']);
    });

    it('evicts images whose sources have changed, one or several', async () => {
      const one = await ask(app, 'POST /admin/actions/changed', { body: { identifier: 'a' } });
      expect([one.status, one.json]).toMatchObject([200, { evicted: { infos: 1, variants: 2 }, requeued: 2 }]);
      const both = await ask(app, 'POST /admin/actions/changed', { body: { identifiers: ['maps/b c', 'c', 'no'] } });
      expect(both.json).toMatchObject({ evicted: { infos: 2, variants: 4 }, requeued: 4 });
    });

    it('changes options while the cache is in use', async () => {
      const done = await ask(app, 'POST /admin/actions/configure', {
        body: { targetSize: '9MB', ttl: { variant: '9d' } },
      });
      expect([done.status, done.json]).toEqual([200, { changed: ['targetSize', 'ttl'] }]);
      const same = await ask(app, 'POST /admin/actions/configure', { body: { targetSize: '9MB' } });
      expect((same.json as { changed: string[] }).changed).not.toContain('ttl');
    });

    it('tells how the cache is', async () => {
      await app.get('/nothing');
      const { status, json } = await ask(app, 'GET /admin/status');
      expect([status, json]).toMatchObject([
        200,
        {
          name: 'nestjs-image-cache',
          version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
          startedAt: expect.stringMatching(TIME),
          now: expect.stringMatching(TIME),
          process: { pid: process.pid },
          stats: { stored: 9 },
          usage: { info: { entries: 3 }, variant: { entries: 6 }, source: { entries: 0, bytes: 0 } },
          bounds: { maxSize: 128 * 1024 * 1024 },
          worker: { enabled: false },
          prefetch: { isPaused: false, queued: 0, completed: 0 },
          stores: [
            {
              name: 'HeapCache',
              kinds: ['info', 'source', 'variant'],
              features: { enumerable: true },
              breaker: { reads: false, writes: false, leases: false },
            },
          ],
        },
      ]);
    });
  });

  it('looks at all entries for one at a time, and no longer than that one waits', async () => {
    const stores: ChaosStore[] = [];
    const store: StoreFactory = (context) => {
      const made = new ChaosStore(heapStore()(context), context.clock);
      stores.push(made);
      return made;
    };
    const app = await start(adminApp({ cache: { variant: { store }, info: false } }));
    const listing = async (): Promise<number> => (await ask(app, 'GET /admin/cache?order=size')).status;
    expect(await listing()).toBe(200);
    for (const each of stores) each.hang('entries');
    const first = app.open('/admin/cache?order=size', { headers: CREDENTIALS });
    await until(async () => (await listing()) === 503);
    expect((await ask(app, 'GET /admin/status')).status).toBe(200);
    first.leave();
    for (const each of stores) each.heal('entries');
    await until(async () => (await listing()) === 200);
  });

  it('has no queue where nothing is prefetched', async () => {
    const app = await start(adminApp({ prefetcher: false }));
    await cacheImages(app.cache, ['a']);
    for (const line of [
      'GET /admin/queue',
      'DELETE /admin/queue/a',
      'PUT /admin/cache/a',
      'DELETE /admin/cache?target=queue',
      'POST /admin/actions/prefetch',
      'POST /admin/actions/pause',
      'POST /admin/actions/resume',
      'POST /admin/actions/retry',
    ]) {
      const { status, json } = await ask(app, line);
      expect([line, status, json]).toEqual([line, 404, { statusCode: 404, message: 'prefetching is not enabled' }]);
    }
    expect((await ask(app, 'GET /admin/cache')).json).not.toHaveProperty('queue');
    expect((await ask(app, 'GET /admin/status')).json).not.toHaveProperty('prefetch');
    expect((await ask(app, 'DELETE /admin/cache?target=all')).json).toMatchObject({ variants: 1, queued: 0 });
  });

  it('does again what has failed, one image or all, and says how many', async () => {
    const failing = { isOn: true };
    const render = () => (failing.isOn ? Promise.reject(new Error('the source is down')) : Promise.resolve(PICTURE));
    const app = await start(adminApp({ cache: { renderer: { render } } }));
    for (const name of ['a', 'maps%2Fb']) await ask(app, `PUT /admin/cache/${name}`);
    expect((await ask(app, 'POST /admin/actions/prefetch')).json).toMatchObject({ completed: 0, retried: 2 });
    const failed = { attempts: 1, error: expect.stringContaining('the source is down'), notBefore: expect.any(String) };
    expect((await ask(app, 'GET /admin/queue')).json).toMatchObject({ jobs: [failed, failed] });
    const one = await ask(app, 'POST /admin/actions/retry', { body: { identifier: 'maps/b' } });
    expect([one.status, one.json]).toEqual([200, { retried: 1 }]);
    const none = await ask(app, 'POST /admin/actions/retry', { body: { identifier: 'maps/b' } });
    expect([none.status, none.json]).toMatchObject([404, { message: 'identifier: no job of this image has failed.' }]);
    failing.isOn = false;
    expect((await ask(app, 'POST /admin/actions/prefetch')).json).toMatchObject({ completed: 1 });
    expect((await ask(app, 'POST /admin/actions/retry')).json).toEqual({ retried: 1 });
    expect((await ask(app, 'POST /admin/actions/prefetch')).json).toMatchObject({ completed: 1 });
    expect((await ask(app, 'POST /admin/actions/retry')).json).toEqual({ retried: 0 });
  });

  it('says what a change would do, and does nothing then', async () => {
    const app = await start(adminApp());
    await cacheImages(app.cache, ['a'], ['max', 'square']);
    const body = { identifier: 'a' };
    const dry = await ask(app, 'POST /admin/actions/changed?dryRun=true', { body });
    expect(dry.json).toMatchObject({ evicted: { infos: 1, variants: 2 }, requeued: 2 });
    expect(await app.cache.entriesOf('a')).toHaveLength(3);
    expect((await ask(app, 'POST /admin/actions/changed?dry=true', { body })).status).toBe(400);
    expect((await ask(app, 'POST /admin/actions/changed', { body })).json).toMatchObject({
      evicted: { infos: 1, variants: 2 },
      requeued: 2,
    });
    expect(await app.cache.entriesOf('a')).toEqual([]);
  });

  it('refuses a place in the queue that there cannot be', async () => {
    const app = await start(adminApp());
    const { status, json } = await ask(app, 'GET /admin/queue?after=garbage');
    expect([status, json]).toMatchObject([400, { message: 'after: is not the `next` of a page before.' }]);
  });

  it('says what a store cannot do', async () => {
    const directory = await makeDirectory();
    try {
      const files = filesystemStore({ directory: directory.path, index: false });
      const app = await start(adminApp({ cache: { variant: { store: files } } }));
      const { status, json } = await ask(app, 'GET /admin/cache?order=lastAccess');
      expect([status, json]).toMatchObject([400, { message: 'Without an index, entries are listed by id only.' }]);
      await app.close();
    } finally {
      await directory.remove();
    }
    const store = cacheManagerStore({ cache: createCache() });
    const unlisted = await start(adminApp({ cache: { variant: { store }, info: { store } } }));
    const { status, json } = await ask(unlisted, 'GET /admin/cache');
    expect([status, json]).toMatchObject([400, { message: 'CacheManager cannot list its entries.' }]);
    expect((await ask(unlisted, 'DELETE /admin/cache/a')).status).toBe(204);
    expect((await ask(unlisted, 'GET /admin/status')).json).toMatchObject({ usage: { variant: { entries: 0 } } });
  });

  it('tells of the hot level, of the worker, and of each store', async () => {
    const directory = await makeDirectory();
    try {
      const files = filesystemStore({ directory: directory.path, maxSize: '1GB', maxEntries: 1000 });
      const app = await start(
        adminApp({ cache: { info: { store: heapStore() }, variant: { store: files, hot: '4MB' } } }),
      );
      await cacheImages(app.cache, ['a']);
      expect((await ask(app, 'GET /admin/status')).json).toMatchObject({
        bounds: { maxSize: 2 ** 30, maxEntries: 1000 },
        hotBytes: expect.any(Number),
        stats: { hot: { maxSize: 4 * 2 ** 20 } },
        stores: [
          { name: 'HeapCache + FilesystemCache', kinds: ['source', 'variant'], features: { persistent: true } },
          { name: 'HeapCache', kinds: ['info'] },
        ],
      });
      await app.close();
    } finally {
      await directory.remove();
    }
  });

  it('is where one puts it, for the cache that one names, behind a prefix', async () => {
    const { ImageCacheModule } = await import('nestjs-image-cache');
    const { ImageCacheAdminModule } = await import('nestjs-image-cache/admin');
    const auth = { username: 'ada', secret: SECRET };
    const named = ImageCacheModule.forRoot({ name: 'tiles' });
    const second = ImageCacheAdminModule.registerAsync({
      path: '/ops/tiles/',
      cache: 'tiles',
      useFactory: () => Promise.resolve({ auth }),
    });
    const app = await start({
      ...adminApp({ path: 'ops/images', galiaPaths: true, imports: [named, second] }),
      configure: (nest) => nest.setGlobalPrefix('v1'),
    });
    await cacheImages(app.cache, ['a']);
    const usage = async (path: string): Promise<unknown> =>
      ((await ask(app, `GET ${path}`)).json as { usage: { variant: { entries: number } } }).usage.variant.entries;
    expect(await usage('/v1/ops/images/status')).toBe(1);
    expect(await usage('/v1/ops/tiles/status')).toBe(0);
    expect(await usage('/v1/status')).toBe(1);
    expect((await ask(app, 'GET /v1/admin/status')).status).toBe(404);
    for (const path of ['/v1/tasks', '/v1/ops/images/tasks']) {
      const { status, headers } = await ask(app, `POST ${path}`, { body: { verb: 'CleanCache' } });
      expect([status, headers.location]).toEqual([202, expect.stringMatching(new RegExp(`^${path}/[0-9a-f-]{36}$`))]);
      expect((await ask(app, `GET ${headers.location}`)).status).toBe(200);
    }
    expect(await ask(app, 'DELETE /v1/ops/tiles/cache?target=all')).toMatchObject({ json: { ...NOTHING, queued: 0 } });
  });
});
