import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Header, UseGuards, type CanActivate, type Type } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { CacheControl, CacheVariant, type ImageCacheOptions } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { next } from '../support/async.js';
import { FakeSource } from '../support/fake-source.js';
import { jpegOf, LARGE } from '../support/pictures.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const SMALL = 30_000;

function routeFor(picture: Buffer): Type {
  @Controller('pictures')
  class Pictures {
    @Get(':id')
    @CacheVariant()
    picture(): Buffer {
      return picture;
    }
  }
  return Pictures;
}

function etagOf(picture: Buffer): string {
  return `"${createHash('sha256').update(picture).digest('base64url')}"`;
}

describe.each(PLATFORMS)('headers of pictures on %s', (platform) => {
  const start = usingApps(platform);

  describe('for conditional requests', () => {
    const small = jpegOf(SMALL);
    const large = jpegOf(LARGE);

    async function warmed(picture: Buffer, cache: ImageCacheOptions = {}): Promise<TestApp> {
      const app = await start({ controllers: [routeFor(picture)], cache });
      const stored = next(app.cache, 'stored');
      await app.get('/pictures/a');
      await stored;
      return app;
    }

    it('have a strong ETag, the digest of the bytes, on hits and on misses that are in memory', async () => {
      const app = await start({ controllers: [routeFor(small)] });
      const answers = [await app.get('/pictures/a'), await app.get('/pictures/a'), await app.get('/pictures/b')];
      expect(answers.map(({ headers }) => headers.etag)).toEqual([etagOf(small), etagOf(small), etagOf(small)]);
      const other = await warmed(large);
      expect((await other.get('/pictures/a')).headers.etag).toBe(etagOf(large));
    });

    it.each([
      ['its tag', (tag: string) => tag],
      ['its tag made weak, as proxies that compress do', (tag: string) => `W/${tag}`],
      ['its tag among others', (tag: string) => `"other", ${tag} , W/"third"`],
      ['anything', () => '*'],
    ])('are answered with 304 to who has %s', async (_what, ifNoneMatch) => {
      for (const picture of [small, large]) {
        const app = await warmed(picture);
        const full = await app.get('/pictures/a');
        const answer = await app.get('/pictures/a', { 'If-None-Match': ifNoneMatch(etagOf(picture)) });
        expect(answer.status).toBe(304);
        expect(answer.body.byteLength).toBe(0);
        expect(answer.headers['content-length']).toBeUndefined();
        for (const name of ['etag', 'last-modified', 'cache-control', 'cache-status'])
          expect([name, answer.headers[name]]).toEqual([name, full.headers[name]]);
      }
    });

    it('are answered with 304 also when the picture had to be rendered to know it, and stored then', async () => {
      const app = await start({ controllers: [routeFor(small)] });
      const answer = await app.get('/pictures/a', { 'If-None-Match': etagOf(small) });
      expect([answer.status, answer.body.byteLength]).toEqual([304, 0]);
      expect(answer.headers['cache-status']).toBe('image-cache; fwd=miss; stored');
      expect((await app.get('/pictures/a')).headers['cache-status']).toMatch(/hit/);
    });

    it('are sent whole to who has another tag, whatever its If-Modified-Since says', async () => {
      const app = await warmed(small);
      const answer = await app.get('/pictures/a', {
        'If-None-Match': '"other"',
        'If-Modified-Since': 'Fri, 01 Jan 2100 00:00:00 GMT',
      });
      expect([answer.status, answer.body.equals(small)]).toEqual([200, true]);
    });

    it.each([
      ['exactly', 0, 304],
      ['later', 1000, 304],
      ['earlier', -1000, 200],
    ])('go by If-Modified-Since when it is %s the time that Last-Modified told', async (_when, offset, status) => {
      const app = await warmed(small);
      const { headers } = await app.get('/pictures/a');
      const told = headers['last-modified'] ?? '';
      expect(told).toMatch(/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/);
      const since = new Date(Date.parse(told) + offset).toUTCString();
      expect((await app.get('/pictures/a', { 'If-Modified-Since': since })).status).toBe(status);
    });

    it.each(['yesterday', '2100-01-01', '4102444800', ''])('are sent whole for the date %j', async (since) => {
      const app = await warmed(small);
      expect((await app.get('/pictures/a', { 'If-Modified-Since': since })).status).toBe(200);
    });

    it('tell the time of the source image, when there is a source', async () => {
      const source = new FakeSource();
      source.put('a', { lastModified: '1577934245123456789' });
      @Controller('pictures')
      class Pictures {
        @Get(':id')
        @CacheVariant({ namespace: '' })
        picture(): Buffer {
          return small;
        }
      }
      const app = await start({ controllers: [Pictures], cache: { source } });
      const answers = [await app.get('/pictures/a'), await app.get('/pictures/a')];
      expect(answers.map(({ headers }) => headers['last-modified'])).toEqual([
        'Thu, 02 Jan 2020 03:04:05 GMT',
        'Thu, 02 Jan 2020 03:04:05 GMT',
      ]);
    });
  });

  it.each([
    ['small', SMALL],
    ['large', LARGE],
  ])('are the same for HEAD, on a miss and on a hit, for %s pictures', async (_size, size) => {
    const picture = jpegOf(size);
    const clock = new FakeClock();
    const one = await start({ controllers: [routeFor(picture)], cache: { clock } });
    const two = await start({ controllers: [routeFor(picture)], cache: { clock } });
    for (const turn of ['miss', 'hit']) {
      const head = await one.request('HEAD', '/pictures/a');
      const get = await two.get('/pictures/a');
      expect([head.status, head.body.byteLength]).toEqual([200, 0]);
      expect(head.headers['cache-status']).toMatch(turn);
      expect({ ...head.headers, date: '' }).toEqual({ ...get.headers, date: '' });
      expect(head.headers['content-length']).toBe(String(size));
    }
  });

  describe('Cache-Control', () => {
    it('is that of the module by default', async () => {
      const app = await start({ controllers: [routeFor(jpegOf(SMALL))] });
      expect((await app.get('/pictures/a')).headers['cache-control']).toBe('max-age=2592000, public, no-transform');
      const own = await start({ controllers: [routeFor(jpegOf(SMALL))], cache: { client: { maxAge: '5m' } } });
      expect((await own.get('/pictures/a')).headers['cache-control']).toBe('max-age=300, public');
    });

    it('is not there when the module sends no hints', async () => {
      const app = await start({ controllers: [routeFor(jpegOf(SMALL))], cache: { client: false } });
      expect((await app.get('/pictures/a')).headers['cache-control']).toBeUndefined();
    });

    it('has the directives of @CacheControl() in one order, on misses, hits and 304', async () => {
      @Controller('pictures')
      class Pictures {
        @Get(':id')
        @CacheControl({
          staleIfError: '1d',
          staleWhileRevalidate: '1h',
          immutable: true,
          noTransform: true,
          proxyRevalidate: true,
          mustRevalidate: true,
          noCache: true,
          visibility: 'private',
          sharedMaxAge: '2m',
          maxAge: '1m',
        })
        @CacheVariant()
        picture(): Buffer {
          return jpegOf(SMALL);
        }
      }
      const app = await start({ controllers: [Pictures] });
      const answers = [
        await app.get('/pictures/a'),
        await app.get('/pictures/a'),
        await app.get('/pictures/a', { 'If-None-Match': '*' }),
      ];
      const value =
        'max-age=60, s-maxage=120, private, no-cache, must-revalidate, proxy-revalidate, no-transform, immutable, ' +
        'stale-while-revalidate=3600, stale-if-error=86400';
      expect(answers.map(({ headers }) => headers['cache-control'])).toEqual([value, value, value]);
    });

    it('is that of @Header(), which is more than the default of the module', async () => {
      @Controller('pictures')
      class Pictures {
        @Get(':id')
        @Header('Cache-Control', 'public, max-age=7')
        @CacheVariant()
        picture(): Buffer {
          return jpegOf(SMALL);
        }
      }
      const app = await start({ controllers: [Pictures] });
      const answers = [await app.get('/pictures/a'), await app.get('/pictures/a')];
      expect(answers.map(({ headers }) => headers['cache-control'])).toEqual([
        'public, max-age=7',
        'public, max-age=7',
      ]);
      expect(answers[1]?.headers['cache-status']).toMatch(/hit/);
    });

    it('is refused at once when it is misspelt', () => {
      expect(() => CacheControl({ maxAge: '1 hour' })).toThrow('@CacheControl().maxAge');
      expect(() => CacheControl({ maxage: '1h' } as object)).toThrow('@CacheControl().maxage');
    });
  });

  describe('Cache-Status', () => {
    it('tells for how long a hit is good, and nothing where that has no end', async () => {
      const app = await start({ controllers: [routeFor(jpegOf(SMALL))], cache: { variant: { ttl: '90s' } } });
      await app.get('/pictures/a');
      expect((await app.get('/pictures/a')).headers['cache-status']).toBe('image-cache; hit; ttl=90');
      const eternal = await start({ controllers: [routeFor(jpegOf(SMALL))], cache: { variant: { ttl: '0' } } });
      await eternal.get('/pictures/a');
      expect((await eternal.get('/pictures/a')).headers['cache-status']).toBe('image-cache; hit');
    });

    it('tells that an entry is too old, and that it has not been asked for in time', async () => {
      const clock = new FakeClock();
      const cache = { clock, variant: { ttl: '60s', staleness: '100s' } };
      const app = await start({ controllers: [routeFor(jpegOf(SMALL))], cache });
      const told: (string | string[] | undefined)[] = [];
      for (const seconds of [0, 50, 49, 2, 61]) {
        await clock.advance(seconds * 1000);
        told.push((await app.get('/pictures/a')).headers['cache-status']);
      }
      expect(told).toEqual([
        'image-cache; fwd=miss; stored',
        'image-cache; hit; ttl=50',
        'image-cache; hit; ttl=1',
        'image-cache; fwd=stale; stored',
        'image-cache; fwd=stale; stored',
      ]);
    });

    it('is added to what a cache nearer to the origin has told', async () => {
      const TellingGuard: CanActivate = {
        canActivate: (context) => {
          const reply = context.switchToHttp().getResponse<{ header(name: string, value: string): unknown }>();
          reply.header('Cache-Status', 'origin; hit');
          return true;
        },
      };
      const controller = routeFor(jpegOf(SMALL));
      UseGuards(TellingGuard)(controller);
      const app = await start({ controllers: [controller] });
      const answers = [await app.get('/pictures/a'), await app.get('/pictures/a')];
      expect(answers.map(({ headers }) => headers['cache-status'])).toEqual([
        'origin; hit, image-cache; fwd=miss; stored',
        expect.stringMatching(/^origin; hit, image-cache; hit; ttl=\d+$/),
      ]);
    });

    it('tells that there is no cache', async () => {
      const app = await start({ controllers: [routeFor(jpegOf(SMALL))], cache: { variant: false } });
      const answers = [await app.get('/pictures/a'), await app.get('/pictures/a')];
      expect(answers.map(({ headers }) => headers['cache-status'])).toEqual([
        'image-cache; fwd=bypass',
        'image-cache; fwd=bypass',
      ]);
    });
  });
});
