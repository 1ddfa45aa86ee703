import { describe, expect, it } from '@jest/globals';
import {
  ConflictException,
  Controller,
  Delete,
  Get,
  HttpException,
  NotFoundException,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import {
  CacheInfo,
  CacheVariant,
  EvictImage,
  ImageCacheError,
  type CacheVariantOptions,
  type ImageInfo,
} from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { deferred, until, whilePassing } from '../support/async.js';
import { handlerInfo } from '../support/handler-info.js';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

const NAMES = ['identifier', 'namespace', 'operations', 'version', 'ttl'] as const;

/** A route with a function for one of its options, which may tell what no type allows. */
function routeWith(name: string, resolver: (context: ExecutionContext) => unknown, calls: string[] = []): Type {
  const options = { [name]: resolver } as CacheVariantOptions;
  @Controller('pictures')
  class Pictures {
    @Get(':id')
    @CacheVariant(options)
    picture(): Buffer {
      calls.push('picture');
      return jpegOf(1000);
    }
  }
  return Pictures;
}

const INVALID: readonly (readonly [string, unknown, RegExp])[] = [
  ['identifier', '', /has to be a text that is not empty, and is an empty text/],
  ['identifier', undefined, /not empty, and is undefined/],
  ['identifier', 5, /not empty, and is a number/],
  ['identifier', ['a'], /not empty, and is a list/],
  ['namespace', null, /has to be a text, and is null/],
  ['namespace', '', /must not be empty/],
  ['namespace', new Date(0), /has to be a text, and is an object of class Date/],
  ['version', 2, /has to be a text, and is a number/],
  ['version', undefined, /has to be a text, and is undefined/],
  ['operations', undefined, /has to be a text, a list or an object, and is undefined/],
  ['operations', 400, /has to be a text, a list or an object, and is a number/],
  ['operations', new Map(), /an object of class Map is no plain data/],
  ['ttl', '5 minutes', /"5 minutes" is not a duration with a unit/],
  ['ttl', 300, /300 is not a duration with a unit/],
  ['ttl', '-1s', /"-1s" is not a duration/],
  ['ttl', undefined, /has to be a text, and is undefined/],
];

describe.each(PLATFORMS)('functions in the options of a route, on %s', (platform) => {
  const start = usingApps(platform);

  it.each(INVALID)('%s that tells %p is a 500, and the log says why', async (name, value, problem) => {
    const calls: string[] = [];
    for (const told of [value, Promise.resolve(value)]) {
      const app = await start({ controllers: [routeWith(name, () => told, calls)] });
      const answer = await app.get('/pictures/a');
      expect([answer.status, answer.headers['cache-control']]).toEqual([500, 'no-cache, no-store, must-revalidate']);
      expect(answer.body.toString()).not.toContain('Pictures');
      const lines = app.log.filter(({ level }) => level === 'error').map(({ message }) => message);
      expect(lines).toEqual([expect.stringContaining(`Pictures.picture: ${name}(context)`)]);
      expect(lines[0]).toMatch(problem);
    }
    expect(calls).toEqual([]);
  });

  describe.each(NAMES)('%s', (name) => {
    it.each<[string, () => Error, number]>([
      ['an HttpException', () => new NotFoundException('no such album'), 404],
      ['one with a status of its own', () => new HttpException('brewing', 418), 418],
      ['an error of a cache', () => new ImageCacheError('E_IMAGE_CACHE_NOT_FOUND', 'no such image'), 404],
    ])('that throws %s answers with it', async (_what, make, status) => {
      const resolvers = [
        () => {
          throw make();
        },
        () => Promise.reject(make()),
      ];
      for (const resolver of resolvers) {
        const app = await start({ controllers: [routeWith(name, resolver)] });
        const answer = await app.get('/pictures/a');
        expect([answer.status, answer.headers['cache-control']]).toEqual([
          status,
          'no-cache, no-store, must-revalidate',
        ]);
        expect(app.log.filter(({ level }) => level === 'error')).toEqual([]);
      }
    });

    it.each<[string, unknown]>([
      ['an error', new Error('connection refused')],
      ['a text', 'connection refused'],
      [
        'an error with a status that is no exception of HTTP',
        Object.assign(new Error('connection refused'), { status: 302 }),
      ],
    ])('that throws %s is a 500, and the log says why', async (_what, thrown) => {
      const resolvers = [
        () => {
          throw thrown;
        },
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
        () => Promise.reject(thrown),
      ];
      for (const resolver of resolvers) {
        const app = await start({ controllers: [routeWith(name, resolver)] });
        expect((await app.get('/pictures/a')).status).toBe(500);
        expect(app.log.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
          expect.stringContaining(`Pictures.picture: ${name}(context): failed: connection refused`),
        ]);
      }
    });

    it('that never answers is a 500 when the time for a picture is over', async () => {
      const clock = new FakeClock();
      const asked: string[] = [];
      const resolver = (): Promise<string> => {
        asked.push(name);
        return deferred<string>().promise;
      };
      const cache = { clock, render: { timeout: '5s' } };
      const app = await start({ controllers: [routeWith(name, resolver)], cache });
      const answer = app.get('/pictures/a');
      await until(() => asked.length === 1);
      expect((await whilePassing(clock, answer)).status).toBe(500);
      expect(app.log.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
        expect.stringContaining(`Pictures.picture: ${name}(context): did not answer in time`),
      ]);
    });
  });

  it('are not waited for when the client has left', async () => {
    const clock = new FakeClock();
    const asked: string[] = [];
    const resolver = (): Promise<string> => {
      asked.push('identifier');
      return deferred<string>().promise;
    };
    const app = await start({ controllers: [routeWith('identifier', resolver)], cache: { clock } });
    const scheduled = clock.scheduled;
    const request = app.open('/pictures/a');
    await until(() => asked.length === 1);
    expect(clock.scheduled).toBe(scheduled + 1);
    request.leave();
    await until(() => clock.scheduled === scheduled);
    expect(app.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('keep an info from being read, and an image from being changed without being evicted', async () => {
    const calls: string[] = [];
    const image = {
      identifier: (): string => {
        throw new ConflictException();
      },
    };
    @Controller('photos')
    class Photos {
      @Get(':id')
      @CacheInfo(image)
      info(): ImageInfo {
        calls.push('info');
        return handlerInfo('a');
      }

      @Delete(':id')
      @EvictImage(image)
      remove(): object {
        calls.push('remove');
        return {};
      }
    }
    const app = await start({ controllers: [Photos] });
    expect([(await app.get('/photos/a')).status, (await app.request('DELETE', '/photos/a')).status]).toEqual([
      409, 409,
    ]);
    expect(calls).toEqual([]);
  });
});
