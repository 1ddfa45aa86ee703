import { beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, NotFoundException, Param, type Type } from '@nestjs/common';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { of } from 'rxjs';
import { CacheVariant } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { deferred, next, until, type Deferred } from '../support/async.js';
import type { OpenRequest } from '../support/http-client.js';
import { warningsOfNode } from '../support/node-warnings.js';
import { jpegOf, LARGE } from '../support/pictures.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const CROWD = 200;

/** A route whose pictures are ready when the test says so. */
interface GatedRoute {
  readonly controller: Type;
  readonly gate: Deferred;
  /** The identifiers of the calls, in their order. */
  readonly calls: readonly string[];
  /** Resolves when the first stream has given its first bytes. */
  readonly begun: Promise<void>;
}

type Answering = (picture: Buffer, gate: Promise<unknown>, begin: () => void) => unknown;

const buffer: Answering = async (picture, gate, begin) => {
  begin();
  await gate;
  return picture;
};

const stream: Answering = (picture, gate, begin) => {
  const chunks = async function* (): AsyncGenerator<Buffer> {
    yield picture.subarray(0, 8000);
    begin();
    await gate;
    for (let start = 8000; start < picture.byteLength; start += 60_000) yield picture.subarray(start, start + 60_000);
  };
  return Readable.from(chunks(), { objectMode: false });
};

const ANSWERS: readonly (readonly [string, Answering, number, number])[] = [
  ['Buffers', buffer, 50_000, CROWD],
  ['small streams', stream, 50_000, CROWD],
  ['large streams', stream, LARGE, 40],
  ['Observables of small streams', (...given) => of(stream(...given)), 50_000, CROWD],
  ['Observables of large streams', (...given) => of(stream(...given)), LARGE, 40],
];

function gatedRoute(answer: Answering, picture: Buffer): GatedRoute {
  const gate = deferred();
  const begun = deferred();
  const calls: string[] = [];
  @Controller('gated')
  class Gated {
    @Get(':id')
    @CacheVariant()
    picture(@Param('id') id: string): unknown {
      calls.push(id);
      return answer(picture, gate.promise, () => {
        begun.resolve();
      });
    }
  }
  return { controller: Gated, gate, calls, begun: begun.promise };
}

function crowd(app: TestApp, path: string, size: number): OpenRequest[] {
  return Array.from({ length: size }, () => app.open(path));
}

/** Waits until so many requests have found nothing in the cache. */
function missed(app: TestApp, count: number): Promise<void> {
  return until(() => app.cache.stats().tiers.variant.misses === count);
}

/** Waits until the server has noticed that its clients are gone, but for `count`. */
async function connected(app: TestApp, count: number): Promise<void> {
  const server = app.nest.getHttpServer() as Server;
  const connections = (): Promise<number> =>
    new Promise((resolve, reject) => {
      server.getConnections((error, number) => {
        if (error === null) resolve(number);
        else reject(error);
      });
    });
  await until(async () => (await connections()) === count);
}

async function connectTo(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

describe.each(PLATFORMS)('concurrent requests on %s', (platform) => {
  const start = usingApps(platform);

  beforeAll(() => {
    process.env['UV_THREADPOOL_SIZE'] = '8';
  });

  describe.each(ANSWERS)('for %s', (_what, answer, size, count) => {
    it('call the handler once for all that miss at the same time, who all get the whole picture', async () => {
      const picture = jpegOf(size);
      const { controller, gate, calls } = gatedRoute(answer, picture);
      const app = await start({ controllers: [controller] });
      const warnings = warningsOfNode();
      const clients = crowd(app, '/gated/a', count);
      await missed(app, count);
      gate.resolve();
      const answers = await Promise.all(clients.map((client) => client.answer));
      expect(answers.every(({ status, body }) => status === 200 && body.equals(picture))).toBe(true);
      expect(calls).toEqual(['a']);
      expect(warnings.end()).toEqual([]);
      const told = answers.map(({ headers }) => headers['cache-status']);
      expect(told.filter((status) => status === 'image-cache; fwd=miss; stored')).toHaveLength(1);
      expect(told.filter((status) => status === 'image-cache; fwd=miss; collapsed')).toHaveLength(count - 1);
      await until(() => app.cache.stats().stored === 1);
      expect(app.cache.stats()).toMatchObject({ renders: 1, collapsed: count - 1 });
    });

    it('store the picture though the whole crowd has left during the render', async () => {
      const picture = jpegOf(size);
      const { controller, gate, calls, begun } = gatedRoute(answer, picture);
      const app = await start({ controllers: [controller] });
      const clients = crowd(app, '/gated/a', count);
      await missed(app, count);
      await begun;
      for (const client of clients) client.leave();
      await connected(app, 0);
      const stored = next(app.cache, 'stored');
      gate.resolve();
      expect((await stored).bytes).toBe(size);
      const later = await app.get('/gated/a');
      expect(later.headers['cache-status']).toMatch(/^image-cache; hit/);
      expect(later.body.equals(picture)).toBe(true);
      expect(calls).toEqual(['a']);
      expect(app.log.filter(({ level }) => level === 'error')).toEqual([]);
    });

    it('get their picture though the client that came first has left during the render', async () => {
      const picture = jpegOf(size);
      const { controller, gate, calls, begun } = gatedRoute(answer, picture);
      const app = await start({ controllers: [controller] });
      const first = app.open('/gated/a');
      await begun;
      const others = crowd(app, '/gated/a', 20);
      await missed(app, 21);
      first.leave();
      await connected(app, 20);
      gate.resolve();
      const answers = await Promise.all(others.map((client) => client.answer));
      expect(answers.every(({ status, body }) => status === 200 && body.equals(picture))).toBe(true);
      expect(calls).toEqual(['a']);
      expect(app.log.filter(({ level }) => level === 'error')).toEqual([]);
    });
  });

  describe('in the queue', () => {
    /** One render is under way and holds the only place. */
    async function busy(queue = 256): Promise<GatedRoute & { readonly app: TestApp; readonly occupant: OpenRequest }> {
      const route = gatedRoute(buffer, jpegOf(50_000));
      const app = await start({ controllers: [route.controller], cache: { render: { concurrency: 1, queue } } });
      const occupant = app.open('/gated/occupant');
      await route.begun;
      return { ...route, app, occupant };
    }

    it('do not lose their place when the client that came first leaves', async () => {
      const { app, gate, calls, occupant } = await busy();
      const first = app.open('/gated/a');
      await missed(app, 2);
      const others = crowd(app, '/gated/a', 5);
      await missed(app, 7);
      first.leave();
      await connected(app, 6);
      gate.resolve();
      const answers = await Promise.all([occupant, ...others].map((client) => client.answer));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
      expect(calls).toEqual(['occupant', 'a']);
      expect((await app.get('/gated/a')).headers['cache-status']).toMatch(/hit/);
    });

    it('get their picture though one after the other leaves who came before them', async () => {
      const { app, gate, calls } = await busy();
      const others: OpenRequest[] = [];
      for (let count = 2; count <= 6; count += 1) {
        others.push(app.open('/gated/a'));
        await missed(app, count);
      }
      for (const [index, client] of others.slice(0, 4).entries()) {
        client.leave();
        await connected(app, 5 - index);
      }
      gate.resolve();
      expect((await others.at(-1)?.answer)?.status).toBe(200);
      expect(calls).toEqual(['occupant', 'a']);
    });

    it('are dropped when nobody waits for them any more', async () => {
      const { app, gate, calls, occupant } = await busy();
      const clients = crowd(app, '/gated/a', 5);
      await missed(app, 6);
      for (const client of clients) client.leave();
      await connected(app, 1);
      await until(() => app.cache.stats().rendering.waiting === 0);
      gate.resolve();
      expect((await occupant.answer).status).toBe(200);
      expect(calls).toEqual(['occupant']);
    });

    it('are refused with 503 and Retry-After when it is full', async () => {
      const { app, gate, calls, occupant } = await busy(1);
      const waiting = app.open('/gated/waiting');
      await until(() => app.cache.stats().rendering.waiting === 1);
      const refused = await app.get('/gated/refused');
      expect(refused.status).toBe(503);
      expect(refused.headers).toMatchObject({
        'retry-after': '1',
        'cache-control': 'no-cache, no-store, must-revalidate',
      });
      expect(JSON.parse(refused.body.toString())).toMatchObject({ code: 'E_IMAGE_CACHE_OVERLOADED' });
      gate.resolve();
      const answers = await Promise.all([occupant.answer, waiting.answer]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(calls).toEqual(['occupant', 'waiting']);
      expect(app.cache.stats().overloaded).toBe(1);
    });
  });

  it.each(ANSWERS)(
    'that wait too long for %s get 503, and the picture is stored all the same',
    async (_, answer, size) => {
      const clock = new FakeClock();
      const { controller, gate, calls, begun } = gatedRoute(answer, jpegOf(size));
      const app = await start({ controllers: [controller], cache: { clock, render: { timeout: '30s' } } });
      const clients = crowd(app, '/gated/a', 3);
      await missed(app, 3);
      await begun;
      await clock.advance(30_000);
      const answers = await Promise.all(clients.map((client) => client.answer));
      expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
      expect(answers.map(({ headers }) => headers['retry-after'])).toEqual(['1', '1', '1']);
      const stored = next(app.cache, 'stored');
      gate.resolve();
      await stored;
      const later = await app.get('/gated/a');
      expect([later.status, later.body.byteLength]).toEqual([200, size]);
      expect(calls).toEqual(['a']);
    },
  );

  it('do not wait for a client that does not read what it is sent', async () => {
    const picture = jpegOf(LARGE);
    const { controller, gate, calls, begun } = gatedRoute(stream, picture);
    const app = await start({ controllers: [controller] });
    const slow = await connectTo(app.port);
    slow.pause();
    slow.write('GET /gated/a HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await begun;
    const stored = next(app.cache, 'stored');
    const other = app.open('/gated/a');
    await missed(app, 2);
    gate.resolve();
    expect((await other.answer).body.equals(picture)).toBe(true);
    expect((await stored).bytes).toBe(LARGE);
    expect((await app.get('/gated/a')).headers['cache-status']).toMatch(/hit/);
    expect(calls).toEqual(['a']);
    expect(slow.bytesRead).toBeLessThan(LARGE);
    slow.destroy();
  });

  it('do not wait for a handler that never ends any longer than the timeout', async () => {
    const clock = new FakeClock();
    const { controller, gate, calls, begun } = gatedRoute(buffer, jpegOf(100));
    const app = await start({ controllers: [controller], cache: { clock, render: { timeout: '30s' } } });
    const first = app.open('/gated/a');
    await begun;
    await clock.advance(30_000);
    expect((await first.answer).status).toBe(503);
    const second = app.open('/gated/a');
    await missed(app, 2);
    await clock.advance(30_000);
    expect((await second.answer).status).toBe(503);
    expect(calls).toEqual(['a']);
    gate.resolve();
  });

  it.each([
    ['an HttpException', new NotFoundException('no such picture'), 404],
    ['any other error', new Error('the disk is on fire'), 500],
  ])('all get %s that the handler throws, and the next request tries again', async (_what, error, status) => {
    const gate = deferred();
    let calls = 0;
    @Controller('failing')
    class Failing {
      @Get(':id')
      @CacheVariant()
      async picture(): Promise<Buffer> {
        calls += 1;
        await gate.promise;
        throw error;
      }
    }
    const app = await start({ controllers: [Failing] });
    const clients = crowd(app, '/failing/a', 10);
    await missed(app, 10);
    gate.resolve();
    const answers = await Promise.all(clients.map((client) => client.answer));
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 10 }, () => status));
    expect(answers.every(({ headers }) => headers['cache-control']?.includes('no-store'))).toBe(true);
    expect(answers.some(({ body }) => body.includes('on fire') || body.includes('.ts:'))).toBe(false);
    expect(calls).toBe(1);
    expect((await app.get('/failing/a')).status).toBe(status);
    expect(calls).toBe(2);
    expect(app.cache.stats()).toMatchObject({ renders: 0, renderFailures: 2, stored: 0 });
  });

  it.each([
    ['are all told when a stream breaks before it is too large for one Buffer', 20_000, [500, true]],
    ['are all cut off when a stream breaks after that', LARGE, [200, false]],
  ] as const)('%s', async (_what, size, ended) => {
    const gate = deferred();
    let calls = 0;
    const broken = async function* (): AsyncGenerator<Buffer> {
      yield jpegOf(size);
      await gate.promise;
      throw new Error('the line went dead');
    };
    @Controller('breaking')
    class Breaking {
      @Get(':id')
      @CacheVariant()
      picture(): Readable {
        calls += 1;
        return Readable.from(broken(), { objectMode: false });
      }
    }
    const app = await start({ controllers: [Breaking] });
    const clients = crowd(app, '/breaking/a', 10);
    await missed(app, 10);
    gate.resolve();
    const answers = await Promise.all(clients.map((client) => client.answer));
    expect(answers.map(({ status, complete }) => [status, complete])).toEqual(Array.from({ length: 10 }, () => ended));
    expect(calls).toBe(1);
    expect(app.cache.stats()).toMatchObject({ renders: 0, renderFailures: 1, stored: 0 });
    const { status, complete } = await app.get('/breaking/a');
    expect([status, complete]).toEqual(ended);
  });
});
