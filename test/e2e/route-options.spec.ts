import { describe, expect, it } from '@jest/globals';
import { Controller, Delete, Get, Res } from '@nestjs/common';
import { CacheInfo, CacheVariant, EvictImage, type CacheVariantOptions } from 'nestjs-image-cache';
import { jpegOf } from '../support/pictures.js';
import type { ResponseLike } from '../support/response-like.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

const format = (): string => 'webp';

const WRONG: readonly (readonly [string, unknown, RegExp])[] = [
  [
    'an option that there is not',
    { operation: 'small' },
    /options\.operation: there is no such option; there are cache, /,
  ],
  ['no options', null, /options: has to be an object/],
  ['a cache that is no name', { cache: 5 }, /cache: has to be a text, and is a number/],
  ['an empty identifier', { identifier: '' }, /identifier: has to be a text that is not empty/],
  [
    'an identifier that is no text',
    { identifier: 5 },
    /identifier: has to be a text that is not empty, and is a number/,
  ],
  ['a namespace that is no text', { namespace: ['a'] }, /namespace: has to be a text, and is a list/],
  ['a version that is no text', { version: 2 }, /version: has to be a text, and is a number/],
  [
    'operations that are no data',
    { operations: { at: new Date(0) } },
    /operations\.at: an object of class Date is no plain/,
  ],
  ['operations that are a number', { operations: 400 }, /operations: has to be a text, a list or an object/],
  ['a ttl without a unit', { ttl: '300' }, /ttl: "300" is not a duration with a unit/],
  ['a ttl that is a number', { ttl: 300 }, /ttl: 300 is not a duration with a unit/],
  ['a query that is no list', { query: 'width' }, /query: has to be a list of names/],
  ['a query with what is no name', { query: ['width', ''] }, /query: has to be a list of names/],
  ['a query beside operations', { query: ['width'], operations: format }, /query: .*say all of it in operations/],
  ['shared that is neither true nor false', { shared: 'yes' }, /shared: is neither true nor false/],
  ['shared without operations', { shared: true, namespace: 'a' }, /shared: needs namespace and operations/],
  ['shared without a namespace', { shared: true, operations: 'a' }, /shared: needs namespace and operations/],
  ['vary that is no list', { vary: 'Accept', operations: format }, /vary: has to be a list of header names/],
  ['vary with what is no name', { vary: ['Accept, DPR'], operations: format }, /vary\[0\]: "Accept, DPR" is no name/],
  ['vary by everything', { vary: ['*'], operations: format }, /vary: what varies by everything cannot be cached/],
  ['vary without a function', { vary: ['Accept'], operations: 'a' }, /vary: none of .* is a function/],
  ['a cookie to be replayed', { replayHeaders: ['Set-Cookie'] }, /replayHeaders\[0\]: set-cookie is for one client/],
  [
    'a header of the cache to be replayed',
    { replayHeaders: ['X-A', 'ETag'] },
    /replayHeaders\[1\]: etag is told by the/,
  ],
  ['a header of the connection to be replayed', { replayHeaders: ['Keep-Alive'] }, /replayHeaders\[0\]: keep-alive is/],
];

describe.each(PLATFORMS)('an application on %s does not start', (platform) => {
  const start = usingApps(platform);

  it.each(WRONG)('with %s', async (_what, options, problem) => {
    @Controller('pictures')
    class Pictures {
      @Get(':id')
      @CacheVariant(options as CacheVariantOptions)
      picture(): Buffer {
        return jpegOf(1000);
      }
    }
    const starting = start({ controllers: [Pictures] });
    await expect(starting).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_OPTIONS',
      message: expect.stringMatching(/^Pictures\.picture: /) as unknown,
    });
    await expect(starting).rejects.toThrow(problem);
  });

  it.each([
    ['@CacheInfo()', CacheInfo],
    ['@EvictImage()', EvictImage],
  ])('with an option of @CacheVariant() in %s', async (_name, decorator) => {
    @Controller('pictures')
    class Pictures {
      @Get(':id')
      picture(): object {
        return {};
      }

      @Delete(':id')
      remove(): object {
        return {};
      }
    }
    const method = decorator === EvictImage ? 'remove' : 'picture';
    const descriptor = Object.getOwnPropertyDescriptor(Pictures.prototype, method) ?? {};
    decorator({ ttl: '1d' } as object)(Pictures.prototype, method, descriptor);
    await expect(start({ controllers: [Pictures] })).rejects.toThrow(
      /options\.ttl: .*there are cache, namespace, identifier(, clientDirectives)?\.$/,
    );
  });

  it('with wrong options on the class, and names a handler that has them', async () => {
    @Controller('pictures')
    @CacheVariant({ ttl: 'soon' })
    class Pictures {
      @Get(':id')
      picture(): Buffer {
        return jpegOf(1000);
      }
    }
    await expect(start({ controllers: [Pictures] })).rejects.toThrow(
      /^Pictures\.picture: ttl: "soon" is not a duration/,
    );
  });

  it('with a module that replays what must not be', async () => {
    const cache = { replayHeaders: ['X-Credit', 'Set-Cookie'] };
    await expect(start({ cache })).rejects.toThrow(
      /^imageCache\.replayHeaders\[1\]: set-cookie is for one client alone/,
    );
  });

  it('with a handler that answers by itself, also when another decorator has put a function around it', async () => {
    const timed: MethodDecorator = (_target, _name, descriptor: PropertyDescriptor) => {
      const handler = descriptor.value as (...parameters: unknown[]) => unknown;
      descriptor.value = function wrapper(...parameters: unknown[]): unknown {
        return handler.apply(this, parameters);
      };
    };
    @Controller('own')
    class Own {
      @Get(':id')
      @CacheVariant()
      @timed
      answer(@Res() response: ResponseLike): void {
        response.status(200).send('own answer');
      }
    }
    await expect(start({ controllers: [Own] })).rejects.toThrow(
      /^Own\.answer: .*write @Res\(\{ passthrough: true \}\)/,
    );
  });
});
