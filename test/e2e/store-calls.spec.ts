import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { readFile } from 'node:fs/promises';
import { CacheVariant, createImageCache, filesystemStore } from 'nestjs-image-cache';
import { ChaosStore, FakeClock } from 'nestjs-image-cache/testing';
import { until } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { handlerInfo } from '../support/handler-info.js';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const HOUR = 3_600_000;

/** A request, its answer, and the calls of the store that it makes: the table of the guide. */
interface Row {
  readonly request: string;
  readonly answer: string;
  /** Of `read`, `reserve` and `commit`; of leases, with the look that follows. */
  readonly calls: readonly [read: number, lease: number, reserve: number, commit: number];
  readonly ask: (app: TestApp, clock: FakeClock) => Promise<readonly (string | undefined)[]>;
}

const PATH = '/pictures/a';

async function answers(...asked: Promise<{ status: number; headers: NodeJS.Dict<string | string[]> }>[]) {
  return (await Promise.all(asked)).map(({ status, headers }) =>
    [status, String(headers['cache-status']).replace(/^image-cache; |; ttl=-?\d+/g, '')].join(' '),
  );
}

const ROWS: readonly Row[] = [
  {
    request: 'the first',
    answer: '200 fwd=miss; stored',
    calls: [1, 1, 1, 1],
    ask: (app) => answers(app.get('/pictures/new')),
  },
  { request: 'a later one', answer: '200 hit', calls: [1, 0, 0, 0], ask: (app) => answers(app.get(PATH)) },
  {
    request: '`If-None-Match`, unchanged',
    answer: '304 hit',
    calls: [1, 0, 0, 0],
    ask: async (app) => {
      const { headers } = await app.get(PATH);
      storeOf(app).resetCalls();
      return answers(app.get(PATH, { 'If-None-Match': String(headers.etag) }));
    },
  },
  {
    request: '`Range`',
    answer: '206 hit',
    calls: [1, 0, 0, 0],
    ask: (app) => answers(app.get(PATH, { Range: 'bytes=0-9' })),
  },
  { request: '`HEAD`', answer: '200 hit', calls: [1, 0, 0, 0], ask: (app) => answers(app.request('HEAD', PATH)) },
  {
    request: 'the first `only-if-cached`',
    answer: '504',
    calls: [1, 0, 0, 0],
    ask: async (app) => [String((await app.get('/pictures/new', { 'Cache-Control': 'only-if-cached' })).status)],
  },
  {
    request: '`?cache=nocache`, where it is obeyed',
    answer: '200 fwd=bypass',
    calls: [0, 0, 0, 0],
    ask: (app) => answers(app.get(`${PATH}?cache=nocache`)),
  },
  {
    request: 'one past its time, with `stale`',
    answer: '200 hit',
    calls: [1, 1, 1, 1],
    ask: async (app, clock) => {
      await clock.advance(HOUR + 1);
      return answers(app.get(PATH));
    },
  },
  {
    request: 'one long past its time',
    answer: '200 fwd=stale; stored',
    calls: [1, 1, 1, 1],
    ask: async (app, clock) => {
      await clock.advance(3 * HOUR);
      return answers(app.get(PATH));
    },
  },
];

const stores = new WeakMap<TestApp, ChaosStore>();

function storeOf(app: TestApp): ChaosStore {
  const store = stores.get(app);
  if (store === undefined) throw new Error('The application has no store.');
  return store;
}

describe.each(PLATFORMS)('the calls of a store on %s', (platform) => {
  const start = usingApps(platform);
  let clock: FakeClock;
  let directory: TestDirectory;

  @Controller('pictures')
  class Pictures {
    @Get(':id')
    @CacheVariant({ clientDirectives: true })
    picture(): Buffer {
      return jpegOf(1000);
    }
  }

  const serve = async (): Promise<TestApp> => {
    const files = filesystemStore({ directory: directory.path });
    let made: ChaosStore | undefined;
    const variant = {
      store: (context: Parameters<typeof files>[0]) => (made = new ChaosStore(files(context), clock)),
      ttl: '1h',
      stale: '1h',
    };
    const app = await start({ controllers: [Pictures], cache: { clock, variant, heapInfo: false, info: false } });
    if (made !== undefined) stores.set(app, made);
    await app.get(PATH);
    await until(() => app.cache.stats().stored === 1);
    await until(() => storeOf(app).calls('release') === 1);
    return app;
  };

  beforeEach(async () => {
    clock = new FakeClock(Date.now());
    directory = await makeDirectory();
  });

  afterEach(() => directory.remove());

  it.each(ROWS)('are these few for $request', async ({ answer, calls, ask }) => {
    const app = await serve();
    const store = storeOf(app);
    store.resetCalls();
    expect(await ask(app, clock)).toEqual([answer]);
    const [, leases] = calls;
    await until(() => store.calls('release') === leases && app.cache.stats().rendering.running === 0);
    const made = (['read', 'lease', 'reserve', 'commit'] as const).map((operation) => store.calls(operation));
    expect(made).toEqual(calls);
    expect(store.calls('stat')).toBe(leases);
  });

  it('are one of each, and a read for each, for many who want the same at the same time', async () => {
    const app = await serve();
    const store = storeOf(app);
    store.resetCalls();
    const told = await answers(...Array.from({ length: 20 }, () => app.get('/pictures/new')));
    expect(told.filter((each) => each === '200 fwd=miss; stored')).toHaveLength(1);
    await until(() => store.calls('release') === 1);
    expect(['lease', 'reserve', 'commit'].map((operation) => store.calls(operation as 'lease'))).toEqual([1, 1, 1]);
    expect(store.calls('read')).toBeLessThanOrEqual(40);
  });
});

describe('a picture that is found by its info', () => {
  it('costs one read with the info in the heap, and two without', async () => {
    const directory = await makeDirectory();
    const files = filesystemStore({ directory: directory.path });
    const clock = new FakeClock(Date.now());
    const render = () => Promise.resolve({ body: jpegOf(1000), contentType: 'image/jpeg' });
    const reads: number[] = [];
    for (const isWarm of [false, true]) {
      let made: ChaosStore | undefined;
      const store = (context: Parameters<typeof files>[0]) => (made = new ChaosStore(files(context), clock));
      const cache = await createImageCache({ clock, variant: { store } });
      const ask = async (): Promise<void> => {
        await cache.infos.getOrRead('a', () => Promise.resolve(handlerInfo('a')));
        await cache.variants.getOrRender({ identifier: 'a', operations: 'small' }, render);
      };
      await ask();
      await until(() => isWarm || cache.stats().stored === 2);
      reads.push(made?.calls('read') ?? 0);
      made?.resetCalls();
      await ask();
      reads.push(made?.calls('read') ?? 0);
      await cache.close();
    }
    await directory.remove();
    expect(reads).toEqual([2, 1, 2, 1]);
  });
});

describe('the guide', () => {
  it('says how many calls of the store a request makes', async () => {
    const guide = await readFile('docs/http.md', 'utf8');
    const rows = guide.split('\n').map((line) => line.replace(/ +\|/g, ' |'));
    for (const { request, answer, calls } of ROWS)
      expect(rows).toContain(`| ${[request, answer, ...calls].join(' | ')} |`);
  });
});
