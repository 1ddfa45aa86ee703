import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Param, Req, Res, type ExecutionContext } from '@nestjs/common';
import { CacheVariant, type CacheVariantOptions, type RoutedRequest } from 'nestjs-image-cache';
import { jpegOf } from '../support/pictures.js';
import type { ResponseLike } from '../support/response-like.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const formatFor = ({ headers }: RoutedRequest): string =>
  String(headers['accept']).includes('image/avif') ? 'avif' : 'jpeg';

const operations = (context: ExecutionContext): string => formatFor(context.switchToHttp().getRequest<RoutedRequest>());

/** A route that answers by `Accept`, and says so in the way of its handler. */
function pictures(options: CacheVariantOptions, vary?: string): new () => object {
  @Controller('pictures')
  class Pictures {
    @Get(':id')
    @CacheVariant(options)
    picture(@Req() request: RoutedRequest, @Res({ passthrough: true }) response: ResponseLike): Buffer {
      if (vary !== undefined) response.header('Vary', vary);
      return jpegOf(formatFor(request) === 'avif' ? 1000 : 2000);
    }

    @Get(':id/page/:n')
    @CacheVariant(options)
    page(@Param('n') n: string): object {
      return { n };
    }
  }
  return Pictures;
}

async function ask(app: TestApp, accept: string, headers = {}): Promise<(string | number | undefined)[]> {
  const answer = await app.get('/pictures/a', { Accept: accept, ...headers });
  const { vary } = answer.headers;
  return [answer.status, answer.body.byteLength, String(answer.headers['cache-status']).slice(0, 21).trim(), vary];
}

const MISS = 'image-cache; fwd=miss';
const HIT = 'image-cache; hit; ttl';

describe.each(PLATFORMS)('pictures that depend on request headers, on %s', (platform) => {
  const start = usingApps(platform);

  it.each([
    ['says nothing of it', undefined],
    ['says the same', 'Accept'],
    ['says what else does no harm', 'Origin'],
  ])('are kept by what was negotiated, and every answer says so, when the handler %s', async (_what, vary) => {
    const app = await start({ controllers: [pictures({ operations, vary: ['Accept'] }, vary)] });
    const onMiss = vary === 'Origin' ? 'Origin, Accept' : 'Accept';
    expect(await ask(app, 'image/avif,*/*')).toEqual([200, 1000, MISS, onMiss]);
    expect(await ask(app, 'image/avif')).toEqual([200, 1000, HIT, 'Accept']);
    expect(await ask(app, 'image/webp')).toEqual([200, 2000, MISS, onMiss]);
    expect(await ask(app, '*/*')).toEqual([200, 2000, HIT, 'Accept']);
    expect(await ask(app, '*/*', { 'If-None-Match': '*' })).toEqual([304, 0, HIT, 'Accept']);
    expect(app.cache.stats().uncacheable).toEqual({});
  });

  it('keep what others have said already', async () => {
    const app = await start({
      controllers: [pictures({ operations, vary: ['Accept'] })],
      configure: (nest) => {
        nest.enableCors({ origin: ['http://one.example', 'http://two.example'] });
      },
    });
    const told = [];
    for (let turn = 0; turn < 2; turn += 1) told.push((await ask(app, '*/*', { Origin: 'http://one.example' })).at(-1));
    expect(told).toEqual(['Origin, Accept', 'Origin, Accept']);
  });

  it.each<[string, CacheVariantOptions, string]>([
    ['is not declared', { operations }, 'Accept'],
    ['is not all that is declared', { operations, vary: ['Accept'] }, 'Accept, Cookie'],
    ['is everything', { operations, vary: ['Accept'] }, '*'],
  ])('are not kept when what the handler varies by %s', async (_what, options, vary) => {
    const app = await start({ controllers: [pictures(options, vary)] });
    expect(await ask(app, '*/*')).toEqual([200, 2000, MISS, vary]);
    expect(await ask(app, '*/*')).toEqual([200, 2000, MISS, vary]);
    expect(app.cache.stats()).toMatchObject({ stored: 0, uncacheable: { vary: 2 } });
  });

  it('say so also where nothing can be kept', async () => {
    const app = await start({ controllers: [pictures({ operations, vary: ['Accept'] })] });
    const { headers, body } = await app.get('/pictures/a/page/1');
    expect([headers['vary'], body.toString()]).toEqual(['Accept', '{"n":"1"}']);
  });
});
