import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import {
  applyDecorators,
  Controller,
  Get,
  NotFoundException,
  Param,
  StreamableFile,
  UseGuards,
  type CanActivate,
  type Type,
} from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { CacheControl, CacheVariant, type ClientOptions, type RoutedRequest } from 'nestjs-image-cache';
import { until } from '../support/async.js';
import { FRONTS } from '../support/front-caches.js';
import { startFronted, toldBy, type FrontedApp } from '../support/fronted-app.js';
import type { Answer } from '../support/http-client.js';
import { jpegOf, LARGE } from '../support/pictures.js';
import { PLATFORMS } from '../support/test-app.js';

const SMALL_PICTURE = jpegOf(30_000);
const LARGE_PICTURE = jpegOf(LARGE);

const formatOf = ({ headers }: RoutedRequest): string =>
  String(headers['accept']).includes('image/avif') ? 'avif' : 'jpeg';

/** Lets everybody in, by a session say: nothing in the request tells a cache that there is a guard. */
const LET_IN: CanActivate = { canActivate: () => true };

/** Pictures at a path, of which clients are told this. */
function picturesAt(path: string, client: ClientOptions, ...decorators: MethodDecorator[]): Type {
  @Controller(path)
  class Pictures {
    @Get(':id')
    @CacheVariant({ namespace: path })
    @CacheControl(client)
    @applyDecorators(...decorators)
    picture(@Param('id') id: string): StreamableFile {
      if (id === 'none') throw new NotFoundException();
      const picture = id === 'large' ? LARGE_PICTURE : SMALL_PICTURE;
      // Of a stream of unknown length, nobody could cut a part at first.
      return new StreamableFile(Readable.from([picture]), { type: 'image/jpeg', length: picture.byteLength });
    }
  }
  return Pictures;
}

@Controller('negotiated')
class Negotiated {
  @Get(':id')
  @CacheVariant({ vary: ['Accept'], operations: (context) => formatOf(context.switchToHttp().getRequest()) })
  picture(): Buffer {
    return SMALL_PICTURE;
  }
}

const CONTROLLERS = [
  picturesAt('open', { maxAge: '1h' }),
  picturesAt('brief', { maxAge: '1s', mustRevalidate: true }),
  picturesAt('shared-longer', { maxAge: '0', sharedMaxAge: '1h' }),
  picturesAt('shared-shorter', { maxAge: '1h', sharedMaxAge: '1s' }),
  picturesAt('renewed', { maxAge: '1s', staleWhileRevalidate: '1h' }),
  picturesAt('forgiving', { maxAge: '1s', staleIfError: '1h' }),
  picturesAt('private', { maxAge: '1h', visibility: 'private' }),
  picturesAt('no-store', { maxAge: '1h', noStore: true }),
  picturesAt('no-cache', { maxAge: '1h', noCache: true }),
  picturesAt('guarded', { maxAge: '1h', sharedMaxAge: '1h' }, UseGuards(LET_IN)),
  Negotiated,
];

/** Sets a cookie, if it is asked for one. */
function visit(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  if (request.headers['x-visit'] === 'first') response.setHeader('Set-Cookie', 'session=1');
  next();
}

/** What the guide says of each. */
const WAYS = {
  nginx: {
    withCredentials: 'hit',
    withCookie: 'hit',
    forgiving: { answering: 503, 'breaking-off': 200 },
  },
  varnish: {
    withCredentials: 'fwd=bypass',
    withCookie: 'fwd=bypass',
    forgiving: { answering: 503, 'breaking-off': 503 },
  },
} as const;

for (const program of FRONTS)
  program.describe.each(PLATFORMS)(`${program.name} in front of pictures on %s`, (platform) => {
    let fronted: FrontedApp;

    beforeAll(async () => {
      const configure = { configure: (nest: { use(middleware: unknown): unknown }) => void nest.use(visit) };
      fronted = await startFronted(program, platform, { controllers: CONTROLLERS, ...configure });
    });

    afterEach(() => {
      fronted.fail(undefined);
    });

    afterAll(() => fronted.stop());

    const told = (answer: Answer): string => toldBy(program, answer);

    it('has the second request answered by it, and says so', async () => {
      const { app, front, seen } = fronted;
      const renders = app.cache.stats().renders;
      const [first, second] = [await front.get('/open/a'), await front.get('/open/a')];
      const head = await front.request('HEAD', '/open/a');
      expect([first, second, head].map(told)).toEqual(['fwd=miss', 'hit', 'hit']);
      for (const { status, body, headers } of [first, second, { ...head, body: SMALL_PICTURE }])
        expect([status, headers['content-type'], headers['content-length'], headers.etag, body]).toEqual([
          200,
          'image/jpeg',
          '30000',
          first.headers.etag,
          SMALL_PICTURE,
        ]);
      expect([head.body.byteLength, seen('/open/a').length, app.cache.stats().renders - renders]).toEqual([0, 1, 1]);
      const known = await front.get('/open/a', { 'if-none-match': String(first.headers.etag) });
      expect([known.status, known.body.byteLength, seen('/open/a').length]).toEqual([304, 0, 1]);
    });

    it.each(['/brief/a', '/brief/large', '/shared-shorter/a'])(
      'asks again after the time, by the tag, for %s',
      async (path) => {
        const { app, front, seen } = fronted;
        const first = await front.get(path);
        await until(() => app.cache.stats().rendering.running === 0);
        const { renders, tiers } = app.cache.stats();
        await until(async () => told(await front.get(path)) !== 'hit');
        expect(seen(path).map(({ status }) => status)).toEqual([200, 304]);
        // One look at the store, and none at the handler.
        expect(app.cache.stats()).toMatchObject({ renders, tiers: { variant: { hits: tiers.variant.hits + 1 } } });
        await until(async () => told(await front.get(path)) === 'hit');
        const again = await front.get(path);
        expect([again.status, again.body.equals(first.body)]).toEqual([200, true]);
      },
    );

    it('goes by s-maxage rather than by max-age', async () => {
      const { front, seen } = fronted;
      const answers = [await front.get('/shared-longer/a'), await front.get('/shared-longer/a')];
      expect([answers.map(told), seen('/shared-longer/a').length]).toEqual([['fwd=miss', 'hit'], 1]);
    });

    it.each<[string, string, Record<string, string>]>([
      ['is private', '/private/a', {}],
      ['is not to be stored', '/no-store/a', {}],
      ['is to be asked for each time', '/no-cache/a', {}],
      ['is behind a guard', '/guarded/a', {}],
      ['was asked for with credentials', '/open/credentials', { authorization: 'Bearer 1' }],
      ['sets a cookie', '/open/cookie', { 'x-visit': 'first' }],
      ['is not there', '/open/none', {}],
    ])('keeps nothing that %s', async (_what, path, headers) => {
      const { front, seen } = fronted;
      // Somebody has had it rendered: what is kept with us is none of the matter.
      await fronted.app.get(path);
      const answers = [await front.get(path, headers), await front.get(path, headers), await front.get(path, headers)];
      expect([answers.some((answer) => told(answer) === 'hit'), seen(path).length]).toEqual([false, 4]);
    });

    it('gives what all may see to those who say who they are, or has them ask us', async () => {
      const { front } = fronted;
      const { withCredentials, withCookie } = WAYS[program.name];
      await front.get('/open/b');
      const asked = [{}, { authorization: 'Bearer 1' }, { cookie: 'session=1' }, {}];
      const answers = [];
      for (const headers of asked) answers.push(await front.get('/open/b', headers));
      expect(answers.map(told)).toEqual(['hit', withCredentials, withCookie, 'hit']);
    });

    it('keeps one for each that Vary tells apart', async () => {
      const { front, seen } = fronted;
      const asked = ['image/avif', 'image/png', 'image/avif', 'image/png'];
      const answers = [];
      for (const accept of asked) answers.push(await front.get('/negotiated/a', { accept }));
      expect(answers.map(told)).toEqual(['fwd=miss', 'fwd=miss', 'hit', 'hit']);
      expect(seen('/negotiated/a').map(({ headers }) => headers.accept)).toEqual(['image/avif', 'image/png']);
    });

    it.each<[string, Buffer]>([
      ['small', SMALL_PICTURE],
      ['large', LARGE_PICTURE],
    ])('cuts the parts out of what it keeps, also at first, of a %s picture', async (id, picture) => {
      const { front, seen } = fronted;
      const size = picture.byteLength;
      for (const [range, first, last] of [
        ['bytes=10-99', 10, 99],
        ['bytes=0-0', 0, 0],
        [`bytes=${size - 7}-`, size - 7, size - 1],
        ['bytes=-20', size - 20, size - 1],
      ] as const) {
        const answer = await front.get(`/open/${id}`, { range });
        expect([range, answer.status, answer.headers['content-range'], answer.complete]).toEqual([
          range,
          206,
          `bytes ${first}-${last}/${size}`,
          true,
        ]);
        expect([range, answer.body.equals(picture.subarray(first, last + 1))]).toEqual([range, true]);
      }
      expect((await front.get(`/open/${id}`, { range: `bytes=${size}-` })).status).toBe(416);
      const whole = await front.get(`/open/${id}`);
      expect([whole.status, told(whole), whole.body.equals(picture)]).toEqual([200, 'hit', true]);
      expect(seen(`/open/${id}`).map(({ status }) => status)).toEqual([200]);
    });

    it.each(['answering', 'breaking-off'] as const)(
      'gives what is past its time where it may, while it asks and while we fail by %s',
      async (how) => {
        const { front, seen, fail } = fronted;
        const [renewed, brief, forgiving] = [`/renewed/${how}`, `/brief/${how}`, `/forgiving/${how}`];
        for (const path of [renewed, brief, forgiving]) await front.get(path);
        fail(how);
        await until(async () => (await front.get(brief)).status >= 500);
        const asked = seen(renewed).length;
        await until(async () => {
          const answer = await front.get(renewed);
          expect([answer.status, answer.body.equals(SMALL_PICTURE)]).toEqual([200, true]);
          return seen(renewed).length > asked;
        });
        expect((await front.get(renewed)).status).toBe(200);
        await until(async () => told(await front.get(forgiving)) !== 'hit');
        expect((await front.get(forgiving)).status).toBe(WAYS[program.name].forgiving[how]);
        fail(undefined);
        await until(async () => {
          expect((await front.get(renewed)).status).toBe(200);
          return seen(renewed).some(({ status }) => status === 304);
        });
        expect((await front.get(brief)).status).toBe(200);
      },
    );
  });
