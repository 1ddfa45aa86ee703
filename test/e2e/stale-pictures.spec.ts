import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, InternalServerErrorException, StreamableFile, type Type } from '@nestjs/common';
import {
  CacheControl,
  CacheVariant,
  filesystemStore,
  type ImageCacheOptions,
  type VariantOptions,
} from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { deferred, until, type Deferred } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { FakeSource } from '../support/fake-source.js';
import type { Answer } from '../support/http-client.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const HOUR = 3_600_000;

/** Pictures that tell which version they are of. */
class Gallery {
  version = 1;
  calls = 0;
  failure: Error | undefined;
  gate: Deferred | undefined;

  async picture(): Promise<StreamableFile> {
    this.calls += 1;
    const { version } = this;
    await this.gate?.promise;
    if (this.failure !== undefined) throw this.failure;
    return new StreamableFile(Buffer.from(`version ${version}`), { type: `image/x-version-${version}` });
  }

  controller(): Type {
    const render = (): Promise<StreamableFile> => this.picture();
    @Controller('pictures')
    class Pictures {
      @Get('strict/:id')
      @CacheVariant({ namespace: '' })
      @CacheControl({ maxAge: '1h', mustRevalidate: true })
      strict(): Promise<StreamableFile> {
        return render();
      }

      @Get(':id')
      @CacheVariant({ namespace: '' })
      picture(): Promise<StreamableFile> {
        return render();
      }
    }
    return Pictures;
  }
}

function told({ status, headers, body }: Answer): unknown {
  return [status, String(body), headers['content-type'], headers['cache-status'], headers['cache-control']];
}

const LIVING = 'max-age=2592000, public, no-transform';
const OVER = 'max-age=0, public, no-transform';

describe.each(PLATFORMS)('pictures whose time is over on %s', (platform) => {
  const start = usingApps(platform);
  let clock: FakeClock;
  let gallery: Gallery;
  let directory: TestDirectory;

  const serve = (variant: VariantOptions, options: ImageCacheOptions = {}): Promise<TestApp> => {
    const store = filesystemStore({ directory: directory.path });
    const cache = { clock, variant: { store, ...variant }, ...options };
    return start({ controllers: [gallery.controller()], cache });
  };

  const isStored = async (app: TestApp, count: number): Promise<void> => {
    await until(() => app.cache.stats().stored === count && app.cache.stats().rendering.running === 0);
  };

  beforeEach(async () => {
    clock = new FakeClock(Date.now());
    gallery = new Gallery();
    directory = await makeDirectory();
  });

  afterEach(() => directory.remove());

  describe.each<[string, VariantOptions]>([
    ['since nobody has asked for them', { ttl: '1h' }],
    ['since they are old', { ttl: '0', staleness: '1h' }],
  ])('%s', (_why, times) => {
    it('are served at once, and rendered once behind the answers', async () => {
      const app = await serve({ ...times, stale: '1h' });
      await app.get('/pictures/a');
      await isStored(app, 1);
      await clock.advance(HOUR + 5000);
      gallery.version = 2;
      gallery.gate = deferred();
      const answers = await Promise.all(Array.from({ length: 20 }, () => app.get('/pictures/a')));
      for (const answer of answers)
        expect(told(answer)).toEqual([200, 'version 1', 'image/x-version-1', 'image-cache; hit; ttl=-5', OVER]);
      await until(() => gallery.calls === 2);
      expect(app.cache.stats().servedStale).toBe(20);
      gallery.gate.resolve();
      await isStored(app, 2);
      const renewed = await app.get('/pictures/a');
      expect(told(renewed)).toEqual([200, 'version 2', 'image/x-version-2', 'image-cache; hit; ttl=3600', LIVING]);
      expect(gallery.calls).toBe(2);
    });

    it('are served on while they cannot be rendered, tried again after a while, and no longer than said', async () => {
      const app = await serve({ ...times, stale: '1h' });
      await app.get('/pictures/a');
      await isStored(app, 1);
      await clock.advance(HOUR + 5000);
      gallery.failure = new InternalServerErrorException('the disk is on fire');
      for (const failures of [1, 1, 1]) {
        expect((await app.get('/pictures/a')).body.toString()).toBe('version 1');
        await until(() => app.cache.stats().renewFailures === failures);
      }
      expect(gallery.calls).toBe(2);
      await clock.advance(10_000);
      expect((await app.get('/pictures/a')).headers['cache-status']).toBe('image-cache; hit; ttl=-15');
      await until(() => app.cache.stats().renewFailures === 2);
      await clock.advance(HOUR);
      expect((await app.get('/pictures/a')).status).toBe(500);
      expect(app.log.filter(({ message }) => message.includes('is served past its time'))).toHaveLength(1);
    });

    it('are waited for where they must be revalidated, or nothing was said', async () => {
      for (const [path, stale] of [
        ['/pictures/strict/a', '1h'],
        ['/pictures/b', '0'],
      ] as const) {
        const app = await serve({ ...times, stale });
        await app.get(path);
        await isStored(app, 1);
        await clock.advance(HOUR + 5000);
        gallery.version += 1;
        const answer = await app.get(path);
        expect([answer.body.toString(), answer.headers['cache-status']]).toEqual([
          `version ${gallery.version}`,
          'image-cache; fwd=stale; stored',
        ]);
        await app.close();
      }
    });

    it('are not swept away as long as they are served', async () => {
      const app = await serve({ ...times, stale: '1h' });
      await app.get('/pictures/a');
      await isStored(app, 1);
      await clock.advance(HOUR + HOUR / 2);
      expect((await app.cache.evictInvalid()).steps).toMatchObject([{ step: 'expired', removed: 0 }]);
      await clock.advance(HOUR);
      expect((await app.cache.evictInvalid()).steps).toMatchObject([{ step: 'expired', removed: 1 }]);
    });
  });

  it('are hits while the source cannot tell, for as long as said, and what is not there is not rendered', async () => {
    const source = new FakeSource();
    source.put('a', { etag: '1' });
    const app = await serve({ stale: '1h' }, { source, resolveFirst: true });
    await app.get('/pictures/a');
    await isStored(app, 1);
    source.unavailable = true;
    const hit = 'image-cache; hit; ttl=2592000; detail=source-unavailable';
    for (const path of ['/pictures/a', '/pictures/a']) {
      expect(told(await app.get(path))).toEqual([200, 'version 1', 'image/x-version-1', hit, OVER]);
      expect((await app.get('/pictures/b')).status).toBe(503);
      await clock.advance(HOUR / 2);
    }
    expect((await app.get('/pictures/strict/a')).status).toBe(503);
    await clock.advance(1);
    expect((await app.get('/pictures/a')).status).toBe(503);
    source.unavailable = false;
    source.put('a', { etag: '2' });
    gallery.version = 2;
    expect((await app.get('/pictures/a')).body.toString()).toBe('version 2');
  });
});
