import { describe, expect, it } from '@jest/globals';
import { Controller, Delete, Get, Header, HttpCode, Param, Post, Res, type Type } from '@nestjs/common';
import { Readable } from 'node:stream';
import type { Sharp } from 'sharp';
import { CacheControl, CacheVariant, SkipImageCache, type UncacheableReason } from 'nestjs-image-cache';
import { deferred, record, until } from '../support/async.js';
import { jpegOf, plain } from '../support/pictures.js';
import type { ResponseLike } from '../support/response-like.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

const PICTURE = jpegOf(30_000);

interface Counted {
  readonly controller: Type;
  readonly calls: () => number;
}

/** A route whose handler does something to its own response before it returns a picture. */
function routeThat(prepare: (response: ResponseLike) => void, result: () => unknown = () => PICTURE): Counted {
  let calls = 0;
  @Controller('pictures')
  class Pictures {
    @Get(':id')
    @CacheVariant()
    async picture(@Res({ passthrough: true }) response: ResponseLike): Promise<unknown> {
      calls += 1;
      await new Promise((resolve) => setImmediate(resolve));
      prepare(response);
      return result();
    }
  }
  return { controller: Pictures, calls: () => calls };
}

const REASONS: readonly (readonly [string, (response: ResponseLike) => void, number, UncacheableReason])[] = [
  ['has another status than 200', (response) => void response.status(203), 203, 'status'],
  ['sets a cookie', (response) => void response.header('Set-Cookie', 'session=1'), 200, 'cookie'],
  ['says private', (response) => void response.header('Cache-Control', 'max-age=60, private'), 200, 'cache-control'],
  ['says no-store', (response) => void response.header('Cache-Control', 'no-store'), 200, 'cache-control'],
  ['varies by a request header', (response) => void response.header('Vary', 'Accept'), 200, 'vary'],
  ['varies by everything', (response) => void response.header('Vary', '*'), 200, 'vary'],
  ['is encoded', (response) => void response.header('Content-Encoding', 'br'), 200, 'encoding'],
];

const RESULTS: readonly (readonly [string, () => unknown])[] = [
  ['Buffer', () => PICTURE],
  ['Uint8Array', () => new Uint8Array(PICTURE)],
  ['Readable', () => Readable.from([PICTURE.subarray(0, 5000), PICTURE.subarray(5000)], { objectMode: false })],
];

describe.each(PLATFORMS)('responses that are for their own request alone, on %s', (platform) => {
  const start = usingApps(platform);

  describe.each(REASONS)('a response that %s', (_what, prepare, status, reason) => {
    it('is rendered for every request and never stored, and told of once in the log', async () => {
      const { controller, calls } = routeThat(prepare);
      const app = await start({ controllers: [controller] });
      const told = record(app.cache, 'uncacheable');
      const answers = [await app.get('/pictures/a'), await app.get('/pictures/a'), await app.get('/pictures/b')];
      for (const answer of answers) {
        expect(answer.status).toBe(status);
        expect(answer.body.equals(PICTURE)).toBe(true);
        expect(answer.headers['content-type']).toBe('image/jpeg');
        expect(answer.headers['content-length']).toBe(String(PICTURE.byteLength));
        expect(answer.headers['cache-status']).toBe('image-cache; fwd=miss');
        expect(answer.headers.etag).toBeUndefined();
      }
      expect(calls()).toBe(3);
      expect(told.map(({ route }) => route)).toEqual(Array.from({ length: 3 }, () => 'Pictures.picture'));
      expect(app.cache.stats().uncacheable).toEqual({ [reason]: 3 });
      expect(app.log.filter(({ message }) => message.includes('Pictures.picture is not cached'))).toHaveLength(1);
      expect(app.cache.stats()).toMatchObject({ stored: 0, renderFailures: 0 });
    });

    it('is not shared: who waited for the first call makes a call of its own', async () => {
      const gate = deferred();
      let calls = 0;
      @Controller('pictures')
      class Pictures {
        @Get(':id')
        @CacheVariant()
        async picture(@Res({ passthrough: true }) response: ResponseLike): Promise<Buffer> {
          calls += 1;
          response.header('X-Call', String(calls));
          await gate.promise;
          prepare(response);
          return PICTURE;
        }
      }
      const app = await start({ controllers: [Pictures] });
      const clients = Array.from({ length: 10 }, () => app.open('/pictures/a'));
      await until(() => app.cache.stats().tiers.variant.misses === 10);
      gate.resolve();
      const answers = await Promise.all(clients.map((client) => client.answer));
      expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 10 }, () => status));
      expect(answers.every(({ body }) => body.equals(PICTURE))).toBe(true);
      expect(new Set(answers.map(({ headers }) => headers['x-call']))).toHaveProperty('size', 10);
      expect(calls).toBe(10);
    });
  });

  it.each(RESULTS)('a %s that may not be cached is sent as the picture that it is', async (_kind, result) => {
    const { controller } = routeThat((response) => void response.header('Set-Cookie', 'session=1'), result);
    const app = await start({ controllers: [controller] });
    const { headers, body } = await app.get('/pictures/a');
    expect(headers['content-type']).toBe('image/jpeg');
    expect(headers['set-cookie']).toEqual(['session=1']);
    expect(body.equals(PICTURE)).toBe(true);
  });

  it('a sharp pipeline that may not be cached is sent as the picture that it is', async () => {
    const { controller } = routeThat(
      (response) => void response.header('Set-Cookie', 'session=1'),
      () => plain().webp(),
    );
    const app = await start({ controllers: [controller] });
    const { headers, body } = await app.get('/pictures/a');
    expect(headers['content-type']).toBe('image/webp');
    expect(body.equals(await plain().webp().toBuffer())).toBe(true);
  });

  it('what compression and CORS add to Vary does not keep a picture from being cached', async () => {
    const { controller, calls } = routeThat((response) => void response.header('Vary', 'Accept-Encoding, Origin'));
    const app = await start({ controllers: [controller] });
    await app.get('/pictures/a');
    expect((await app.get('/pictures/a')).headers['cache-status']).toMatch(/hit/);
    expect(calls()).toBe(1);
  });

  it.each([
    ['an object', { ok: true }, '{"ok":true}'],
    ['a list', [1, 2], '[1,2]'],
    ['text', 'hello', 'hello'],
  ])('%s passes through as it is', async (_what, value, body) => {
    const { controller, calls } = routeThat(
      () => undefined,
      () => value,
    );
    const app = await start({ controllers: [controller] });
    const answers = [await app.get('/pictures/a'), await app.get('/pictures/a')];
    expect(answers.map((answer) => answer.body.toString())).toEqual([body, body]);
    expect(calls()).toBe(2);
    expect(app.cache.stats()).toMatchObject({ stored: 0, uncacheable: { type: 2 } });
  });

  it.each([
    ['Buffer', () => Buffer.alloc(0)],
    ['stream', () => Readable.from([], { objectMode: false })],
  ])('an empty %s is never cached as a picture, whatever its declared type', async (_what, result) => {
    let calls = 0;
    @Controller('empty')
    class Empty {
      @Get(':id')
      @Header('Content-Type', 'image/webp')
      @CacheVariant()
      picture(): unknown {
        calls += 1;
        return result();
      }
    }
    const app = await start({ controllers: [Empty] });
    const answers = [await app.get('/empty/a'), await app.get('/empty/a')];
    expect(answers.map(({ body }) => body.byteLength)).toEqual([0, 0]);
    expect(calls).toBe(2);
    expect(app.cache.stats()).toMatchObject({ stored: 0, uncacheable: { empty: 2 } });
  });

  it('a handler that answers by itself is refused at the start, and told what to write', async () => {
    @Controller('own')
    class Own {
      @Get(':id')
      @CacheVariant()
      answer(@Res() response: ResponseLike): void {
        response.status(200).send('own answer');
      }
    }
    await expect(start({ controllers: [Own] })).rejects.toThrow(
      /^Own\.answer: .*write @Res\(\{ passthrough: true \}\)/,
    );
  });

  describe('a class that caches', () => {
    let calls: string[] = [];

    @Controller('album')
    @CacheVariant()
    class Album {
      @Get(':id')
      picture(): Buffer {
        calls.push('get');
        return PICTURE;
      }

      @Post(':id')
      @HttpCode(200)
      replace(@Param('id') id: string): object {
        calls.push('post');
        return { id };
      }

      @Delete(':id')
      remove(): object {
        calls.push('delete');
        return {};
      }

      @Get(':id/fresh')
      @SkipImageCache()
      fresh(): Sharp {
        calls.push('fresh');
        return plain().webp();
      }
    }

    it('caches its GET handlers, and leaves those of other methods alone', async () => {
      calls = [];
      const app = await start({ controllers: [Album] });
      await app.get('/album/a');
      expect((await app.get('/album/a')).headers['cache-status']).toMatch(/hit/);
      for (const method of ['POST', 'POST', 'DELETE']) await app.request(method, '/album/a');
      expect(calls).toEqual(['get', 'post', 'post', 'delete']);
      const posted = await app.request('POST', '/album/b');
      expect(posted.body.toString()).toBe('{"id":"b"}');
      expect(posted.headers['cache-control']).toBeUndefined();
      expect(posted.headers['cache-status']).toBe('image-cache; fwd=bypass');
    });

    it('exempts a handler with @SkipImageCache(), which may return the same kinds of pictures', async () => {
      calls = [];
      const app = await start({ controllers: [Album] });
      const answers = [await app.get('/album/a/fresh'), await app.get('/album/a/fresh')];
      expect(calls).toEqual(['fresh', 'fresh']);
      for (const { headers, body } of answers) {
        expect(headers['content-type']).toBe('image/webp');
        expect(headers['cache-status']).toBe('image-cache; fwd=bypass');
        expect(headers['cache-control']).toBeUndefined();
        expect(body.subarray(8, 12).toString()).toBe('WEBP');
      }
    });
  });

  it('decorators on the class and on its method are one cache, with the options of the method', async () => {
    let calls = 0;
    @Controller('twice')
    @CacheVariant({ query: ['a'] })
    class Twice {
      @Get(':id')
      @CacheVariant({ query: ['b'] })
      picture(): Buffer {
        calls += 1;
        return PICTURE;
      }
    }
    const app = await start({ controllers: [Twice] });
    await app.get('/twice/x?a=1&b=1');
    expect((await app.get('/twice/x?a=2&b=1')).headers['cache-status']).toMatch(/hit/);
    expect((await app.get('/twice/x?a=2&b=2')).headers['cache-status']).toMatch(/miss/);
    expect(calls).toBe(2);
  });

  describe('@CacheControl()', () => {
    it('alone gives good answers their header and caches nothing here', async () => {
      let calls = 0;
      @Controller('hinted')
      class Hinted {
        @Get(':id')
        @CacheControl({ maxAge: '1h' })
        data(@Param('id') id: string): object {
          calls += 1;
          return { id };
        }

        @Post(':id')
        @CacheControl({ maxAge: '1h' })
        change(): object {
          return {};
        }
      }
      const app = await start({ controllers: [Hinted] });
      const answers = [await app.get('/hinted/a'), await app.get('/hinted/a')];
      expect(answers.map(({ headers }) => headers['cache-control'])).toEqual([
        'max-age=3600, public',
        'max-age=3600, public',
      ]);
      expect(answers.map(({ headers }) => headers['cache-status'])).toEqual([undefined, undefined]);
      expect(calls).toBe(2);
      expect((await app.request('POST', '/hinted/a')).headers['cache-control']).toBeUndefined();
    });

    it('leaves a response alone that says something else itself, or sets a cookie', async () => {
      @Controller('hinted')
      @CacheControl({ maxAge: '1h' })
      class Hinted {
        @Get('own')
        own(@Res({ passthrough: true }) response: ResponseLike): object {
          response.header('Cache-Control', 'no-store');
          return {};
        }

        @Get('cookie')
        cookie(@Res({ passthrough: true }) response: ResponseLike): object {
          response.header('Set-Cookie', 'session=1');
          return {};
        }
      }
      const app = await start({ controllers: [Hinted] });
      expect((await app.get('/hinted/own')).headers['cache-control']).toBe('no-store');
      expect((await app.get('/hinted/cookie')).headers['cache-control']).toBeUndefined();
    });

    it.each([
      ['above', [CacheControl({ visibility: 'private', maxAge: '1h' }), CacheVariant()]],
      ['below', [CacheVariant(), CacheControl({ visibility: 'private', maxAge: '1h' })]],
    ])('that is private does not keep pictures from being cached here, %s @CacheVariant()', async (_where, both) => {
      @Controller('both')
      class Both {
        @Get(':id')
        picture(): Buffer {
          return PICTURE;
        }
      }
      const descriptor = Object.getOwnPropertyDescriptor(Both.prototype, 'picture') ?? {};
      for (const decorate of [...both].reverse()) decorate(Both.prototype, 'picture', descriptor);
      const app = await start({ controllers: [Both] });
      const answers = [await app.get('/both/a'), await app.get('/both/a')];
      expect(answers.map(({ headers }) => headers['cache-control'])).toEqual([
        'max-age=3600, private',
        'max-age=3600, private',
      ]);
      expect(answers[1]?.headers['cache-status']).toMatch(/hit/);
    });
  });
});
