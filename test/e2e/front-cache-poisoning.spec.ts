import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Controller, Get, Query } from '@nestjs/common';
import { join } from 'node:path';
import { CacheVariant } from 'nestjs-image-cache';
import { FilesystemSource, IiifModule, type IiifOptions } from 'nestjs-iiif';
import sharp from 'sharp';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { FRONTS, HOST, type FrontProgram } from '../support/front-caches.js';
import { startFronted, type FrontedApp } from '../support/fronted-app.js';
import type { Answer } from '../support/http-client.js';
import { plain } from '../support/pictures.js';
import { PLATFORMS, type AppOptions } from '../support/test-app.js';

/** Headers by which somebody may want others to get what they have not asked for. */
const HOSTILE: readonly Readonly<Record<string, string>>[] = [
  { 'x-forwarded-host': 'evil.example' },
  { 'x-forwarded-host': `${HOST}, evil.example` },
  { 'x-forwarded-proto': 'gopher' },
  { 'x-forwarded-proto': 'https' },
  { 'x-forwarded-proto': 'http' },
  { 'x-forwarded-scheme': 'https' },
  { 'x-forwarded-port': '666' },
  { 'x-forwarded-prefix': '/evil' },
  { 'x-forwarded-for': '203.0.113.1' },
  { 'x-forwarded-server': 'evil.example' },
  { 'x-host': 'evil.example' },
  { forwarded: 'host=evil.example;proto=gopher' },
  { 'x-original-url': '/iiif/3/sea.jpg/info.json' },
  { 'x-rewrite-url': '/iiif/3/sea.jpg/info.json' },
  { 'x-original-uri': '/iiif/3/sea.jpg/info.json' },
  { 'x-http-method-override': 'DELETE' },
  { 'x-http-method': 'HEAD' },
  { 'x-method-override': 'POST' },
  { host: 'evil.example' },
  { host: `${HOST}.evil.example` },
  { host: `evil.example@${HOST}` },
  { host: `${HOST}:666` },
  { host: HOST.toUpperCase() },
  { host: `${HOST}.` },
  { host: '' },
  { accept: 'text/html' },
  { 'accept-encoding': 'br, gzip' },
  { 'accept-language': 'de' },
  { 'user-agent': 'curl' },
  { origin: 'https://evil.example' },
  { cookie: 'session=evil' },
  { authorization: 'Bearer evil' },
  { range: 'bytes=0-9' },
  { range: 'bytes=99999999-' },
  { 'if-match': '"evil"' },
  { 'if-none-match': '*' },
  { 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' },
  { 'if-unmodified-since': 'Mon, 01 Jan 2001 00:00:00 GMT' },
  { 'cache-control': 'only-if-cached' },
  { 'cache-control': 'no-cache, no-store, max-age=0' },
  { connection: 'x-forwarded-host, close', 'x-forwarded-host': 'evil.example' },
  { expect: '100-continue' },
];

const METHODS = ['HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'PURGE', 'BAN', 'REFRESH', 'TRACE', 'QUERY'];

const PATHS = [
  '/iiif/3/lake.jpg/info.json',
  '/iiif/2/lake.jpg/info.json',
  '/iiif/3/lake.jpg/0,0,100,100/50,/0/default.png',
  '/iiif/3/lake.jpg/full/max/0/default.jpg',
  '/iiif/3/lake.jpg',
];

const TRUSTED = ['x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-for'];

/** Only what is in front knows whether the client has used TLS; in front of Varnish, it has. */
function schemeOf({ name }: FrontProgram): string {
  return name === 'nginx' ? 'http' : 'https';
}

/** How the image server knows its own address, and what it is then. */
const ADDRESSES = [
  ['is told', { baseUri: 'https://iiif.example.net/pictures' }, () => 'https://iiif.example.net/pictures'],
  ['trusts the proxy', { trustProxy: true }, (program: FrontProgram) => `${schemeOf(program)}://${HOST}`],
  ['goes by the request', {}, () => `http://${HOST}`],
] as const;

/** Ways to say more than the address of a colour, which is `width=50`. */
const QUERIES = [
  'width=50&evil=1',
  'evil=1&width=50',
  'width=50&width=70',
  'width=70&width=50',
  'width[]=70&width=50',
  'width=50&WIDTH=70',
  'width=50;width=70',
  'width=50%26width=70',
  'width=50&cache=recache',
];

@Controller('colours')
class Colours {
  @Get(':id')
  @CacheVariant({ query: ['width'] })
  colour(@Query('width') width: unknown): ReturnType<typeof plain> {
    return plain(width === '50' ? 50 : 70).png();
  }
}

/** What others get to see of an answer. */
function shown({ status, headers, body }: Answer): unknown {
  const { location, link, etag } = headers;
  return { status, type: headers['content-type'], location, link, etag, body: body.toString('base64') };
}

let images: TestDirectory;

beforeAll(async () => {
  images = await makeDirectory();
  for (const [name, colour] of Object.entries({ lake: 'teal', sea: 'navy' }))
    await plain(300, 200, colour)
      .jpeg()
      .toFile(join(images.path, `${name}.jpg`));
});

afterAll(() => images.remove());

for (const program of FRONTS)
  program.describe.each(PLATFORMS)(`${program.name} in front of an image server on %s`, (platform) => {
    let fronted: FrontedApp | undefined;

    afterEach(() => fronted?.stop());

    const start = async (options: AppOptions): Promise<FrontedApp> =>
      (fronted = await startFronted(program, platform, options));

    const serve = (options: Partial<IiifOptions>): Promise<FrontedApp> => {
      const source = new FilesystemSource({ directory: images.path });
      return start({ imports: [IiifModule.forRoot({ source, ...options })], cache: false });
    };

    it.each(ADDRESSES)('gives others what they have asked for, if the server %s', async (_how, options, addressOf) => {
      const { front, seen } = await serve(options);
      const truth = new Map<string, Answer>();
      for (const path of PATHS) truth.set(path, await front.get(path));
      expect([...truth.values()].map(({ status }) => status)).toEqual([200, 200, 200, 200, 303]);
      const document = JSON.parse(String(truth.get('/iiif/3/lake.jpg/info.json')?.body)) as { id: string };
      expect(document.id).toBe(`${addressOf(program)}/iiif/3/lake.jpg`);
      let count = 0;
      for (const [path, honest] of truth)
        for (const headers of HOSTILE) {
          const url = `${path}?n=${(count += 1)}`;
          await front.get(url, headers);
          expect([headers, url, shown(await front.get(url))]).toEqual([headers, url, shown(honest)]);
        }
      // What the server believes of whom it trusts is said by nobody else.
      const believed = seen().map(({ headers }) => TRUSTED.map((name) => headers[name]));
      expect(new Set(believed.map(String))).toEqual(new Set([`${HOST},${schemeOf(program)},127.0.0.1`]));
    });

    it('gives others what they have asked for, after other methods and forms of the address', async () => {
      const { front, seen } = await serve({});
      const path = '/iiif/3/lake.jpg/info.json';
      const honest = await front.get(path);
      for (const [index, method] of METHODS.entries()) {
        await front.request(method, `${path}?m=${index}`);
        expect([method, shown(await front.get(`${path}?m=${index}`))]).toEqual([method, shown(honest)]);
      }
      for (const [index, origin] of [`http://evil.example`, `http://${HOST}:666`, `gopher://${HOST}`].entries()) {
        await front.get(`${origin}${path}?o=${index}`);
        expect([origin, shown(await front.get(`${path}?o=${index}`))]).toEqual([origin, shown(honest)]);
      }
      expect(new Set(seen().map(({ headers }) => headers.host))).toEqual(new Set([HOST]));
    });

    it('gives others what they have asked for, whatever else is said in the query', async () => {
      const { front } = await start({ controllers: [Colours] });
      for (const [index, query] of QUERIES.entries()) {
        await front.get(`/colours/${index}?${query}`);
        const { body } = await front.get(`/colours/${index}?width=50`);
        expect([query, (await sharp(body).metadata()).width]).toEqual([query, 50]);
      }
    });
  });
