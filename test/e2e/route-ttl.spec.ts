import { describe, expect, it } from '@jest/globals';
import { Controller, Get, type ExecutionContext } from '@nestjs/common';
import { CacheVariant, type CacheVariantOptions, type RoutedRequest } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const MINUTE = 60_000;

function pictures(ttl: CacheVariantOptions['ttl']): new () => object {
  @Controller('pictures')
  class Pictures {
    @Get(':id/short')
    @CacheVariant({ ...(ttl !== undefined && { ttl }) })
    short(): Buffer {
      return jpegOf(1000);
    }

    @Get(':id/usual')
    @CacheVariant()
    usual(): Buffer {
      return jpegOf(2000);
    }
  }
  return Pictures;
}

async function told(app: TestApp, path: string, headers = {}): Promise<unknown> {
  return (await app.get(path, headers)).headers['cache-status'];
}

const MISS = 'image-cache; fwd=miss; stored';
const STALE = 'image-cache; fwd=stale; stored';
const hit = (seconds: number): string => `image-cache; hit; ttl=${seconds}`;

describe.each(PLATFORMS)('the time to live of a route, on %s', (platform) => {
  const start = usingApps(platform);

  it('counts from the last access, and for that route alone', async () => {
    const clock = new FakeClock();
    const app = await start({ controllers: [pictures('10m')], cache: { clock, variant: { ttl: '1h' } } });
    const paths = ['/pictures/a/short', '/pictures/a/usual'];
    for (const path of paths) expect(await told(app, path)).toBe(MISS);
    for (let turn = 0; turn < 3; turn += 1) {
      await clock.advance(9 * MINUTE);
      expect(await told(app, '/pictures/a/short')).toBe(hit(600));
    }
    await clock.advance(10 * MINUTE + 1);
    expect(await told(app, '/pictures/a/short')).toBe(STALE);
    expect(await told(app, '/pictures/a/short')).toBe(hit(600));
    expect(await told(app, '/pictures/a/usual')).toBe(hit(3600));
  });

  it('is told for each request', async () => {
    const clock = new FakeClock();
    const ttl = (context: ExecutionContext): string =>
      context.switchToHttp().getRequest<RoutedRequest>().headers['x-preview'] === undefined ? '30m' : '1m';
    const app = await start({ controllers: [pictures(ttl)], cache: { clock, variant: { ttl: '1h' } } });
    expect(await told(app, '/pictures/a/short')).toBe(MISS);
    await clock.advance(2 * MINUTE);
    expect(await told(app, '/pictures/a/short')).toBe(hit(1800));
    await clock.advance(2 * MINUTE);
    expect(await told(app, '/pictures/a/short', { 'X-Preview': '1' })).toBe(STALE);
  });

  it.each<[string, string]>([
    ['a longer one', '2h'],
    ['none', '0'],
  ])('does not lengthen that of the cache: %s', async (_what, ttl) => {
    const clock = new FakeClock();
    const app = await start({ controllers: [pictures(ttl)], cache: { clock, variant: { ttl: '1h' } } });
    expect(await told(app, '/pictures/a/short')).toBe(MISS);
    expect(await told(app, '/pictures/a/short')).toBe(hit(3600));
    await clock.advance(60 * MINUTE + 1);
    expect(await told(app, '/pictures/a/short')).toBe(STALE);
  });

  it('ends entries of a cache that keeps all for ever', async () => {
    const clock = new FakeClock();
    const app = await start({ controllers: [pictures('10m')], cache: { clock, variant: { ttl: '0' } } });
    expect(await told(app, '/pictures/a/short')).toBe(MISS);
    expect(await told(app, '/pictures/a/short')).toBe(hit(600));
    await clock.advance(10 * MINUTE + 1);
    expect(await told(app, '/pictures/a/short')).toBe(STALE);
  });

  it('goes by the setting of now: what a former deploy has stored expires by the new one', async () => {
    const clock = new FakeClock();
    let ttl = '30m';
    const app = await start({ controllers: [pictures(() => ttl)], cache: { clock, variant: { ttl: '1h' } } });
    await told(app, '/pictures/a/short');
    await clock.advance(11 * MINUTE);
    ttl = '10m';
    expect(await told(app, '/pictures/a/short')).toBe(STALE);
  });

  it('is not what the worker goes by: it takes away what the whole cache would not serve', async () => {
    const clock = new FakeClock();
    const app = await start({ controllers: [pictures('10m')], cache: { clock, variant: { ttl: '1h' } } });
    for (const path of ['/pictures/a/short', '/pictures/a/usual']) await told(app, path);
    await clock.advance(30 * MINUTE);
    expect((await app.cache.sweep()).steps[0]).toMatchObject({ step: 'expired', examined: 2, removed: 0 });
    await clock.advance(31 * MINUTE);
    expect((await app.cache.sweep()).steps[0]).toMatchObject({ step: 'expired', examined: 2, removed: 2 });
  });
});
