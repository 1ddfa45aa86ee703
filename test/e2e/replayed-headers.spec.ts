import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Header, Res, StreamableFile, type Type } from '@nestjs/common';
import { CacheVariant, filesystemStore, type CacheVariantOptions, type ImageCacheOptions } from 'nestjs-image-cache';
import { deferred, next, until } from '../support/async.js';
import { makeDirectory } from '../support/directories.js';
import { jpegOf } from '../support/pictures.js';
import type { ResponseLike } from '../support/response-like.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const NAMES = ['content-disposition', 'content-language', 'link', 'x-credit', 'x-licence', 'x-request-id'] as const;

/** A route whose handler sets all these headers. */
function pictures(options: CacheVariantOptions, gate: Promise<void> = Promise.resolve()): Type {
  let calls = 0;
  @Controller('pictures')
  class Pictures {
    @Get(':id')
    @CacheVariant(options)
    async picture(@Res({ passthrough: true }) response: ResponseLike): Promise<StreamableFile> {
      calls += 1;
      await gate;
      response.header('Content-Language', 'de').header('Link', '</licence>; rel="license"');
      response.header('X-Credit', 'Someone').header('X-Licence', 'CC0').header('X-Request-Id', String(calls));
      return new StreamableFile(jpegOf(1000), { type: 'image/jpeg', disposition: 'inline; filename="a.jpg"' });
    }
  }
  return Pictures;
}

/** The headers of a hit, by name; nothing for those that it has not. */
async function replayed(app: TestApp): Promise<unknown[]> {
  const stored = next(app.cache, 'stored');
  await app.get('/pictures/a');
  await stored;
  const { headers } = await app.get('/pictures/a');
  expect(headers['cache-status']).toMatch(/hit/);
  expect(headers['content-type']).toBe('image/jpeg');
  return NAMES.map((name) => headers[name] ?? null);
}

const USUAL = ['inline; filename="a.jpg"', 'de', '</licence>; rel="license"'];

const LISTS: readonly (readonly [string, ImageCacheOptions, CacheVariantOptions, readonly unknown[]])[] = [
  ['nowhere', {}, {}, [null, null, null]],
  ['for the module', { replayHeaders: ['X-Credit'] }, {}, ['Someone', null, null]],
  ['for the route', {}, { replayHeaders: ['x-licence', 'Link'] }, [null, 'CC0', null]],
  ['for both', { replayHeaders: ['X-Credit'] }, { replayHeaders: ['X-Licence'] }, [null, 'CC0', null]],
  ['for the module, and not for the route', { replayHeaders: ['X-Credit'] }, { replayHeaders: [] }, [null, null, null]],
];

describe.each(PLATFORMS)('headers that hits replay, on %s', (platform) => {
  const start = usingApps(platform);

  it.each(LISTS)('are the usual ones and those that are listed %s', async (_where, cache, options, expected) => {
    const app = await start({ controllers: [pictures(options)], cache });
    expect(await replayed(app)).toEqual([...USUAL, ...expected]);
  });

  it('are also those of who waited for the render of another', async () => {
    const gate = deferred();
    const app = await start({ controllers: [pictures({ replayHeaders: ['X-Credit'] }, gate.promise)] });
    const clients = [app.open('/pictures/a'), app.open('/pictures/a')];
    await until(() => app.cache.stats().tiers.variant.misses === 2);
    gate.resolve();
    const answers = await Promise.all(clients.map(({ answer }) => answer));
    expect(answers.map(({ headers }) => headers['x-credit'])).toEqual(['Someone', 'Someone']);
    expect(new Set(answers.map(({ headers }) => headers['x-request-id'] ?? null))).toEqual(new Set(['1', null]));
  });

  it('are no longer those that a former deploy has stored', async () => {
    const directory = await makeDirectory();
    const cache = { variant: { store: filesystemStore({ directory: directory.path }) } };
    const former = await start({ controllers: [pictures({ replayHeaders: ['X-Credit', 'X-Licence'] })], cache });
    expect(await replayed(former)).toEqual([...USUAL, 'Someone', 'CC0', null]);
    await former.close();
    const app = await start({ controllers: [pictures({ replayHeaders: ['X-Licence'] })], cache });
    const { headers } = await app.get('/pictures/a');
    expect(headers['cache-status']).toMatch(/hit/);
    expect(NAMES.map((name) => headers[name] ?? null)).toEqual([...USUAL, null, 'CC0', null]);
    await app.close();
    await directory.remove();
  });

  it('never have a cookie: a response that sets one is not stored, whatever is listed', async () => {
    @Controller('pictures')
    class Pictures {
      @Get(':id')
      @Header('X-Credit', 'Someone')
      @CacheVariant({ replayHeaders: ['X-Credit'] })
      picture(@Res({ passthrough: true }) response: ResponseLike): Buffer {
        response.header('Set-Cookie', 'session=1');
        return jpegOf(1000);
      }
    }
    const app = await start({ controllers: [Pictures] });
    const answers = [await app.get('/pictures/a'), await app.get('/pictures/a')];
    expect(answers.map(({ headers }) => headers['cache-status'])).toEqual([
      'image-cache; fwd=miss',
      'image-cache; fwd=miss',
    ]);
    expect(app.cache.stats()).toMatchObject({ stored: 0, uncacheable: { cookie: 2 } });
  });
});
