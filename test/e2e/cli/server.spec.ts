import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { filesystemStore, heapStore, type RenderedImage, type StoreFactory } from 'nestjs-image-cache';
import { ChaosStore } from 'nestjs-image-cache/testing';
import { adminApp, ask, cacheImages, SECRET, type AdminSetup } from '../../support/admin-app.js';
import { deferred, until } from '../../support/async.js';
import { onTerminal, runCache } from '../../support/command-line.js';
import { makeDirectory, type TestDirectory } from '../../support/directories.js';
import { usingApps, type TestApp } from '../../support/test-app.js';

const IMAGES = ['maps/paris.tif', '--weird id', '50%2F.jpg', 'ünï cödé & ?#.tif'];

const start = usingApps('fastify');

let place: TestDirectory;
let app: TestApp;
let environment: Record<string, string>;

async function serve(setup: AdminSetup = {}): Promise<void> {
  const store = filesystemStore({ directory: join(place.path, 'cache'), maxSize: '1GB' });
  app = await start(adminApp({ cache: { variant: { store }, info: {} }, ...setup }));
  const url = `http://127.0.0.1:${app.port}`;
  environment = { IMAGE_SERVER_URL: url, IMAGE_SERVER_USERNAME: 'ada', IMAGE_SERVER_SECRET: SECRET };
  await cacheImages(app.cache, IMAGES);
}

beforeEach(async () => {
  place = await makeDirectory();
  await serve();
});

afterEach(() => place.remove());

/** Runs a command that has to succeed and say nothing on the side. */
async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCache(args, environment);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

async function refused(args: readonly string[], others: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await runCache(args, { ...environment, ...others });
  expect([code, stdout, stderr.split('\n').length]).toEqual([1, '', 2]);
  return stderr.replace(/^image-server: http:\/\/127\.0\.0\.1:\d+: /, '').trimEnd();
}

const cached = async (): Promise<readonly string[]> => {
  const names = new Set<string>();
  for await (const { meta } of app.cache.entries()) names.add(meta.identifier);
  return [...names].sort();
};

describe('image-server cache on a server', () => {
  it('lists what is cached, page by page', async () => {
    const list = async (...args: string[]): Promise<{ entries: { identifier: string }[]; next?: string }> =>
      JSON.parse(await done('list-cached', '--kind', 'variant', '--order', 'lastAccess', '--json', ...args)) as never;
    const first = await list('--limit', '3');
    const rest = await list('--after', first.next ?? '');
    expect([...first.entries, ...rest.entries].map(({ identifier }) => identifier).sort()).toEqual([...IMAGES].sort());
    expect((await done('list-cached')).split('\n')).toHaveLength(1 + 2 * IMAGES.length + 1);
  });

  it('says what a server does not know yet that is making its index anew', async () => {
    const store: StoreFactory = (context) => {
      const chaos = new ChaosStore(heapStore()(context), context.clock);
      chaos.hang('usage');
      return Object.defineProperty(chaos, 'isIndexing', { value: true });
    };
    await serve({ cache: { variant: { store }, info: { store } } });
    const said = async (...args: string[]): Promise<string> => {
      const { code, stderr } = await runCache(args, environment);
      expect(code).toBe(0);
      return stderr;
    };
    expect(await said('list-cached', '--order', 'lastAccess')).toMatch(/^Not all entries may be listed: the index/);
    expect(await said('list-cached')).toBe('');
    expect(await said('stats')).toBe('The server does not know yet what it holds; ask again later.\n');
    const { json } = await ask(app, 'GET /admin/status');
    expect(json).toMatchObject({ stores: [{ indexing: true }], stats: { stored: 2 * IMAGES.length } });
    expect(json).not.toHaveProperty('usage');
  });

  it.each(IMAGES)('evicts %s and nothing else', async (name) => {
    expect(await done('delete-cached-image', '-f', '--', name)).toBe(`Nothing is cached of ${name} any more.\n`);
    expect(await cached()).toEqual(IMAGES.filter((each) => each !== name).sort());
    expect(await refused(['delete-cached-image', '-f', '--', name])).toBe(
      `image-server: ${name}: nothing is cached of such an image.`,
    );
  });

  it('evicts everything, and leaves the queue alone', async () => {
    await done('queue-image', 'later.tif');
    expect(await done('delete-all-cached-images', '-f')).toMatch(/^Deleted 4 variants, 4 infos: [\d.]+ KB\.\n$/);
    expect(await cached()).toEqual([]);
    expect(JSON.parse(await done('list-queued', '--json'))).toMatchObject({ jobs: [{ identifier: 'later.tif' }] });
  });

  it('queues images, lists them, takes them out, and works the queue off', async () => {
    expect(await done('queue-image', 'a.tif', '--variant', 'jpg:max', '--variant', 'jpg:min', '--priority', '3')).toBe(
      'a.tif is queued for being prefetched.\n',
    );
    expect(await done('queue-image', 'a.tif')).toBe('a.tif is queued already.\n');
    expect(JSON.parse(await done('queue-image', '--json', '--', '-b/c.tif'))).toMatchObject({
      status: 'queued',
      job: { identifier: '-b/c.tif', state: 'queued' },
    });
    expect(JSON.parse(await done('list-queued', '--limit', '1', '--json'))).toMatchObject({
      jobs: [{ identifier: 'a.tif', variants: ['jpg:max', 'jpg:min'], priority: 3 }],
      next: expect.any(String),
    });
    expect(await done('list-queued')).toMatch(
      /^ID +Queued \(UTC\) +State +Priority +Done +Next Try \(UTC\) +Failures +Error\na\.tif +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +queued +3 +- +0\n/,
    );
    expect(await done('delete-queued-image', '-f', 'a.tif')).toBe('a.tif is not queued any more.\n');
    expect(await refused(['delete-queued-image', '-f', 'a.tif'])).toBe(
      'image-server: a.tif: there is no such image in the queue.',
    );
    expect(await done('prefetch')).toMatch(/^1 image prefetched, 1 rendered and 0 cached before, /);
    await done('queue-image', 'd.tif');
    expect(await done('delete-all-queued-images', '--force')).toBe('Took 1 image out of the queue.\n');
  });

  it('sweeps, prunes and cleans up as tasks, and waits for their reports', async () => {
    for (const [command, step] of [
      ['sweep', 'expired'],
      ['prune', 'bounds'],
      ['clean', 'abandoned'],
    ] as const) {
      const report = JSON.parse(await done(command, '--dry-run', '--json')) as { steps: { step: string }[] };
      expect([report.steps[0]?.step, report]).toEqual([step, expect.objectContaining({ dryRun: true })]);
    }
    expect(await done('prune')).toContain('Left: 8 entries, ');
  });

  it('tells what it does and has done', async () => {
    await done('sweep');
    await done('queue-image', 'a.tif');
    await done('prefetch');
    expect(await done('tasks')).toMatch(
      /^Task +Verb +Of +Status +Queued \(UTC\) +Took +Outcome\n\S+ +PrefetchImages +succeeded .* 1 completed, .*\n\S+ +SweepCache +succeeded .* nothing\n$/,
    );
    const { tasks } = JSON.parse(await done('tasks', '--json')) as { tasks: { id: string }[] };
    const id = tasks[0]?.id ?? '';
    expect(JSON.parse(await done('tasks', id, '--json'))).toMatchObject({ id, status: 'succeeded' });
    expect((await done('tasks', id)).split('\n')).toHaveLength(3);
    expect(await refused(['tasks', 'another'])).toBe('image-server: another: there is no such task, or not any more.');
  });

  it('has a task cancelled, unless it has ended', async () => {
    const rendering = deferred<RenderedImage>();
    await app.close();
    const renderer = { render: () => rendering.promise };
    await serve({ cache: { renderer, variant: { store: heapStore() }, info: {} } });
    await done('queue-image', 'a.tif');
    const { json } = await ask(app, 'POST /admin/tasks', { body: { verb: 'PrefetchImages' } });
    const { id } = json as { readonly id: string };
    expect(await done('tasks', id, '--cancel')).toMatch(new RegExp(`^Task .*\n${id} +PrefetchImages `));
    rendering.resolve({ body: Buffer.from('x'), contentType: 'image/jpeg' });
    await until(async () => (await done('tasks', id)).includes(' cancelled '));
    expect(await refused(['tasks', id, '--cancel'])).toBe('answered 409: id: the task has ended already: cancelled.');
    expect(await refused(['tasks', '--cancel'])).toBe('image-server: --cancel: which task? Name it.');
  });

  it('has its options changed', async () => {
    expect(await done('configure', 'ttl.variant=10d')).toBe('Changed until the server ends: ttl.\n');
    expect(await done('configure', 'ttl.variant=10d')).toBe('Nothing has changed: it was so before.\n');
    expect(JSON.parse(await done('configure', 'ttl.variant=0', 'worker.interval=2h', '--json'))).toEqual({
      changed: ['ttl', 'worker'],
    });
    expect(await done('configure', 'worker.rate.share=0.25', 'worker.rate.bytes=1MB')).toContain('worker');
    expect(app.cache.worker).toMatchObject({ interval: 7_200_000, rate: { share: 0.25, bytes: 1024 ** 2 } });
    await done('configure', 'worker=false');
    expect(app.cache.worker).toBeUndefined();
    expect(await refused(['configure', 'worker.interval=0'])).toBe(
      'answered 400: worker.interval: a worker needs time between its shifts; to have none, set worker to false.',
    );
    expect(await refused(['configure', 'hoot=1MB'])).toMatch(
      /^answered 400: hoot: there is no such option; there are hot, /,
    );
  });

  it('tells what there is', async () => {
    expect(await done('stats')).toMatch(/^Kind +Entries +Size\nvariants +4 .*\ninfos +4 .*\noriginals +0 +0 B\n/);
    expect(JSON.parse(await done('stats', '--json'))).toMatchObject({ usage: { info: { entries: 4 } }, stores: [{}] });
  });

  it('asks before it deletes, and shows progress', async () => {
    const { code, screen } = await onTerminal(['delete-all-cached-images'], environment, [
      { when: '[y/N]', type: 'y\r' },
    ]);
    expect([code, await cached()]).toEqual([0, []]);
    expect(screen).toContain('Deleting');
  });

  it('is let in with a secret from a file', async () => {
    const file = join(place.path, 'secret');
    await writeFile(file, `${SECRET}\n`);
    const { IMAGE_SERVER_URL: url = '' } = environment;
    environment = {};
    await done('stats', '--server', url, '--user', 'ada', '--secret-file', file);
    await done('stats', '--server', `${url}/`, '--user', 'ada', '--secret-file', file);
  });

  it.each([
    ['a wrong secret', { IMAGE_SERVER_SECRET: 'wrong' }, 'refuses the name ada and the secret (401).'],
    ['a wrong name', { IMAGE_SERVER_USERNAME: 'eve' }, 'refuses the name eve and the secret (401).'],
    [
      'a wrong secret and no name',
      { IMAGE_SERVER_USERNAME: '', IMAGE_SERVER_SECRET: 'wrong' },
      'refuses the secret (401).',
    ],
    [
      'no credentials',
      { IMAGE_SERVER_USERNAME: '', IMAGE_SERVER_SECRET: '' },
      'asks who you are; give --user, and set IMAGE_SERVER_SECRET.',
    ],
  ])('does nothing with %s', async (_, credentials, line) => {
    expect(await refused(['delete-all-cached-images', '-f'], credentials)).toBe(line);
    expect(await cached()).toHaveLength(4);
  });

  it('says that a secret which is no token needs a name', async () => {
    expect(await refused(['stats'], { IMAGE_SERVER_USERNAME: '' })).toBe(
      'image-server: --user: is missing; a secret with such characters can only be sent with a name.',
    );
  });

  it('tells what the server says of an argument', async () => {
    expect(await refused(['list-cached', '--after', 'nonsense'])).toMatch(
      /^answered 400: after: "nonsense" is no cursor/,
    );
  });

  it('does not take a missing prefetcher for a missing image', async () => {
    await app.cache.purge();
    await app.close();
    await serve({ prefetcher: false });
    expect(await refused(['delete-queued-image', '-f', 'a.tif'])).toBe('answered 404: prefetching is not enabled');
    expect(await refused(['queue-image', 'a.tif'])).toBe('answered 404: prefetching is not enabled');
  });
});
