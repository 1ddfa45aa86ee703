import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, StreamableFile } from '@nestjs/common';
import type { Server } from 'node:net';
import { availableParallelism } from 'node:os';
import { Readable } from 'node:stream';
import {
  CacheInfo,
  CacheVariant,
  CacheWorker,
  filesystemStore,
  heapStore,
  type ImageCacheOptions,
} from 'nestjs-image-cache';
import { FakeClock, type ChaosOperation } from 'nestjs-image-cache/testing';
import { deferred, record, until, whilePassing, type Deferred } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { failing } from '../support/failing-store.js';
import { FakeSource } from '../support/fake-source.js';
import { filesIn } from '../support/filesystem-store.js';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const DRAIN = 10_000;

/** Milliseconds that the stores have after that. */
const LAST_WRITES = 2000;

/** As browsers and proxies ask. */
const KEPT = { headers: { connection: 'keep-alive' } };

const PICTURE = jpegOf(1000);

let gate: Deferred;
let calls: number;

@Controller('pictures')
class Pictures {
  @Get(':id/quick')
  @CacheVariant()
  quick(): Buffer {
    return PICTURE;
  }

  @Get(':id/slow')
  @CacheVariant()
  async slow(): Promise<Buffer> {
    calls += 1;
    await gate.promise;
    return PICTURE;
  }

  @Get(':id/endless')
  @CacheVariant()
  endless(): StreamableFile {
    calls += 1;
    const stream = new Readable({ read: () => undefined });
    // More than is held in memory: it goes to a file.
    stream.push(jpegOf(2_000_000));
    return new StreamableFile(stream);
  }

  @Get(':id/info')
  @CacheInfo()
  async info(): Promise<object> {
    calls += 1;
    await gate.promise;
    return {};
  }
}

describe.each(PLATFORMS)('closing an application on %s', (platform) => {
  const startApp = usingApps(platform);
  let clock: FakeClock;
  let directory: TestDirectory;

  beforeEach(async () => {
    gate = deferred();
    calls = 0;
    clock = new FakeClock();
    directory = await makeDirectory();
  });

  afterEach(async () => {
    gate.resolve();
    await directory.remove();
  });

  function start(cache: ImageCacheOptions = {}): Promise<TestApp> {
    return startApp({ controllers: [Pictures], cache: { clock, drain: '10s', render: { timeout: '0' }, ...cache } });
  }

  /** Closes an application, and tells how many milliseconds have passed by the clock. */
  async function close({ nest }: TestApp): Promise<number> {
    const begun = clock.now();
    await whilePassing(clock, nest.close());
    return clock.now() - begun;
  }

  /** What whoever waits is told when the time is over. */
  const refusal = expect.objectContaining({ statusCode: 503, code: 'E_IMAGE_CACHE_CLOSED' }) as unknown;

  const jsonOf = (body: Buffer): unknown => JSON.parse(body.toString());

  describe('while somebody waits for a render', () => {
    it('answers when the render is done, and stores it', async () => {
      const store = filesystemStore({ directory: directory.path });
      const app = await start({ variant: { store } });
      expect((await app.get('/pictures/a/quick', KEPT.headers)).headers.connection).toBe('keep-alive');
      const client = app.open('/pictures/a/slow', KEPT);
      await until(() => calls === 1);
      const closed = app.nest.close();
      await until(async () =>
        app.get('/').then(
          () => false,
          () => true,
        ),
      );
      await clock.advance(DRAIN - 1);
      gate.resolve();
      expect(await client.answer).toMatchObject({
        status: 200,
        complete: true,
        body: PICTURE,
        headers: { connection: 'close' },
      });
      await closed;
      const again = await start({ variant: { store } });
      expect((await again.get('/pictures/a/slow')).headers['cache-status']).toMatch(/^image-cache; hit/);
    });

    it.each(['slow', 'info'])('gives up what takes longer than `drain`: %s', async (path) => {
      const app = await start({ variant: { store: filesystemStore({ directory: directory.path }) } });
      let taken = 0;
      (app.nest.getHttpServer() as Server).on('request', () => (taken += 1));
      const clients = [app.open(`/pictures/a/${path}`, KEPT), app.open(`/pictures/a/${path}`, KEPT)];
      await until(() => taken === 2 && calls === 1);
      expect(await close(app)).toBeLessThanOrEqual(DRAIN + LAST_WRITES);
      for (const { answer } of clients) {
        const { status, headers, body } = await answer;
        expect([status, jsonOf(body)]).toEqual([503, refusal]);
        expect(headers).toMatchObject({
          'retry-after': '1',
          'cache-control': expect.stringContaining('no-store') as unknown,
          connection: 'close',
        });
      }
      expect((await filesIn(directory.path)).filter((name) => /^(image|info)\//.test(name))).toEqual([]);
      gate.resolve();
      expect(calls).toBe(1);
    });

    it('cuts what is still on its way then, and keeps nothing of it', async () => {
      const app = await start({ variant: { store: filesystemStore({ directory: directory.path }) } });
      const clients = [app.open('/pictures/a/endless', KEPT), app.open('/pictures/a/endless', KEPT)];
      await until(() => app.cache.stats().collapsed === 1);
      expect(await close(app)).toBeLessThanOrEqual(DRAIN + LAST_WRITES);
      for (const { answer } of clients) expect(await answer).toMatchObject({ status: 200, complete: false });
      expect((await filesIn(directory.path)).filter((name) => /^(image|info)\//.test(name))).toEqual([]);
      expect(app.cache.stats()).toMatchObject({ stored: 0, renderFailures: 1 });
    });

    it('gives up what has not begun by then', async () => {
      const app = await start();
      const ids = Array.from({ length: 2 * availableParallelism() }, (_, index) => String(index));
      const clients = ids.map((id) => app.open(`/pictures/${id}/slow`));
      await until(() => calls + app.cache.stats().rendering.waiting === ids.length);
      const begun = calls;
      await close(app);
      for (const { answer } of clients) expect(jsonOf((await answer).body)).toEqual(refusal);
      expect(begun).toBeLessThan(ids.length);
      expect(calls).toBe(begun);
    });

    it.each([true, false])(
      'gives up what waits for a source that does not answer (resolveFirst: %s)',
      async (resolveFirst) => {
        const source = new FakeSource();
        source.put('a', { size: 1 });
        const app = await start({ source, resolveFirst });
        source.gate = gate.promise;
        const client = app.open('/pictures/a/slow');
        await until(() => source.lookups > 0);
        expect(await close(app)).toBeLessThanOrEqual(DRAIN + LAST_WRITES);
        expect((await client.answer).status).toBe(503);
      },
    );

    it('waits for as long as it takes when `drain` is 0', async () => {
      const app = await start({ drain: '0', render: { timeout: '0', deadline: '0' } });
      const client = app.open('/pictures/a/slow');
      await until(() => calls === 1);
      const closed = app.nest.close();
      await clock.advance(1000 * DRAIN);
      gate.resolve();
      expect((await client.answer).status).toBe(200);
      await closed;
    });
  });

  describe('while a store does not answer', () => {
    const TROUBLE: readonly (readonly [ChaosOperation, (app: TestApp) => Promise<unknown>])[] = [
      ['entries', (app) => Promise.resolve(void app.nest.get(CacheWorker).runShift())],
      ['maintain', (app) => Promise.resolve(void app.nest.get(CacheWorker).runShift())],
      ['commit', (app) => app.get('/pictures/a/quick')],
      ['abort', (app) => app.get('/pictures/a/quick')],
      ['touch', (app) => app.get('/pictures/b/quick')],
      ['close', (app) => app.get('/pictures/a/quick')],
    ];

    it.each(TROUBLE)('waits no longer for its `%s` than `drain` and a moment', async (operation, cause) => {
      // A store in files is swept by a thread, which does not list entries.
      const inner = operation === 'entries' ? heapStore() : filesystemStore({ directory: directory.path });
      const { store, chaos } = failing(inner);
      const app = await start({ variant: { store }, stores: { writeTimeout: '1h' }, info: false });
      const told = record(app.cache, 'background-failed');
      const stored = record(app.cache, 'stored');
      await app.get('/pictures/b/quick');
      await until(() => stored.length === 1);
      chaos().resetCalls();
      if (operation === 'abort') chaos().fail('commit');
      chaos().hang(operation);
      await cause(app);
      if (operation !== 'touch' && operation !== 'close') await until(() => chaos().calls(operation) === 1);
      expect(await close(app)).toBeLessThanOrEqual(DRAIN + LAST_WRITES);
      expect(told.map(({ error }) => error)).toContainEqual(expect.objectContaining({ code: 'E_IMAGE_CACHE_CLOSED' }));
      expect(chaos().calls('close')).toBe(1);
      chaos().heal();
    });
  });

  it('writes access times though a render takes too long', async () => {
    const { store, chaos } = failing(filesystemStore({ directory: directory.path }));
    const app = await start({ variant: { store } });
    const stored = record(app.cache, 'stored');
    await app.get('/pictures/a/quick');
    await until(() => stored.length === 1);
    await app.get('/pictures/a/quick');
    const client = app.open('/pictures/b/slow');
    await until(() => calls === 1);
    await close(app);
    expect((await client.answer).status).toBe(503);
    expect([chaos().calls('touch'), chaos().calls('close')]).toEqual([1, 1]);
  });

  it('closes what it has closed by hand before', async () => {
    const { store, chaos } = failing(filesystemStore({ directory: directory.path }));
    const app = await start({ variant: { store } });
    await app.cache.close();
    await app.nest.close();
    expect(chaos().calls('close')).toBe(1);
    expect(clock.scheduled).toBe(0);
  });
});
