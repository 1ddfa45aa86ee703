import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  ForbiddenException,
  Get,
  Injectable,
  Module,
  Scope,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { CacheControl, CacheInfo, CacheVariant, type ImageInfo } from 'nestjs-image-cache';
import { FakeSource } from '../support/fake-source.js';
import { handlerInfo } from '../support/handler-info.js';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps, type AppOptions } from '../support/test-app.js';

/** Lets `owner` in, knows `stranger`, and nobody else. */
@Injectable()
class OwnerGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    if (headers['x-user'] === 'owner') return true;
    throw headers['x-user'] === 'stranger' ? new ForbiddenException() : new UnauthorizedException();
  }
}

@Injectable({ scope: Scope.REQUEST })
class RequestScopedGuard extends OwnerGuard {}

const PICTURE = jpegOf(20_000);

type Decorate = ClassDecorator & MethodDecorator;

const nothing: Decorate = () => undefined;

/** A controller with a picture and an info, decorated as a class and as methods. */
function photos(
  { ofClass = nothing, ofMethod = nothing }: { ofClass?: Decorate; ofMethod?: Decorate } = {},
  calls: string[] = [],
): Type {
  @Controller('photos')
  @ofClass
  class Photos {
    @Get(':id')
    @ofMethod
    @CacheVariant({ namespace: '' })
    photo(): Buffer {
      calls.push('photo');
      return PICTURE;
    }

    @Get(':id/info')
    @ofMethod
    @CacheInfo({ namespace: '' })
    info(): ImageInfo {
      calls.push('info');
      return handlerInfo('a');
    }
  }
  return Photos;
}

const GUARDS: readonly (readonly [string, (calls: string[]) => AppOptions])[] = [
  ['a guard on the class', (calls) => ({ controllers: [photos({ ofClass: UseGuards(OwnerGuard) }, calls)] })],
  ['a guard on the method', (calls) => ({ controllers: [photos({ ofMethod: UseGuards(OwnerGuard) }, calls)] })],
  [
    'an instance as the guard',
    (calls) => ({ controllers: [photos({ ofMethod: UseGuards(new OwnerGuard()) }, calls)] }),
  ],
  [
    'APP_GUARD',
    (calls) => ({ controllers: [photos({}, calls)], providers: [{ provide: APP_GUARD, useClass: OwnerGuard }] }),
  ],
  [
    'APP_GUARD of another module, made for each request',
    (calls) => {
      @Module({ providers: [{ provide: APP_GUARD, useClass: RequestScopedGuard }] })
      class Security {}
      return { controllers: [photos({}, calls)], imports: [Security] };
    },
  ],
  [
    'useGlobalGuards()',
    (calls) => ({
      controllers: [photos({}, calls)],
      configure: (nest) => void nest.useGlobalGuards(new OwnerGuard()),
    }),
  ],
];

describe.each(PLATFORMS)('guarded routes on %s', (platform) => {
  const start = usingApps(platform);

  describe.each(GUARDS)('with %s', (_what, options) => {
    it.each([
      ['aggressive', false],
      ['conservative', true],
    ])('ask the guard also when all is cached, in %s mode', async (_mode, resolveFirst) => {
      const calls: string[] = [];
      const source = new FakeSource();
      source.put('a', { etag: '1' });
      const app = await start({ ...options(calls), cache: { source, resolveFirst } });
      for (const path of ['/photos/a', '/photos/a/info']) {
        const warm = [await app.get(path, { 'X-User': 'owner' }), await app.get(path, { 'X-User': 'owner' })];
        expect(warm.map(({ status }) => status)).toEqual([200, 200]);
        source.lookups = 0;
        const refused = [
          await app.get(path, { 'X-User': 'stranger' }),
          await app.get(path),
          await app.get(path, { 'If-None-Match': '*' }),
          await app.request('HEAD', path),
        ];
        expect(refused.map(({ status }) => status)).toEqual([403, 401, 401, 401]);
        for (const { headers, body } of refused) {
          expect(body.includes(PICTURE.subarray(0, 100))).toBe(false);
          expect(headers).not.toHaveProperty('cache-status');
          expect(headers).not.toHaveProperty('last-modified');
        }
        expect(source.lookups).toBe(0);
      }
      expect(calls).toEqual(['photo', 'info']);
    });

    it('are private for clients and CDNs', async () => {
      const app = await start(options([]));
      for (const path of ['/photos/a', '/photos/a/info']) {
        const answers = [await app.get(path, { 'X-User': 'owner' }), await app.get(path, { 'X-User': 'owner' })];
        expect(answers.map(({ headers }) => headers['cache-control'])).toEqual([
          'max-age=2592000, private, no-transform',
          'max-age=2592000, private, no-transform',
        ]);
      }
    });
  });

  it('are private also when the module says public', async () => {
    const cache = { client: { visibility: 'public', maxAge: '1h' } } as const;
    const app = await start({ controllers: [photos({ ofClass: UseGuards(OwnerGuard) })], cache });
    const { headers } = await app.get('/photos/a', { 'X-User': 'owner' });
    expect(headers['cache-control']).toBe('max-age=3600, private');
  });

  it('are private when their @CacheControl() does not say for whom it is', async () => {
    const ofMethod: Decorate = CacheControl({ maxAge: '1h' });
    const app = await start({ controllers: [photos({ ofClass: UseGuards(OwnerGuard), ofMethod })] });
    const { headers } = await app.get('/photos/a', { 'X-User': 'owner' });
    expect(headers['cache-control']).toBe('max-age=3600, private');
  });

  it('are public when they are declared so', async () => {
    const ofMethod: Decorate = CacheControl({ maxAge: '1h', visibility: 'public' });
    const app = await start({ controllers: [photos({ ofClass: UseGuards(OwnerGuard), ofMethod })] });
    const { headers } = await app.get('/photos/a', { 'X-User': 'owner' });
    expect(headers['cache-control']).toBe('max-age=3600, public');
  });

  it('do not make others private, or become public by them, that inherit the same handler', async () => {
    abstract class Base {
      @Get(':id')
      @CacheVariant()
      photo(): Buffer {
        return PICTURE;
      }
    }
    @Controller('open')
    class Open extends Base {}
    @Controller('guarded')
    @UseGuards(OwnerGuard)
    class Guarded extends Base {}
    const app = await start({ controllers: [Open, Guarded] });
    const told = [];
    for (const path of ['/open/a', '/guarded/a', '/open/b', '/guarded/b'])
      told.push((await app.get(path, { 'X-User': 'owner' })).headers['cache-control']);
    expect(told).toEqual(
      ['public', 'private', 'public', 'private'].map((who) => `max-age=2592000, ${who}, no-transform`),
    );
  });
});
