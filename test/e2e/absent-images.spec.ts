import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  GoneException,
  NotFoundException,
  Param,
  ServiceUnavailableException,
  type HttpException,
} from '@nestjs/common';
import { CacheVariant, ImageCache, type ImageCacheOptions } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { FakeSource } from '../support/fake-source.js';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

describe.each(PLATFORMS)('images that are not there on %s', (platform) => {
  const start = usingApps(platform);
  let clock: FakeClock;
  let calls: string[];
  let failure: Error | undefined;

  @Controller('pictures')
  class Pictures {
    @Get(':id/:width')
    @CacheVariant({ namespace: '' })
    picture(@Param('id') id: string): Buffer {
      calls.push(id);
      if (failure !== undefined) throw failure;
      return jpegOf(100);
    }
  }

  const serve = (cache: ImageCacheOptions = {}): Promise<TestApp> =>
    start({ controllers: [Pictures], cache: { clock, variant: { negativeTtl: '1m' }, ...cache } });

  beforeEach(() => {
    clock = new FakeClock();
    calls = [];
    failure = undefined;
  });

  it.each<[number, HttpException]>([
    [404, new NotFoundException('nothing here')],
    [410, new GoneException('nothing here')],
  ])('are remembered when a handler says so with %d, picture by picture, for a while', async (status, error) => {
    const app = await serve();
    failure = error;
    for (const path of ['/pictures/a/1', '/pictures/a/1', '/pictures/a/2', '/pictures/a/2']) {
      const answer = await app.get(path);
      expect([answer.status, JSON.parse(answer.body.toString())]).toEqual([status, error.getResponse()]);
      expect(answer.headers['cache-control']).toBe('no-cache, no-store, must-revalidate');
    }
    expect(calls).toEqual(['a', 'a']);
    await clock.advance(60_000);
    failure = undefined;
    expect((await app.get('/pictures/a/1')).status).toBe(200);
  });

  it('end at different times, none later than said', async () => {
    const app = await serve();
    failure = new NotFoundException();
    const paths = Array.from({ length: 50 }, (_, index) => `/pictures/a/${index}`);
    for (const path of paths) await app.get(path);
    calls = [];
    await clock.advance(54_000);
    for (const path of paths) await app.get(path);
    expect(calls.length).toBeGreaterThan(0);
    expect(calls.length).toBeLessThan(50);
  });

  it('are remembered as a whole when the source says so', async () => {
    const source = new FakeSource();
    const app = await serve({ source });
    for (const width of [1, 2, 3]) expect((await app.get(`/pictures/a/${width}`)).status).toBe(404);
    expect([source.lookups, calls]).toEqual([1, []]);
    source.put('a', { etag: '1' });
    expect((await app.get('/pictures/a/1')).status).toBe(404);
    await clock.advance(60_000);
    expect((await app.get('/pictures/a/1')).status).toBe(200);
  });

  it('are asked for again when somebody says that they have changed', async () => {
    const source = new FakeSource();
    const app = await serve({ source });
    expect((await app.get('/pictures/a/1')).status).toBe(404);
    source.put('a', { etag: '1' });
    await app.nest.get(ImageCache).changed('a');
    expect((await app.get('/pictures/a/1')).status).toBe(200);
  });

  it('are not those that nobody can tell about', async () => {
    const source = new FakeSource();
    source.unavailable = true;
    const app = await serve({ source });
    for (const width of [1, 1]) expect((await app.get(`/pictures/a/${width}`)).status).toBe(503);
    source.unavailable = false;
    source.put('a', { etag: '1' });
    failure = new ServiceUnavailableException();
    expect((await app.get('/pictures/a/1')).status).toBe(503);
    failure = undefined;
    expect((await app.get('/pictures/a/1')).status).toBe(200);
  });

  it('are asked for each time where nothing was said', async () => {
    const app = await serve({ variant: {} });
    failure = new NotFoundException();
    for (const width of [1, 1, 1]) expect((await app.get(`/pictures/a/${width}`)).status).toBe(404);
    expect(calls).toHaveLength(3);
  });
});
