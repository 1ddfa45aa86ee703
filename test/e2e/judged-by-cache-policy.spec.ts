import { describe, expect, it } from '@jest/globals';
import { applyDecorators, Controller, Get, UseGuards, type CanActivate, type Type } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CacheControl, CacheVariant, type CacheControlOptions, type ImageSource } from 'nestjs-image-cache';
import { ask, judge, type Judgement } from '../support/judged.js';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

const HOUR = 3600;
const PICTURE = jpegOf(1000);

/** All ways to choose one of the values of each option. */
function combinations<T extends object>(options: { readonly [K in keyof T]?: readonly T[K][] }): Partial<T>[] {
  let chosen: Partial<T>[] = [{}];
  for (const [name, values] of Object.entries(options) as [string, readonly unknown[]][])
    chosen = chosen.flatMap((each) => values.map((value) => (value === undefined ? each : { ...each, [name]: value })));
  return chosen;
}

/** Every option that says who may keep an answer and for how long, on and off. */
const MATRIX = combinations<Told>({
  visibility: [undefined, 'private'],
  maxAge: [undefined, '1h'],
  sharedMaxAge: [undefined, '0', '2h'],
  noStore: [false, true],
  noCache: [false, true],
  mustRevalidate: [false, true],
  immutable: [false, true],
  staleWhileRevalidate: [undefined, '1m'],
  staleIfError: [undefined, '5m'],
});

type Told = CacheControlOptions & Readonly<Partial<Record<'maxAge' | 'sharedMaxAge', string>>>;

/** What somebody who sets these options means by them. */
function meant(options: Told, { shared }: { readonly shared: boolean }): Partial<Judgement> {
  const { noCache, mustRevalidate } = options;
  const isStored = options.noStore !== true && !(shared && options.visibility === 'private');
  if (!isStored) return { isStored, lifetime: 0, isReusedAtOnce: false };
  const told = (shared ? options.sharedMaxAge : undefined) ?? options.maxAge ?? '0';
  const lifetime = noCache === true ? 0 : Number(told[0]) * HOUR;
  const past = Math.max(options.staleWhileRevalidate ? 60 : 0, options.staleIfError ? 300 : 0);
  return {
    isStored,
    lifetime,
    usable: lifetime + past,
    // The judge thinks that must-revalidate is about what is fresh, too.
    ...(mustRevalidate !== true && { isReusedAtOnce: lifetime > 0 }),
    // Of what is forbidden and allowed in one breath, it believes now the one and now the other.
    ...(noCache !== true &&
      mustRevalidate !== true && {
        isReusedWhileRenewed: options.staleWhileRevalidate !== undefined,
        isReusedOnErrors: options.staleIfError !== undefined,
      }),
  };
}

function picturesAt(path: string, ...decorators: MethodDecorator[]): Type {
  @Controller(path)
  class Pictures {
    @Get(':id')
    @CacheVariant({ namespace: path })
    @applyDecorators(...decorators)
    picture(): Buffer {
      return PICTURE;
    }
  }
  return Pictures;
}

/** Lets everybody in, by a session say: nothing in the request tells a cache that there is a guard. */
const LET_IN: CanActivate = { canActivate: () => true };

/** Without a word about it, a cache thinks that what has been the same for years will be so for a while. */
const OLD: ImageSource = {
  name: 'old pictures',
  lookup: () => Promise.resolve({ status: 'found', stamp: { lastModified: `${Date.UTC(2001, 0, 1)}000000` } }),
};

const SHARED = { shared: true };
const OWN = { shared: false };

describe.each(PLATFORMS)('caches on %s', (platform) => {
  const start = usingApps(platform);

  it(`do as @CacheControl() means, in all of ${MATRIX.length} ways to set it`, async () => {
    const controllers = MATRIX.map((options, index) => picturesAt(`matrix-${index}`, CacheControl(options)));
    const app = await start({ controllers });
    for (const [index, options] of MATRIX.entries()) {
      const asked = await ask(app, `/matrix-${index}/a`);
      for (const shared of [true, false])
        expect([options, shared, judge(asked, { shared })]).toEqual([
          options,
          shared,
          expect.objectContaining(meant(options, { shared })),
        ]);
    }
  }, 300_000);

  it.each<Told>([
    { maxAge: '1h' },
    { maxAge: '1h', visibility: 'private' },
    { maxAge: '0', sharedMaxAge: '2h', staleWhileRevalidate: '1m' },
    { maxAge: '1h', noCache: true },
    { maxAge: '1h', noStore: true },
    { maxAge: '1h', mustRevalidate: true, staleIfError: '5m' },
  ])('do as the module means that says %j', async (options) => {
    const app = await start({ controllers: [picturesAt('pictures')], cache: { client: options } });
    for (const shared of [true, false])
      expect(judge(await ask(app, '/pictures/a'), { shared })).toMatchObject(meant(options, { shared }));
  });

  it('keep what is behind a guard for its own client alone, unless it is declared public', async () => {
    const guarded = UseGuards(LET_IN);
    const controllers = [
      picturesAt('photos', guarded),
      picturesAt('hours', guarded, CacheControl({ maxAge: '1h', sharedMaxAge: '2h' })),
      picturesAt('covers', guarded, CacheControl({ maxAge: '1h', visibility: 'public' })),
    ];
    for (const client of [undefined, { visibility: 'public', maxAge: '1h' }, false] as const) {
      const app = await start({ controllers, cache: { source: OLD, ...(client !== undefined && { client }) } });
      const told = [];
      for (const path of ['/photos/a', '/hours/a', '/covers/a']) {
        const asked = await ask(app, path);
        expect([client, path, judge(asked, OWN).isStored]).toEqual([client, path, true]);
        told.push(judge(asked, SHARED).isStored);
      }
      expect([client, told]).toEqual([client, [false, false, true]]);
    }
  });

  it('keep what was asked for with credentials for that client alone, unless it is declared public', async () => {
    const controllers = [
      picturesAt('pictures'),
      picturesAt('hours', CacheControl({ maxAge: '1h', sharedMaxAge: '2h', mustRevalidate: true })),
      picturesAt('covers', CacheControl({ maxAge: '1h', visibility: 'public' })),
    ];
    const app = await start({ controllers });
    const told = [];
    for (const path of ['/pictures/a', '/hours/a', '/covers/a', '/pictures/a', '/hours/a', '/covers/a']) {
      const asked = await ask(app, path, { authorization: 'Bearer 1' });
      expect([path, judge(asked, OWN).isStored]).toEqual([path, true]);
      told.push(judge(asked, SHARED).isStored);
    }
    expect(told).toEqual([false, false, true, false, false, true]);
    expect(judge(await ask(app, '/pictures/a'), SHARED).isStored).toBe(true);
  });

  it('do not share what sets a cookie', async () => {
    const app = await start({
      controllers: [picturesAt('pictures')],
      configure: (nest) =>
        void nest.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
          if (request.headers['x-visit'] === 'first') response.setHeader('Set-Cookie', 'session=1');
          next();
        }),
    });
    const [plain, first] = [await ask(app, '/pictures/a'), await ask(app, '/pictures/a', { 'x-visit': 'first' })];
    expect([judge(plain, SHARED).isStored, judge(first, SHARED).isReusedAtOnce]).toEqual([true, false]);
    expect([first.answer.headers['set-cookie'], judge(first, SHARED).isStored]).toEqual([['session=1'], false]);
  });
});
