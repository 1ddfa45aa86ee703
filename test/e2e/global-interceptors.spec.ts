import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, ForbiddenException, Get, Param, Post, type Type } from '@nestjs/common';
import { CacheControl, CacheVariant, EvictImage } from 'nestjs-image-cache';
import { from, type Observable } from 'rxjs';
import { BINDINGS } from '../support/interceptor-bindings.js';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const GLOBAL = BINDINGS.slice(0, 3);

describe.each(PLATFORMS.flatMap((platform) => GLOBAL.map((binding) => ({ ...binding, platform }))))(
  'HTTP on $platform with the interceptors $how',
  ({ platform, providers = [], configure }) => {
    const start = usingApps(platform);
    const calls: string[] = [];

    afterEach(() => {
      calls.length = 0;
    });

    const serve = (controller: Type): Promise<TestApp> =>
      start({ controllers: [controller], providers, ...(configure && { configure }) });

    it('leaves routes alone that have no decorator', async () => {
      @Controller('paintings')
      class Paintings {
        @Get()
        list(): object {
          calls.push('list');
          return { ids: ['a'] };
        }

        @Get('number')
        number(): Observable<number> {
          return from([1, 2, 3]);
        }

        @Get('locked')
        locked(): never {
          throw new ForbiddenException('It is locked');
        }

        @Post(':id')
        change(@Param('id') id: string): object {
          return { id };
        }
      }
      const app = await serve(Paintings);
      const unused = app.cache.stats();
      const [one, other] = [await app.get('/paintings'), await app.get('/paintings')];
      expect([one.body.toString(), other.body.toString()]).toEqual(['{"ids":["a"]}', '{"ids":["a"]}']);
      expect(calls).toEqual(['list', 'list']);
      expect((await app.get('/paintings/number')).body.toString()).toBe('3');
      const locked = await app.get('/paintings/locked');
      expect([locked.status, locked.body.toString()]).toEqual([403, expect.stringContaining('It is locked')]);
      expect((await app.request('POST', '/paintings/a')).status).toBe(201);
      for (const { headers } of [one, other, locked])
        expect([headers['cache-control'], headers['cache-status']]).toEqual([undefined, undefined]);
      expect(app.cache.stats()).toEqual(unused);
    });

    it('treats routes that have decorators as it does without them', async () => {
      @Controller('paintings')
      class Paintings {
        @Get(':id')
        @CacheVariant()
        @CacheControl({ maxAge: '1d' })
        picture(@Param('id') id: string): Buffer {
          calls.push(`picture ${id}`);
          return jpegOf(1000);
        }

        @Post(':id')
        @EvictImage()
        change(@Param('id') id: string): void {
          calls.push(`change ${id}`);
        }
      }
      const app = await serve(Paintings);
      const answers = [await app.get('/paintings/a'), await app.get('/paintings/a')];
      await app.request('POST', '/paintings/a');
      answers.push(await app.get('/paintings/a'));
      expect(answers.map(({ headers }) => headers['cache-status'])).toEqual([
        'image-cache; fwd=miss; stored',
        expect.stringMatching(/^image-cache; hit/),
        'image-cache; fwd=miss; stored',
      ]);
      for (const { headers } of answers) expect(headers['cache-control']).toBe('max-age=86400, private');
      expect(calls).toEqual(['picture a', 'change a', 'picture a']);
    });
  },
);
