import { describe, expect, it } from '@jest/globals';
import { filesystemStore, heapStore, ImageCacheError, ImagePrefetchModule, Prefetcher } from 'nestjs-image-cache';
import { ChaosStore } from 'nestjs-image-cache/testing';
import { adminApp, ask, cacheImages, type AdminSetup, type Sent } from '../support/admin-app.js';
import { makeDirectory } from '../support/directories.js';
import { DocumentedAnswers, documentOf } from '../support/documented.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const ID = '00000000-0000-4000-8000-000000000000';

/** A request for each operation, wherever it leads. */
const REQUESTS: Readonly<Record<string, readonly [line: string, body?: object]>> = {
  'get /admin/cache': ['GET /admin/cache'],
  'delete /admin/cache': ['DELETE /admin/cache?target=all'],
  'get /admin/cache/{identifier}': ['GET /admin/cache/a'],
  'delete /admin/cache/{identifier}': ['DELETE /admin/cache/a'],
  'put /admin/cache/{identifier}': ['PUT /admin/cache/new', { variants: ['jpg:max'] }],
  'get /admin/queue': ['GET /admin/queue'],
  'delete /admin/queue/{identifier}': ['DELETE /admin/queue/new'],
  'post /admin/actions/prune': ['POST /admin/actions/prune'],
  'post /admin/actions/clean': ['POST /admin/actions/clean'],
  'post /admin/actions/sweep': ['POST /admin/actions/sweep', { steps: ['expired', 'bounds'] }],
  'post /admin/actions/prefetch': ['POST /admin/actions/prefetch'],
  'post /admin/actions/pause': ['POST /admin/actions/pause'],
  'post /admin/actions/resume': ['POST /admin/actions/resume'],
  'post /admin/actions/retry': ['POST /admin/actions/retry'],
  'post /admin/actions/changed': ['POST /admin/actions/changed', { identifier: 'a' }],
  'post /admin/actions/configure': ['POST /admin/actions/configure', { ttl: { variant: '1d' } }],
  'post /admin/tasks': ['POST /admin/tasks', { verb: 'QueueImages', identifiers: ['a'] }],
  'get /admin/tasks': ['GET /admin/tasks'],
  'get /admin/tasks/{id}': [`GET /admin/tasks/${ID}`],
  'delete /admin/tasks/{id}': [`DELETE /admin/tasks/${ID}`],
  'get /admin/status': ['GET /admin/status'],
  'get /admin/worker/shifts': ['GET /admin/worker/shifts'],
  'get /admin/history': ['GET /admin/history'],
  'get /admin/events': ['GET /admin/events?none'],
};

const OPERATIONS = Object.keys(REQUESTS);

const CHANGES = OPERATIONS.filter((line) => !line.startsWith('get'));

/** What is answered where a disk breaks under the queue, and to who listens. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  'get /admin/queue': ['503'],
  'delete /admin/queue/{identifier}': ['503'],
  'post /admin/actions/pause': ['503'],
  'post /admin/actions/resume': ['503'],
  'post /admin/actions/retry': ['503'],
  'get /admin/events': ['200', '503'],
};

describe.each(PLATFORMS)('what the admin API answers on %s', (platform) => {
  const start = usingApps(platform);

  it('is what its description says, and all of that', async () => {
    const directory = await makeDirectory();
    try {
      const app = await start(
        adminApp({ cache: { variant: { store: filesystemStore({ directory: directory.path, maxSize: '1GB' }) } } }),
      );
      const answers = new DocumentedAnswers(documentOf(app));
      const faults: string[] = [];
      const look = async (of: TestApp, operation: string, sent: Sent = {}, line?: string): Promise<unknown> => {
        const [usual = '', body] = REQUESTS[operation] ?? [];
        const { status, json } = await ask(of, line ?? usual, { ...(body && { body }), ...sent });
        faults.push(...answers.faultsOf(operation, status, json));
        return json;
      };
      await allIsWell(app, look);
      await somethingIsWrong(app, look);
      await nothingIsThere(look);
      await storesAreDown(look);
      await queueIsFull(look);
      await nobodyIsListenedTo(app, look);
      expect(faults).toEqual([]);
      expect(answers.faultsOf('get /admin/tasks', 200, { tasks: [], more: 1 })).toEqual([
        'get /admin/tasks 200: data must NOT have additional properties',
      ]);
      for (const { line, documented, seen } of answers.statuses) {
        const never = documented.filter(
          (status) => !seen.includes(status) && ELSEWHERE[line]?.includes(status) !== true,
        );
        expect([line, never]).toEqual([line, []]);
      }
      expect(answers.statuses.map(({ line }) => line).sort()).toEqual([...OPERATIONS].sort());
    } finally {
      await directory.remove();
    }
  });

  type Look = (of: TestApp, operation: string, sent?: Sent, line?: string) => Promise<unknown>;

  const allIsWell = async (app: TestApp, look: Look): Promise<void> => {
    await cacheImages(app.cache, ['a', 'b']);
    for (const line of OPERATIONS.filter((each) => !/delete|events|\{id\}/.test(each))) await look(app, line);
    // Again, with something to tell of.
    for (const line of ['put /admin/cache/{identifier}', 'get /admin/queue', 'get /admin/cache']) await look(app, line);
    await look(app, 'get /admin/cache/{identifier}', {}, 'GET /admin/cache/b');
    await look(app, 'get /admin/cache', {}, 'GET /admin/cache?order=lastAccess&limit=1');
    await look(app, 'post /admin/actions/changed', { body: { identifiers: ['b', 'c'] } });
    await app.cache.sweep();
    await look(app, 'get /admin/status');
    await look(app, 'delete /admin/cache/{identifier}', {}, 'DELETE /admin/cache/new?dryRun=true');
    await look(app, 'delete /admin/cache/{identifier}', {}, 'DELETE /admin/cache/new');
    await look(app, 'put /admin/cache/{identifier}', {}, 'PUT /admin/cache/other');
    await look(app, 'delete /admin/queue/{identifier}', {}, 'DELETE /admin/queue/other');
    await look(app, 'delete /admin/cache', {}, 'DELETE /admin/cache?target=all&dryRun=true');
    await look(app, 'delete /admin/cache');
    for (const verb of ['PurgeCache', 'SweepCache', 'PrefetchImages', 'EvictInvalidFromCache'])
      await look(app, 'post /admin/tasks', { body: { verb } });
    const { id } = (await look(app, 'post /admin/tasks', { body: { verb: 'CleanCache' } })) as { id: string };
    await look(app, 'get /admin/tasks/{id}', {}, `GET /admin/tasks/${id}`);
    await look(app, 'get /admin/tasks');
  };

  const somethingIsWrong = async (app: TestApp, look: Look): Promise<void> => {
    const text = { headers: { 'Content-Type': 'text/plain' }, body: 'x' };
    const large = { body: { verb: 'x'.repeat(70_000) } };
    for (const operation of OPERATIONS) {
      const [line = ''] = REQUESTS[operation] ?? [];
      await look(app, operation, { isAnonymous: true });
      await look(app, operation, {}, `${line}${line.includes('?') ? '&' : '?'}unknown=1`);
    }
    for (const operation of CHANGES) {
      await look(app, operation, { headers: { Origin: 'https://other.example' } });
      await look(app, operation, text);
      await look(app, operation, large);
    }
  };

  const nothingIsThere = async (look: Look): Promise<void> => {
    const bare = await start(
      adminApp({ prefetcher: false, admin: { auth: { username: 'ada', secret: 'correct horse' }, dashboard: false } }),
    );
    for (const operation of OPERATIONS) {
      const line = operation === 'get /admin/events' ? 'GET /admin/events' : undefined;
      await look(bare, operation, {}, operation === 'delete /admin/cache' ? 'DELETE /admin/cache?target=queue' : line);
    }
  };

  const storesAreDown = async (look: Look): Promise<void> => {
    const stores: ChaosStore[] = [];
    const setup: AdminSetup = {
      cache: {
        variant: {
          store: (context) => {
            const store = new ChaosStore(heapStore()(context), context.clock);
            stores.push(store);
            return store;
          },
        },
        info: false,
      },
    };
    const app = await start(adminApp(setup));
    const ids: string[] = [];
    for (const store of stores) store.hang('clear');
    for (let each = 0; each <= 100; each += 1)
      ids.push(((await ask(app, 'POST /admin/tasks', { body: { verb: 'PurgeCache' } })).json as { id: string }).id);
    await look(app, 'post /admin/tasks', { body: { verb: 'PurgeCache' } });
    await look(app, 'delete /admin/tasks/{id}', {}, `DELETE /admin/tasks/${ids[1]}`);
    await look(app, 'delete /admin/tasks/{id}', {}, `DELETE /admin/tasks/${ids[1]}`);
    await look(app, 'delete /admin/tasks/{id}', {}, `DELETE /admin/tasks/${ids[0]}`);
    for (const store of stores) store.heal('clear');
    const down = new ImageCacheError('E_IMAGE_CACHE_STORE_UNAVAILABLE', 'The store is down.');
    for (const store of stores)
      for (const operation of ['entries', 'clear', 'deleteGroup', 'stat', 'usage', 'read'] as const)
        store.fail(operation, down);
    for (const operation of OPERATIONS.filter((line) => /cache|changed/.test(line))) await look(app, operation);
    app.nest.get<{ stop(): void } & Prefetcher>(Prefetcher).stop();
    await look(app, 'post /admin/actions/prefetch');
    app.cache.drain();
    for (const step of ['prune', 'clean', 'sweep']) await look(app, `post /admin/actions/${step}`);
  };

  const queueIsFull = async (look: Look): Promise<void> => {
    const imports = [ImagePrefetchModule.forRoot({ variants: ['jpg:max'], interval: '0', maxJobs: 1 })];
    const app = await start(adminApp({ prefetcher: false, imports }));
    await look(app, 'put /admin/cache/{identifier}');
    await look(app, 'put /admin/cache/{identifier}', {}, 'PUT /admin/cache/another');
  };

  const nobodyIsListenedTo = async (app: TestApp, look: Look): Promise<void> => {
    const wrong = { from: '127.0.0.9', headers: { Authorization: 'Bearer wrong' } };
    for (let each = 0; each < 10; each += 1) await look(app, 'get /admin/status', wrong);
    for (const operation of OPERATIONS) await look(app, operation, { from: '127.0.0.9' });
  };
});
