import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, type ExecutionContext, type Type } from '@nestjs/common';
import { CacheVariant, filesystemStore, type ImageCacheOptions, type Resolvable } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { until } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { FakeSource } from '../support/fake-source.js';
import type { Answer } from '../support/http-client.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const MINUTE = 60_000;

function told({ status, headers, body }: Answer): unknown {
  return [status, String(body), headers['cache-status']];
}

/** Of users by a header, as a guard would have found out. */
function isCurator(context: ExecutionContext): boolean {
  return context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['x-user'] === 'curator';
}

describe.each(PLATFORMS)('what a client asks of the cache on %s', (platform) => {
  const start = usingApps(platform);
  let clock: FakeClock;
  let directory: TestDirectory;
  let version: number;

  function controller(clientDirectives?: Resolvable<boolean>): Type {
    @Controller('pictures')
    class Pictures {
      @Get(':id')
      @CacheVariant({ namespace: '', ...(clientDirectives !== undefined && { clientDirectives }) })
      picture(): Buffer {
        version += 1;
        return Buffer.from(`version ${version}`);
      }
    }
    return Pictures;
  }

  /** An application that has one picture, kept a minute ago. */
  async function serve(clientDirectives?: Resolvable<boolean>, options: ImageCacheOptions = {}): Promise<TestApp> {
    const variant = { store: filesystemStore({ directory: directory.path }), hot: '1MB', ttl: '0' } as const;
    const cache = { clock, variant, ...options };
    const app = await start({ controllers: [controller(clientDirectives)], cache });
    await app.get('/pictures/a');
    await until(() => app.cache.stats().stored === 1);
    await clock.advance(MINUTE);
    return app;
  }

  const HIT = [200, 'version 1', 'image-cache; hit'];

  beforeEach(async () => {
    clock = new FakeClock(Date.now());
    directory = await makeDirectory();
    version = 0;
  });

  afterEach(() => directory.remove());

  const policies = [undefined, false, isCurator, () => Promise.resolve(false)];

  it.each<[string, string, Record<string, string>]>([
    ['Cache-Control: no-cache', '', { 'Cache-Control': 'no-cache' }],
    ['Cache-Control: no-store', '', { 'Cache-Control': 'no-store' }],
    ['Cache-Control: max-age=0', '', { 'Cache-Control': 'max-age=0' }],
    ['Pragma: no-cache', '', { Pragma: 'no-cache' }],
    ['?cache=nocache', '?cache=nocache', {}],
    ['?cache=false', '?cache=false', {}],
    ['?cache=recache', '?cache=recache', {}],
    ['?cache=anything', '?cache=anything', {}],
    ['several arguments', '?cache=recache&cache=nocache', {}],
  ])('is not done for anybody by %s, unless the route says so', async (_what, query, headers) => {
    for (const policy of policies) {
      const app = await serve(policy);
      expect(told(await app.get(`/pictures/a${query}`, { ...headers, 'X-User': 'visitor' }))).toEqual(HIT);
      await app.cache.purge();
      version = 0;
    }
  });

  it.each<[string, string, Record<string, string>]>([
    ['Cache-Control: no-cache', '', { 'Cache-Control': 'no-cache' }],
    ['Cache-Control: max-age=60', '', { 'Cache-Control': 'max-age=60' }],
    ['Pragma: no-cache', '', { Pragma: 'no-cache' }],
    ['?cache=recache', '?cache=recache', {}],
  ])('is done by %s: a new picture takes the place of the one that is kept', async (_what, query, headers) => {
    const app = await serve(isCurator);
    const answer = await app.get(`/pictures/a${query}`, { ...headers, 'X-User': 'curator' });
    expect(told(answer)).toEqual([200, 'version 2', 'image-cache; fwd=request; stored']);
    await until(() => app.cache.stats().stored === 2);
    expect(told(await app.get('/pictures/a'))).toEqual([200, 'version 2', 'image-cache; hit']);
  });

  it.each<[string, string, Record<string, string>]>([
    ['Cache-Control: no-store', '', { 'Cache-Control': 'no-store' }],
    ['?cache=nocache', '?cache=nocache', {}],
    ['?cache=false', '?cache=false', {}],
  ])('is done by %s: its picture is its own, and what is kept stays', async (_what, query, headers) => {
    const app = await serve(true);
    const answer = await app.get(`/pictures/a${query}`, headers);
    expect(told(answer)).toEqual([200, 'version 2', 'image-cache; fwd=bypass']);
    expect(told(await app.get('/pictures/a'))).toEqual(HIT);
  });

  it('is a hit when the picture is young enough', async () => {
    const app = await serve(true);
    expect(told(await app.get('/pictures/a', { 'Cache-Control': 'max-age=61' }))).toEqual(HIT);
  });

  it('is a hit too when the source vouches for it: that is asked, not the handler', async () => {
    const source = new FakeSource();
    source.put('a', { etag: '1' });
    const app = await serve(true, { source });
    const before = source.lookups;
    expect(told(await app.get('/pictures/a', { 'Cache-Control': 'no-cache' }))).toEqual(HIT);
    expect([source.lookups, version]).toEqual([before + 1, 1]);
    source.put('a', { etag: '2' });
    expect(told(await app.get('/pictures/a'))).toEqual(HIT);
    const answer = await app.get('/pictures/a', { 'Cache-Control': 'no-cache' });
    expect(told(answer)).toEqual([200, 'version 2', 'image-cache; fwd=stale; stored']);
  });

  it('is 504 when only what is in the cache was asked for and there is nothing, for everybody', async () => {
    const app = await serve();
    const onlyIfCached = { 'Cache-Control': 'only-if-cached' };
    expect(told(await app.get('/pictures/a', onlyIfCached))).toEqual(HIT);
    const answer = await app.get('/pictures/b', onlyIfCached);
    expect([answer.status, JSON.parse(answer.body.toString())]).toMatchObject([
      504,
      { code: 'E_IMAGE_CACHE_NOT_CACHED' },
    ]);
    expect(answer.headers['cache-control']).toBe('no-cache, no-store, must-revalidate');
    expect(version).toBe(1);
  });

  it('makes one picture for all who want a new one at the same time, or one each in turn', async () => {
    const app = await serve(true);
    const answers = await Promise.all(Array.from({ length: 10 }, () => app.get('/pictures/a?cache=recache')));
    expect(answers.every(({ status, body }) => status === 200 && String(body) !== 'version 1')).toBe(true);
    await until(() => app.cache.stats().rendering.running === 0);
    expect(String((await app.get('/pictures/a')).body)).toBe(`version ${version}`);
  });

  it('fails the start or the request when the option is no such thing', async () => {
    await expect(start({ controllers: [controller('always' as never)] })).rejects.toThrow(
      /^Pictures\.picture: clientDirectives: is neither true nor false, but a text/,
    );
    const app = await start({ controllers: [controller(() => 'yes' as never)] });
    expect((await app.get('/pictures/a')).status).toBe(200);
    expect((await app.get('/pictures/a?cache=recache')).status).toBe(500);
  });
});
