import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { filesystemStore, heapStore, ImagePrefetchModule, type VariantRenderer } from 'nestjs-image-cache';
import { ChaosStore } from 'nestjs-image-cache/testing';
import { adminApp, ask, cacheImages } from '../support/admin-app.js';
import { deferred, eventually, record } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { FakeSource } from '../support/fake-source.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

interface Shown {
  readonly id: string;
  readonly status: string;
  readonly progress?: { readonly examined: number };
  readonly result?: object;
}

/** Files that a purge takes a while to remove. */
const FILES = 30_000;

const NOBODY = '00000000-0000-4000-8000-000000000000';

describe.each(PLATFORMS)('a task that is cancelled on %s', (platform) => {
  const start = usingApps(platform);
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(() => directory.remove());

  const begin = async (app: TestApp, body: object): Promise<string> =>
    ((await ask(app, 'POST /admin/tasks', { body })).json as Shown).id;

  const look = async (app: TestApp, id: string): Promise<Shown> => (await ask(app, `GET /admin/tasks/${id}`)).json;

  const cancel = async (app: TestApp, id: string): Promise<[number, string]> => {
    const { status, json } = await ask(app, `DELETE /admin/tasks/${id}`);
    return [status, (json as Shown).status];
  };

  const ended = async (app: TestApp, id: string): Promise<Shown> => {
    await eventually(async () => {
      expect((await look(app, id)).status).not.toMatch(/queued|running/);
    });
    return look(app, id);
  };

  const filesIn = async (path: string): Promise<number> => {
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).length;
  };

  /** Many files where entries are. */
  const fill = (): void => {
    const original = join(directory.path, 'image/original');
    mkdirSync(join(directory.path, 'image'), { recursive: true });
    writeFileSync(original, 'x');
    for (let each = 0; each < FILES; each += 1) {
      const folder = join(directory.path, `image/aa/bb/${(each % 256).toString(16).padStart(2, '0')}`);
      if (each < 256) mkdirSync(folder, { recursive: true });
      linkSync(original, join(folder, `${each}.jpg`));
    }
  };

  it('gives no more space back in the middle of a purge, and the next sweep does', async () => {
    const app = await start(
      adminApp({ cache: { variant: { store: filesystemStore({ directory: directory.path, maxSize: '1GB' }) } } }),
    );
    await cacheImages(app.cache, ['a', 'b']);
    fill();
    const trash = join(directory.path, 'trash');
    const managed = record(app.cache, 'managed');
    const id = await begin(app, { verb: 'PurgeCache' });
    await eventually(async () => {
      const left = await filesIn(trash);
      expect([left > 10, left < FILES]).toEqual([true, true]);
    });
    expect(await cancel(app, id)).toEqual([202, 'running']);
    const { status, result } = await ended(app, id);
    const left = await filesIn(trash);
    expect([status, result]).toEqual(['cancelled', expect.objectContaining({ aborted: true })]);
    const { variants } = result as { variants: number };
    expect([variants > 0, left > 0, variants + left >= FILES]).toEqual([true, true, true]);
    expect(managed).toMatchObject([
      { who: 'ada', client: '127.0.0.1', what: 'cancel', target: `PurgeCache ${id}` },
      { who: 'ada', what: 'PurgeCache', isPartial: true, counts: { variants } },
    ]);
    expect((await ask(app, 'GET /admin/cache')).json).toMatchObject({ entries: [] });
    expect((await ask(app, 'GET /admin/status')).json).toMatchObject({ usage: { variant: { entries: 0 } } });
    expect(await filesIn(trash)).toBe(left);
    expect((await ask(app, 'POST /admin/actions/clean')).status).toBe(200);
    expect(await filesIn(trash)).toBe(0);
    await cacheImages(app.cache, ['a']);
    expect((await ended(app, await begin(app, { verb: 'PurgeCache' }))).status).toBe('succeeded');
  });

  it('is not begun when it waits, and the next one is', async () => {
    let chaos: ChaosStore | undefined;
    const app = await start(
      adminApp({
        cache: { variant: { store: (context) => (chaos = new ChaosStore(heapStore()(context), context.clock)) } },
      }),
    );
    chaos?.hang('clear');
    const running = await begin(app, { verb: 'PurgeCache' });
    const waiting = await begin(app, { verb: 'PurgeCache' });
    const last = await begin(app, { verb: 'PurgeCache' });
    expect(await cancel(app, waiting)).toEqual([200, 'cancelled']);
    chaos?.heal('clear');
    expect((await ended(app, last)).status).toBe('succeeded');
    expect(await look(app, waiting)).not.toHaveProperty('startedAt');
    // What has done all that it was to do was cancelled too late.
    expect((await look(app, running)).status).toBe('succeeded');
  });

  it('asks the source about no more images', async () => {
    const source = new FakeSource();
    const app = await start(adminApp({ cache: { resolveFirst: true, source, variant: { store: heapStore() } } }));
    const images = Array.from({ length: 40 }, (_, each) => `image ${each}`);
    for (const image of images) source.put(image, { etag: '1' });
    await cacheImages(app.cache, images);
    const gate = deferred();
    source.gate = gate.promise;
    const before = source.lookups;
    const id = await begin(app, { verb: 'EvictInvalidFromCache' });
    await eventually(() => {
      expect(source.lookups).toBeGreaterThan(before);
    });
    expect((await cancel(app, id))[0]).toBe(202);
    gate.resolve();
    expect(await ended(app, id)).toMatchObject({
      status: 'cancelled',
      result: { aborted: true, steps: [{ step: 'expired' }, { step: 'invalid', stopped: 'The task was cancelled.' }] },
    });
    expect(source.lookups - before).toBeLessThan(images.length);
  });

  it('queues no more images of a folder', async () => {
    let listed = 0;
    const folder = async function* (): AsyncGenerator<string> {
      for (;;) {
        yield `image ${(listed += 1)}`;
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const imports = [ImagePrefetchModule.forRoot({ variants: ['jpg:max'], interval: '0', folder })];
    const app = await start(adminApp({ prefetcher: false, imports }));
    const id = await begin(app, { verb: 'QueueImages', folder: 'all' });
    await eventually(async () => {
      expect((await look(app, id)).progress?.examined).toBeGreaterThan(3);
    });
    expect((await cancel(app, id))[0]).toBe(202);
    const { status, result } = await ended(app, id);
    expect([status, result]).toEqual(['cancelled', expect.objectContaining({ aborted: true })]);
    const { queued } = result as { queued: number };
    const seen = listed;
    expect((await ask(app, 'GET /admin/status')).json).toMatchObject({ prefetch: { queued } });
    expect(listed).toBe(seen);
  });

  it('prefetches no more variants', async () => {
    const gate = deferred();
    let renders = 0;
    const renderer: VariantRenderer = {
      render: async ({ identifier }) => {
        renders += 1;
        await gate.promise;
        return { body: Buffer.from(identifier), contentType: 'image/jpeg' };
      },
    };
    const app = await start(adminApp({ cache: { renderer, variant: { store: heapStore() }, info: {} } }));
    for (const name of ['a', 'b', 'c']) await ask(app, `PUT /admin/cache/${name}`);
    const id = await begin(app, { verb: 'PrefetchImages' });
    await eventually(() => {
      expect(renders).toBe(1);
    });
    expect((await cancel(app, id))[0]).toBe(202);
    gate.resolve();
    expect(await ended(app, id)).toMatchObject({ status: 'cancelled', result: { aborted: true } });
    expect(renders).toBe(1);
    const { json } = await ask(app, 'GET /admin/queue?state=queued');
    expect((json as { jobs: object[] }).jobs.length).toBeGreaterThanOrEqual(2);
  });

  it('is one that there is, and that has not ended', async () => {
    const app = await start(adminApp());
    const id = await begin(app, { verb: 'PurgeCache' });
    await ended(app, id);
    const managed = record(app.cache, 'managed');
    const again = await ask(app, `DELETE /admin/tasks/${id}`);
    expect([again.status, again.json]).toEqual([
      409,
      { statusCode: 409, message: 'id: the task has ended already: succeeded.' },
    ]);
    expect((await ask(app, `DELETE /admin/tasks/${NOBODY}`)).status).toBe(404);
    expect((await ask(app, `DELETE /admin/tasks/${id}?dryRun=true`)).status).toBe(400);
    expect((await ask(app, `DELETE /admin/tasks/${id}`, { isAnonymous: true })).status).toBe(401);
    expect(managed).toEqual([]);
  });
});
