import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { filesystemStore, heapStore, type CacheStore, type StoreContext } from 'nestjs-image-cache';
import { ChaosStore } from 'nestjs-image-cache/testing';
import { adminApp, ask, cacheImages } from '../support/admin-app.js';
import { eventually, record } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

interface Shown {
  readonly id: string;
  readonly verb: string;
  readonly status: string;
  readonly result?: object;
  readonly error?: string;
  readonly progress?: object;
}

describe.each(PLATFORMS)('tasks on %s', (platform) => {
  const start = usingApps(platform);
  let directory: TestDirectory;
  let chaos: ChaosStore | undefined;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(() => directory.remove());

  const begin = async (app: TestApp, body: object): Promise<string> => {
    const { status, headers, json } = await ask(app, 'POST /admin/tasks', { body });
    const { id } = json as Shown;
    // What a task is about may be long, and is not told again.
    const told = Object.entries(body).filter(([field]) => !['identifiers', 'priority'].includes(field));
    const shown = expect.objectContaining(Object.fromEntries(told)) as unknown;
    expect([status, headers.location, json]).toEqual([202, `/admin/tasks/${id}`, shown]);
    return id;
  };

  const look = async (app: TestApp, id: string): Promise<Shown> => (await ask(app, `GET /admin/tasks/${id}`)).json;

  const ended = async (app: TestApp, id: string): Promise<Shown> => {
    await eventually(async () => {
      expect((await look(app, id)).status).not.toMatch(/queued|running/);
    });
    return look(app, id);
  };

  /** A heap store that can be made to hang. */
  const breakable = (context: StoreContext): CacheStore => {
    chaos = new ChaosStore(heapStore()(context), context.clock);
    return chaos;
  };

  it.each([
    ['PurgeCache', { infos: 2, variants: 2, sources: 0 }, [0, 0]],
    ['EvictInfosFromCache', { infos: 2, variants: 0, sources: 0 }, [0, 2]],
    ['EvictItemFromCache', { infos: 1, variants: 1, sources: 0 }, [1, 1]],
    ['EvictInvalidFromCache', { aborted: false, steps: [{ step: 'expired' }] }, [2, 2]],
    ['SweepCache', { aborted: false, steps: expect.any(Array) }, [2, 2]],
    ['CleanCache', { aborted: false, steps: expect.any(Array) }, [2, 2]],
    ['PruneCache', { aborted: false, steps: [{ step: 'bounds' }] }, [2, 2]],
    ['PrefetchImages', { completed: 1, rendered: 1, aborted: false }, [2, 3]],
  ])('do %s, after saying what it would do', async (verb, result, left) => {
    const app = await start(
      adminApp({ cache: { variant: { store: filesystemStore({ directory: directory.path }) } } }),
    );
    await cacheImages(app.cache, ['a', 'b']);
    await ask(app, 'PUT /admin/cache/queued');
    const image = verb === 'EvictItemFromCache' ? { identifier: 'a' } : {};
    if (verb !== 'PrefetchImages') {
      const dry = await ended(app, await begin(app, { verb, dryRun: true, ...image }));
      expect(dry).toMatchObject({ status: 'succeeded', result });
      expect((await app.cache.usage()).variant.entries).toBe(2);
    }
    const managed = record(app.cache, 'managed');
    expect(await ended(app, await begin(app, { verb, ...image }))).toMatchObject({
      verb,
      status: 'succeeded',
      result,
      queuedAt: expect.any(String),
      startedAt: expect.any(String),
      stoppedAt: expect.any(String),
    });
    const { info, variant } = await app.cache.usage();
    expect([info.entries, variant.entries]).toEqual(left);
    expect(managed).toMatchObject([{ who: 'ada', what: verb, counts: expect.any(Object) }]);
  });

  it('queue images that are named, and say how far they are', async () => {
    const app = await start(adminApp());
    await cacheImages(app.cache, ['warm']);
    await ask(app, 'PUT /admin/cache/known');
    const managed = record(app.cache, 'managed');
    const identifiers = ['warm', 'known', 'a', 'maps/b c'];
    const task = await ended(app, await begin(app, { verb: 'QueueImages', identifiers, priority: 2 }));
    expect(task).toMatchObject({
      status: 'succeeded',
      result: { queued: 2, alreadyQueued: 1, writing: 0, cached: 1 },
      progress: { step: 'queue', examined: 4 },
    });
    expect(task).not.toHaveProperty('identifiers');
    expect(managed).toMatchObject([{ who: 'ada', what: 'QueueImages', counts: { queued: 2 } }]);
    const { jobs } = (await ask(app, 'GET /admin/queue')).json as { jobs: { identifier: string; priority: number }[] };
    expect(jobs.map(({ identifier, priority }) => [identifier, priority])).toEqual([
      ['known', 2],
      ['a', 2],
      ['maps/b c', 2],
    ]);
  });

  it('prefetch what is queued, and say how far they are of how much', async () => {
    const app = await start(adminApp());
    const before = app.cache.stats().tiers.variant;
    for (const name of ['a', 'b', 'c']) await ask(app, `PUT /admin/cache/${name}`);
    expect(await ended(app, await begin(app, { verb: 'PrefetchImages' }))).toMatchObject({
      status: 'succeeded',
      result: { completed: 3, failed: 0 },
      progress: { step: 'prefetch', examined: 3, total: 3 },
    });
    // Nobody has asked for them.
    expect(app.cache.stats().tiers.variant).toEqual(before);
  });

  it('refuse variants that there cannot be before anything is done', async () => {
    const app = await start(adminApp());
    const body = { verb: 'QueueImages', identifiers: ['a'], variants: [''] };
    expect((await ask(app, 'POST /admin/tasks', { body })).status).toBe(400);
    expect((await ask(app, 'GET /admin/tasks')).json).toEqual({ tasks: [] });
  });

  it('fail to queue a folder where the source cannot list it, and say so', async () => {
    const app = await start(adminApp());
    expect(await ended(app, await begin(app, { verb: 'QueueImages', folder: 'maps' }))).toMatchObject({
      status: 'failed',
      folder: 'maps',
      error: 'folder: the source of this prefetcher cannot list its images.',
    });
  });

  it('purge a cache that is in use, and tell how far they are', async () => {
    const app = await start(
      adminApp({ cache: { variant: { store: filesystemStore({ directory: directory.path }) } } }),
    );
    const images = Array.from({ length: 40 }, (_, each) => `image ${each}`);
    await cacheImages(app.cache, images);
    let isOver = false;
    const load = async (): Promise<number> => {
      let answered = 0;
      for (let each = 0; !isOver; each = (each + 1) % images.length) {
        const identity = { identifier: images[each] ?? '', operations: 'max', extension: 'jpg' };
        const { body } = await app.cache.variants.getOrRender(identity, () =>
          Promise.resolve({ body: Buffer.from('new'), contentType: 'image/jpeg' }),
        );
        expect(Buffer.isBuffer(body)).toBe(true);
        answered += 1;
        // Small files are read at once: the others have their turn between two requests.
        await new Promise((resolve) => setImmediate(resolve));
      }
      return answered;
    };
    const loads = [load(), load()];
    const { status, result, progress } = await begin(app, { verb: 'PurgeCache' })
      .then((id) => ended(app, id))
      .finally(() => (isOver = true));
    const answered = await Promise.all(loads);
    expect(status).toBe('succeeded');
    expect((result as { variants: number }).variants).toBeGreaterThanOrEqual(40);
    expect(progress).toMatchObject({ step: 'evict', removed: expect.any(Number) });
    expect(answered.every((count) => count > 0)).toBe(true);
  });

  it('of one verb come one after the other, those of several at a time', async () => {
    const app = await start(adminApp({ cache: { variant: { store: breakable } } }));
    chaos?.hang('clear');
    const purge = await begin(app, { verb: 'PurgeCache' });
    const again = await begin(app, { verb: 'PurgeCache' });
    expect((await ended(app, await begin(app, { verb: 'SweepCache' }))).status).toBe('succeeded');
    expect([(await look(app, purge)).status, (await look(app, again)).status]).toEqual(['running', 'queued']);
    chaos?.heal('clear');
    expect([(await ended(app, purge)).status, (await ended(app, again)).status]).toEqual(['succeeded', 'succeeded']);
    const { tasks } = (await ask(app, 'GET /admin/tasks')).json as { tasks: Shown[] };
    expect(tasks.map(({ verb }) => verb)).toEqual(['SweepCache', 'PurgeCache', 'PurgeCache']);
  });

  it('fail with a reason, and do not keep the next one from being done', async () => {
    const app = await start(adminApp({ cache: { variant: { store: breakable } } }));
    chaos?.fail('clear', new Error('The disk is gone.'), { times: 1 });
    const failed = await ended(app, await begin(app, { verb: 'PurgeCache' }));
    expect(failed).toMatchObject({ status: 'failed', error: 'The disk is gone.' });
    const message = '"ada" (127.0.0.1) could not do PurgeCache: The disk is gone.';
    expect(app.log).toContainEqual({ level: 'error', message });
    expect((await ended(app, await begin(app, { verb: 'PurgeCache' }))).status).toBe('succeeded');
  });

  it('are remembered up to a hundred', async () => {
    const app = await start(adminApp());
    const ids: string[] = [];
    for (let each = 0; each < 103; each += 1)
      ids.push(await begin(app, { verb: 'EvictItemFromCache', identifier: 'a' }));
    await ended(app, ids.at(-1) ?? '');
    const { tasks } = (await ask(app, 'GET /admin/tasks')).json as { tasks: Shown[] };
    expect(tasks.map(({ id }) => id)).toEqual(ids.slice(3).reverse());
    const { status, json } = await ask(app, `GET /admin/tasks/${ids[0]}`);
    expect([status, json]).toMatchObject([404, { message: 'id: there is no such task, or not any more.' }]);
  });

  it('are refused when too many wait', async () => {
    const app = await start(adminApp({ cache: { variant: { store: breakable } } }));
    chaos?.hang('clear');
    await begin(app, { verb: 'PurgeCache' });
    for (let each = 0; each < 100; each += 1) await begin(app, { verb: 'PurgeCache' });
    const { status, headers, json } = await ask(app, 'POST /admin/tasks', { body: { verb: 'PurgeCache' } });
    expect([status, headers['retry-after'], json]).toEqual([
      503,
      '1',
      { statusCode: 503, message: '100 tasks wait already.' },
    ]);
    chaos?.heal('clear');
  });

  it('end with the application: what runs is aborted, what waits is not begun', async () => {
    const { TaskRegistry } = await import('../../libs/image-cache/src/admin/tasks/task-registry.js');
    const app = await start(adminApp());
    const registry = app.nest.get(TaskRegistry);
    const request = { verb: 'SweepCache', dryRun: false } as const;
    const running = registry.add(
      request,
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reject(new DOMException('aborted', 'AbortError'));
          });
        }),
    );
    const waiting = registry.add(request, () => Promise.reject(new Error('It was begun.')));
    await eventually(() => {
      expect(registry.find(running.id)?.status).toBe('running');
    });
    await app.close();
    await eventually(() => {
      expect(registry.find(waiting.id)?.status).toBe('aborted');
    });
    expect(registry.find(running.id)?.status).toBe('aborted');
    expect(() => registry.add(request, () => Promise.reject(new Error('x')))).toThrow('about to end');
  });
});
