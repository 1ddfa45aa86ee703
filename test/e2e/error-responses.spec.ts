import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Header,
  HttpException,
  ImATeapotException,
  InternalServerErrorException,
  type Type,
} from '@nestjs/common';
import { CacheControl, CacheInfo, CacheVariant, ImageCacheError, type ImageCacheErrorCode } from 'nestjs-image-cache';
import { record, until } from '../support/async.js';
import { FakeSource } from '../support/fake-source.js';
import type { Answer } from '../support/http-client.js';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

/** Routes of all kinds whose handlers throw. */
function routesThat(fail: () => never): Type {
  @Controller('failing')
  class Failing {
    @Get('variant/:id')
    @Header('Content-Type', 'image/webp')
    @CacheVariant({ namespace: '' })
    variant(): Buffer {
      return fail();
    }

    @Get('info/:id')
    @CacheInfo({ namespace: '' })
    info(): object {
      return fail();
    }

    @Get('hinted/:id')
    @CacheControl({ maxAge: '30d' })
    hinted(): object {
      return fail();
    }
  }
  return Failing;
}

const PATHS = ['/failing/variant/a', '/failing/info/a', '/failing/hinted/a'];

function bodyOf({ body }: Answer): unknown {
  return JSON.parse(body.toString());
}

describe.each(PLATFORMS)('errors on %s', (platform) => {
  const start = usingApps(platform);

  it.each<[string, HttpException, number]>([
    ['an HttpException', new ImATeapotException('short and stout'), 418],
    ['one of the server', new InternalServerErrorException('the disk is full'), 500],
    ['one with a body of its own', new HttpException({ code: 'GONE_FISHING' }, 410), 410],
  ])('keep their status and their body: %s', async (_what, error, status) => {
    const app = await start({
      controllers: [
        routesThat(() => {
          throw error;
        }),
      ],
    });
    for (const path of PATHS) {
      const answer = await app.get(path);
      expect([path, answer.status]).toEqual([path, status]);
      expect(bodyOf(answer)).toEqual(error.getResponse());
      expect(answer.headers['content-type']).toMatch(/^application\/json/);
    }
  });

  it('of a render that takes too long are the server’s, not of a client that has gone', async () => {
    @Controller('hanging')
    class Hanging {
      @Get(':id')
      @Header('Content-Type', 'image/webp')
      @CacheVariant({ namespace: '', clientDirectives: true })
      picture(): Promise<Buffer> {
        return new Promise(() => undefined);
      }
    }
    const cache = { render: { deadline: '300ms', timeout: '30s' } };
    const app = await start({ controllers: [Hanging], cache });
    const served = record(app.cache, 'served');
    for (const wish of ['max-stale', 'no-store']) {
      const answer = await app.get('/hanging/a', { 'Cache-Control': wish });
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
      expect(bodyOf(answer)).toMatchObject({ code: 'E_IMAGE_CACHE_OVERLOADED' });
    }
    await until(() => served.length === 2);
    expect(served).toMatchObject([{ outcome: 'server-error' }, { outcome: 'server-error' }]);
  });

  it('of all kinds are kept by nobody, and tell nothing of the inside', async () => {
    const app = await start({
      controllers: [
        routesThat(() => {
          throw new TypeError('cannot read /etc/secret.pem');
        }),
      ],
    });
    for (const path of PATHS) {
      const answer = await app.get(path);
      expect(answer.headers['cache-control']).toBe('no-cache, no-store, must-revalidate');
      expect(bodyOf(answer)).toEqual({ statusCode: 500, message: 'Internal server error' });
      expect(answer.headers).not.toHaveProperty('last-modified');
      expect(answer.headers['retry-after']).toBeUndefined();
    }
    expect(app.log.filter(({ level }) => level === 'error')).toHaveLength(PATHS.length);
  });

  it.each<[ImageCacheErrorCode, number]>([
    ['E_IMAGE_CACHE_NOT_FOUND', 404],
    ['E_IMAGE_CACHE_SOURCE_UNAVAILABLE', 503],
    ['E_IMAGE_CACHE_SOURCE_CHANGED', 503],
    ['E_IMAGE_CACHE_OVERLOADED', 503],
    ['E_IMAGE_CACHE_STORE_UNAVAILABLE', 503],
    ['E_IMAGE_CACHE_CLOSED', 503],
  ])('of the cache have their status: %s is %d', async (code, status) => {
    const app = await start({
      controllers: [
        routesThat(() => {
          throw new ImageCacheError(code, 'what happened');
        }),
      ],
    });
    for (const path of PATHS) {
      const answer = await app.get(path);
      expect([path, answer.status]).toEqual([path, status]);
      expect(bodyOf(answer)).toMatchObject({ statusCode: status, code });
      expect(answer.headers['retry-after']).toBe(status === 503 ? '1' : undefined);
      expect(answer.headers['cache-control']).toContain('no-store');
      expect(Object.keys(bodyOf(answer) as object).sort()).toEqual(['code', 'message', 'statusCode']);
    }
    expect(app.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('tell a source image that is gone from a source that is not available', async () => {
    const source = new FakeSource();
    @Controller('pictures')
    class Pictures {
      @Get(':id')
      @CacheVariant({ namespace: '' })
      picture(): Buffer {
        return jpegOf(100);
      }
    }
    const app = await start({ controllers: [Pictures], cache: { source, resolveFirst: true } });
    source.put('a', { size: 1 });
    expect((await app.get('/pictures/a')).status).toBe(200);
    source.unavailable = true;
    const unavailable = await app.get('/pictures/a');
    expect([unavailable.status, unavailable.headers['retry-after']]).toEqual([503, '1']);
    expect(bodyOf(unavailable)).toMatchObject({ code: 'E_IMAGE_CACHE_SOURCE_UNAVAILABLE' });
    expect(unavailable.body.includes('mounted')).toBe(false);
    source.unavailable = false;
    source.remove('a');
    const gone = await app.get('/pictures/a');
    expect([gone.status, gone.headers['retry-after']]).toEqual([404, undefined]);
    expect(bodyOf(gone)).toMatchObject({ code: 'E_IMAGE_CACHE_NOT_FOUND' });
    source.put('a', { size: 1 });
    expect((await app.get('/pictures/a')).headers['cache-status']).toMatch(/hit/);
  });
});
