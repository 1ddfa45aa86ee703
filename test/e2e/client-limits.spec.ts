import { beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Header, Param, type ExecutionContext, type Type } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { CacheVariant, type CacheVariantOptions, type ImageCacheOptions } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { deferred, record, until, type Deferred } from '../support/async.js';
import type { Answer, OpenRequest } from '../support/http-client.js';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps, type AppOptions, type TestApp } from '../support/test-app.js';

const FIRST = '127.0.0.1';
const SECOND = '127.0.0.2';

/** Routes whose pictures are ready when the test says so, by their identifiers. */
interface Gated {
  readonly controller: Type;
  readonly gate: Deferred;
  readonly calls: readonly string[];
}

function gated(options: CacheVariantOptions = {}): Gated {
  const gate = deferred();
  const calls: string[] = [];
  @Controller('gated')
  class Pictures {
    @Get('kept/:id')
    @CacheVariant()
    kept(): Buffer {
      return jpegOf(5000);
    }

    @Get('own/:id')
    @CacheVariant()
    @Header('Cache-Control', 'private')
    async own(@Param('id') id: string): Promise<Buffer> {
      return this.picture(id);
    }

    @Get(':id')
    @CacheVariant(options)
    async picture(@Param('id') id: string): Promise<Buffer> {
      calls.push(id);
      await gate.promise;
      return jpegOf(5000);
    }
  }
  return { controller: Pictures, gate, calls };
}

function statuses(answers: readonly Answer[]): number[] {
  return answers.map(({ status }) => status);
}

beforeAll(() => {
  process.env['UV_THREADPOOL_SIZE'] = '8';
});

describe.each(PLATFORMS)('renders of one client on %s', (platform) => {
  const start = usingApps(platform);

  interface Limited extends Gated {
    readonly app: TestApp;
    /** Asks for a picture and waits until the request has come so far that it waits for it, or has been refused. */
    readonly ask: (path: string, from?: string, headers?: Readonly<Record<string, string>>) => Promise<OpenRequest>;
  }

  /** Each client may have two; one runs at a time. */
  async function limited(
    { render, ...cache }: ImageCacheOptions = {},
    options: CacheVariantOptions = {},
    more: Omit<AppOptions, 'cache'> = {},
  ): Promise<Limited> {
    const route = gated(options);
    const limits = { concurrency: 1, perClient: 2, ...render };
    const app = await start({ controllers: [route.controller], cache: { ...cache, render: limits }, ...more });
    const progress = (): number => {
      const { rendering, tiers, limited: refused } = app.cache.stats();
      return rendering.running + rendering.waiting + tiers.variant.misses + refused;
    };
    return {
      ...route,
      app,
      ask: async (path, from = FIRST, headers = {}) => {
        const before = progress();
        const request = app.open(`/gated/${path}`, { from, headers });
        await until(() => progress() > before);
        return request;
      },
    };
  }

  /** Waits until so many renders run and wait. */
  const rendering = (app: TestApp, count: number): Promise<void> =>
    until(() => {
      const { running, waiting } = app.cache.stats().rendering;
      return running + waiting === count;
    });

  it('are limited: the next one is refused with 429 and Retry-After, and counted', async () => {
    const { app, ask, gate, calls } = await limited();
    const refusals = record(app.cache, 'limited');
    const had = [await ask('a'), await ask('b')];
    await rendering(app, 2);
    const refused = await (await ask('c')).answer;
    expect(refused.status).toBe(429);
    expect(refused.headers).toMatchObject({
      'retry-after': '1',
      'cache-control': 'no-cache, no-store, must-revalidate',
    });
    expect(JSON.parse(refused.body.toString())).toMatchObject({ code: 'E_IMAGE_CACHE_TOO_MANY' });
    expect(refusals).toEqual([expect.objectContaining({ client: FIRST, identifier: expect.stringContaining('c') })]);
    expect(app.cache.stats()).toMatchObject({ limited: 1, overloaded: 0 });
    expect(app.log.map(({ message }) => message)).toContain(
      `${FIRST} was refused: A client may have 2 renders at a time.`,
    );
    gate.resolve();
    expect(statuses(await Promise.all(had.map(({ answer }) => answer)))).toEqual([200, 200]);
    expect((await app.get('/gated/c')).status).toBe(200);
    expect(calls).toEqual(['a', 'b', 'c']);
  });

  it('do not keep others from theirs', async () => {
    const { app, ask, gate } = await limited();
    const had = [await ask('a'), await ask('b')];
    await rendering(app, 2);
    had.push(await ask('c', SECOND), await ask('d', SECOND));
    await rendering(app, 4);
    expect((await (await ask('e', SECOND)).answer).status).toBe(429);
    gate.resolve();
    expect(statuses(await Promise.all(had.map(({ answer }) => answer)))).toEqual([200, 200, 200, 200]);
  });

  it('are not what another one waits for, nor hits, nor what it asks for twice', async () => {
    const { app, ask, gate, calls } = await limited();
    await app.get('/gated/kept/k');
    const had = [await ask('a'), await ask('b')];
    await rendering(app, 2);
    had.push(await ask('c', SECOND));
    await rendering(app, 3);
    had.push(await ask('c'), await ask('a'));
    await until(() => app.cache.stats().tiers.variant.misses === 6);
    const hit = await app.get('/gated/kept/k');
    expect([hit.status, hit.headers['cache-status']]).toEqual([200, expect.stringContaining('; hit')]);
    // One of the second client's is left to it, whoever else waits for its other one.
    had.push(await ask('d', SECOND));
    await rendering(app, 4);
    gate.resolve();
    expect(statuses(await Promise.all(had.map(({ answer }) => answer)))).toEqual([200, 200, 200, 200, 200, 200]);
    expect(calls).toEqual(['a', 'b', 'c', 'd']);
    expect(app.cache.stats()).toMatchObject({ limited: 0, collapsed: 2 });
  });

  it('are given back when the client leaves the queue, and kept while a render goes on', async () => {
    const { app, ask, gate, calls } = await limited();
    const running = await ask('a');
    const waiting = await ask('b');
    await rendering(app, 2);
    waiting.leave();
    await rendering(app, 1);
    const other = await ask('c');
    await rendering(app, 2);
    running.leave();
    expect((await (await ask('d')).answer).status).toBe(429);
    gate.resolve();
    expect((await other.answer).status).toBe(200);
    expect((await app.get('/gated/d')).status).toBe(200);
    expect(calls).toEqual(['a', 'c', 'd']);
  });

  it('count where nothing is looked up or kept, too', async () => {
    const { app, ask, gate, calls } = await limited({}, { clientDirectives: true });
    const past = { 'cache-control': 'no-store' };
    const had = [await ask('a', FIRST, past), await ask('a', FIRST, past)];
    await rendering(app, 2);
    expect((await (await ask('a', FIRST, past)).answer).status).toBe(429);
    gate.resolve();
    expect(statuses(await Promise.all(had.map(({ answer }) => answer)))).toEqual([200, 200]);
    expect(calls).toEqual(['a', 'a']);
    expect(app.cache.stats().limited).toBe(1);
  });

  it('count where each client gets a picture of its own, though one asked for all', async () => {
    const { app, ask, gate, calls } = await limited({ render: { perClient: 1 } });
    const had = [await ask('own/a'), await ask('own/a'), await ask('own/a')];
    await until(() => app.cache.stats().tiers.variant.misses === 3);
    expect(calls).toEqual(['a']);
    gate.resolve();
    const answers = statuses(await Promise.all(had.map(({ answer }) => answer)));
    expect(answers.filter((status) => status === 200).length).toBeGreaterThanOrEqual(2);
    expect(answers.every((status) => [200, 429].includes(status))).toBe(true);
    expect(app.cache.stats().limited).toBe(answers.filter((status) => status === 429).length);
  });

  it('are not those that replace for all what is past its time', async () => {
    const clock = new FakeClock();
    const variant = { staleness: '1m', stale: '1d' } as const;
    const { app, ask, gate } = await limited({ clock, variant, render: { perClient: 1 } });
    await app.get('/gated/kept/k');
    await clock.advance(120_000);
    const running = await ask('a');
    await rendering(app, 1);
    const stale = await app.get('/gated/kept/k');
    expect([stale.status, stale.headers['cache-status']]).toEqual([200, expect.stringContaining('; hit')]);
    await until(() => app.cache.stats().rendering.waiting === 1);
    gate.resolve();
    expect((await running.answer).status).toBe(200);
    await until(() => app.cache.stats().renders === 3);
    expect(app.cache.stats()).toMatchObject({ limited: 0, renewFailures: 0 });
  });

  it('are not limited unless the cache says so, and nobody is asked who the client is', async () => {
    const route = gated({
      clientId: () => {
        throw new Error('asked');
      },
    });
    const app = await start({ controllers: [route.controller], cache: { render: { concurrency: 1 } } });
    const had = Array.from({ length: 20 }, (_, id) => app.open(`/gated/${id}`));
    await rendering(app, 20);
    route.gate.resolve();
    expect(statuses(await Promise.all(had.map(({ answer }) => answer))).every((status) => status === 200)).toBe(true);
  });

  describe('whose name a function tells', () => {
    const nameOf = (context: ExecutionContext): string | undefined =>
      context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>().headers['x-user'];

    it.each([
      ['at once', nameOf],
      ['later', (context: ExecutionContext) => Promise.resolve(nameOf(context))],
    ])('%s, are those of all of its addresses; who has no name is not limited', async (_, clientId) => {
      const { app, ask, gate } = await limited({}, { clientId });
      const ann = { 'x-user': 'ann' };
      const had = [await ask('a', FIRST, ann), await ask('b', SECOND, ann)];
      await rendering(app, 2);
      expect((await (await ask('c', FIRST, ann)).answer).status).toBe(429);
      had.push(await ask('d', FIRST, { 'x-user': 'bob' }));
      for (const id of ['e', 'f', 'g']) had.push(await ask(id));
      await rendering(app, 6);
      gate.resolve();
      expect(new Set(statuses(await Promise.all(had.map(({ answer }) => answer))))).toEqual(new Set([200]));
    });

    it.each([
      ['fails', () => Promise.reject(new Error('no session')), 'clientId(context): failed: no session'],
      ['tells no text', () => '', 'clientId(context): has to be a text that is not empty'],
    ])('are answered with 500 when it %s', async (_, clientId, message) => {
      const { app, calls } = await limited({}, { clientId });
      expect((await app.get('/gated/a')).status).toBe(500);
      expect(app.log.some((line) => line.message.includes(message))).toBe(true);
      expect(calls).toEqual([]);
    });
  });
});

describe('renders of one client behind a proxy', () => {
  const start = usingApps('express');

  it.each([
    ['that is trusted, are those of the client that it names', true, [200, 200, 429]],
    ['that is not, are the proxy’s', false, [200, 429, 429]],
  ])('%s', async (_, trusted, expected) => {
    const { controller, gate } = gated();
    const app = await start({
      controllers: [controller],
      cache: { render: { concurrency: 1, perClient: 1 } },
      configure: (nest) => {
        (nest as NestExpressApplication).set('trust proxy', trusted);
      },
    });
    const answers: OpenRequest[] = [];
    for (const [index, client] of ['192.0.2.1', '2001:db8::1', '2001:db8::2'].entries()) {
      answers.push(app.open(`/gated/${index}`, { headers: { 'x-forwarded-for': client } }));
      await until(() => {
        const { rendering, limited } = app.cache.stats();
        return rendering.running + rendering.waiting + limited === index + 1;
      });
    }
    gate.resolve();
    expect(statuses(await Promise.all(answers.map(({ answer }) => answer)))).toEqual(expected);
  });
});
