import { describe, expect, it } from '@jest/globals';
import { Controller, Get, NotFoundException, Param, Req } from '@nestjs/common';
import {
  CacheControl,
  CacheInfo,
  CacheVariant,
  EvictImage,
  heapStore,
  type ImageInfo,
  type RoutedRequest,
} from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { until } from '../support/async.js';
import { handlerInfo } from '../support/handler-info.js';
import { after, ask, judge, policyOf } from '../support/judged.js';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const HOUR = 3600;
const DAY = 24 * HOUR;

const formatOf = ({ headers }: RoutedRequest): string =>
  String(headers['accept']).includes('image/avif') ? 'avif' : 'jpeg';

@Controller('pictures')
class Pictures {
  static readonly pictures = new Map<string, Buffer>();

  @Get('untold/:id')
  @CacheVariant()
  @CacheControl({ visibility: 'public' })
  untold(@Param('id') id: string): Buffer {
    return found(id);
  }

  @Get('shared/:id')
  @CacheVariant()
  @CacheControl({ sharedMaxAge: '1h', staleWhileRevalidate: '1m' })
  shared(@Param('id') id: string): Buffer {
    return found(id);
  }

  @Get('negotiated/:id')
  @CacheVariant({ vary: ['Accept'], operations: (context) => formatOf(context.switchToHttp().getRequest()) })
  negotiated(@Req() request: RoutedRequest): Buffer {
    return Buffer.from(formatOf(request));
  }

  @Get(':id')
  @CacheVariant()
  @CacheControl({ maxAge: '1h' })
  picture(@Param('id') id: string): Buffer {
    return found(id);
  }

  @Get(':id/info')
  @CacheInfo()
  @CacheControl({ maxAge: '1h' })
  info(@Param('id') id: string): ImageInfo {
    return handlerInfo(id, { width: found(id).byteLength });
  }

  @Get(':id/changed')
  @EvictImage()
  changed(): void {
    return undefined;
  }
}

function found(id: string): Buffer {
  const picture = Pictures.pictures.get(id);
  if (picture === undefined) throw new NotFoundException();
  return picture;
}

const CACHES = [{ shared: true }, { shared: false }] as const;

describe.each(PLATFORMS)('what caches keep, on %s,', (platform) => {
  const start = usingApps(platform);
  const started = (cache = {}): Promise<TestApp> => {
    Pictures.pictures.set('a', jpegOf(1000));
    return start({ controllers: [Pictures], cache });
  };

  it.each(['/pictures/a', '/pictures/a/info'])('is good for another time with a 304, for %s', async (path) => {
    const app = await started();
    for (const cache of CACHES) {
      const first = await ask(app, path);
      const old = after(policyOf(first, cache), 2 * HOUR);
      expect([old.storable(), old.stale()]).toEqual([true, true]);
      const validators = old.revalidationHeaders({ ...first.request });
      expect(Object.keys(validators)).toContain('if-none-match');
      const again = await ask(app, path, validators as Record<string, string>);
      const { policy, modified } = old.revalidatedPolicy(again.request, again.answer);
      expect([again.answer.status, modified, policy.stale(), policy.maxAge()]).toEqual([304, false, false, HOUR]);
      expect(policy.responseHeaders()).toMatchObject({ 'content-length': first.answer.headers['content-length'] });
    }
  });

  it.each(['/pictures/a', '/pictures/a/info'])('is replaced when it has changed, for %s', async (path) => {
    const app = await started();
    const first = await ask(app, path);
    const old = after(policyOf(first, { shared: true }), 2 * HOUR);
    Pictures.pictures.set('a', jpegOf(2000));
    await app.cache.purge();
    const again = await ask(app, path, old.revalidationHeaders({ ...first.request }) as Record<string, string>);
    const { policy, modified } = old.revalidatedPolicy(again.request, again.answer);
    expect([again.answer.status, modified, policy.stale()]).toEqual([200, true, false]);
  });

  it('is for requests whose headers it depends on, and for no others', async () => {
    const app = await started();
    const first = await ask(app, '/pictures/negotiated/a', { accept: 'image/avif' });
    const refused = await ask(app, '/pictures/negotiated/a', { accept: 'image/avif', 'if-match': '"other"' });
    const known = await ask(app, '/pictures/negotiated/a', { accept: 'image/avif', 'if-none-match': '*' });
    expect([first, refused, known].map(({ answer }) => answer.status)).toEqual([200, 412, 304]);
    for (const each of [first, known])
      for (const cache of CACHES) {
        const policy = policyOf({ request: each.request, answer: { ...each.answer, status: 200 } }, cache);
        const isFor = (headers: Record<string, string>): boolean =>
          policy.satisfiesWithoutRevalidation({ ...first.request, headers });
        expect([
          isFor({ accept: 'image/avif' }),
          isFor({ accept: 'image/avif', 'user-agent': 'another', cookie: 'a=b', 'x-forwarded-host': 'evil' }),
          isFor({ accept: 'image/png' }),
          isFor({}),
        ]).toEqual([true, true, false, false]);
      }
    const plain = policyOf(await ask(app, '/pictures/a', { accept: 'image/avif' }), { shared: true });
    expect(plain.satisfiesWithoutRevalidation({ url: '/pictures/a', headers: { accept: 'image/png' } })).toBe(true);
  });

  it.each<[string, number, Record<string, string>]>([
    ['/pictures/a', 412, { 'if-match': '"other"' }],
    ['/pictures/a', 416, { range: 'bytes=1000-' }],
    ['/pictures/a', 206, { range: 'bytes=0-9' }],
    ['/pictures/none', 404, {}],
    ['/pictures/none/info', 404, {}],
    ['/pictures/new', 504, { 'cache-control': 'only-if-cached' }],
  ])('is not the answer to %s with %i', async (path, status, headers) => {
    const app = await started();
    await app.get('/pictures/a');
    for (const cache of CACHES) {
      const asked = await ask(app, path, headers);
      expect([asked.answer.status, judge(asked, cache)]).toEqual([
        status,
        expect.objectContaining({ isStored: false, isReusedAtOnce: false }),
      ]);
      // What does not understand what a 206 is must not take the part for the whole.
      expect(policyOf(asked, cache).satisfiesWithoutRevalidation({ url: path, headers: {} })).toBe(false);
    }
  });

  it('is as good by HEAD', async () => {
    const app = await started();
    const asked = await ask(app, '/pictures/a', {}, 'HEAD');
    for (const cache of CACHES) expect(judge(asked, cache)).toMatchObject({ isStored: true, lifetime: HOUR });
  });

  it.each(['/pictures/a', '/pictures/shared/a', '/pictures/untold/a'])(
    'is not good for long when we had nothing fresh, for %s',
    async (path) => {
      const clock = new FakeClock(Date.now() - 300 * DAY * 1000);
      const store = heapStore();
      const app = await started({ clock, variant: { store, ttl: '1d', stale: '300d' } });
      await app.get(path);
      await until(() => app.cache.stats().stored === 1);
      await clock.advance(200 * DAY * 1000);
      const asked = await ask(app, path);
      expect(asked.answer.headers['cache-status']).toMatch(/^image-cache; hit; ttl=-\d+/);
      for (const cache of CACHES)
        expect([asked.answer.headers['cache-control'], judge(asked, cache)]).toEqual([
          expect.anything(),
          expect.objectContaining({ isStored: true, lifetime: 0, isReusedAtOnce: false }),
        ]);
    },
  );
});
