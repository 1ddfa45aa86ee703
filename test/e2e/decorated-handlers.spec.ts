import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Header, Param, Query, Res, StreamableFile } from '@nestjs/common';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { of } from 'rxjs';
import sharp, { type FormatEnum, type Sharp } from 'sharp';
import { CacheVariant } from 'nestjs-image-cache';
import { until } from '../support/async.js';
import type { Answer } from '../support/http-client.js';
import { jpegOf, LARGE, plain } from '../support/pictures.js';
import type { ResponseLike } from '../support/response-like.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

/** Headers that may differ between a miss and a hit; how long a stream is is not known while it grows. */
const VOLATILE = ['date', 'cache-status', 'etag', 'connection', 'keep-alive', 'content-length', 'transfer-encoding'];

function stable(answer: Answer): Record<string, unknown> {
  return Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !VOLATILE.includes(name)));
}

async function missAndHit(app: TestApp, path: string): Promise<readonly [Answer, Answer]> {
  const miss = await app.get(path);
  expect([miss.status, miss.headers['cache-status']]).toEqual([200, 'image-cache; fwd=miss; stored']);
  await until(() => app.cache.stats().stored > 0);
  const hit = await app.get(path);
  expect([hit.status, hit.headers['cache-status']]).toEqual([200, 'image-cache; hit; ttl=2592000']);
  expect(hit.body.equals(miss.body)).toBe(true);
  expect(stable(hit)).toEqual(stable(miss));
  return [miss, hit];
}

type Wrap = (value: unknown) => unknown;

const WRAPS: readonly (readonly [string, Wrap])[] = [
  ['directly', (value) => value],
  ['as a promise', (value) => Promise.resolve(value)],
  ['as an Observable', (value) => of(value)],
];

const RESULTS: readonly (readonly [string, (bytes: Buffer) => unknown])[] = [
  ['a Buffer', (bytes) => bytes],
  ['a Uint8Array', (bytes) => new Uint8Array(bytes)],
  ['a Readable', (bytes) => Readable.from(slices(bytes), { objectMode: false })],
  ['a StreamableFile of a Buffer', (bytes) => new StreamableFile(bytes)],
  ['a StreamableFile of a stream', (bytes) => new StreamableFile(Readable.from(slices(bytes), { objectMode: false }))],
];

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.byteLength; start += 60_000) yield bytes.subarray(start, start + 60_000);
}

const SIZES: readonly (readonly [string, number])[] = [
  ['small', 20_000],
  ['large', LARGE],
];

describe.each(PLATFORMS)('what handlers return, on %s', (platform) => {
  const start = usingApps(platform);

  describe.each(SIZES)('%s bodies', (_size, size) => {
    describe.each(RESULTS)('%s', (_kind, make) => {
      it.each(WRAPS)('is served and cached when it is returned %s', async (_how, wrap) => {
        const picture = jpegOf(size);
        let calls = 0;
        @Controller('pictures')
        class Pictures {
          @Get(':id')
          @CacheVariant()
          picture(): unknown {
            calls += 1;
            return wrap(make(picture));
          }
        }
        const app = await start({ controllers: [Pictures] });
        const [miss, hit] = await missAndHit(app, '/pictures/one');
        expect(miss.body.equals(picture)).toBe(true);
        expect(miss.headers['content-type']).toBe('image/jpeg');
        expect(miss.headers['content-length'] ?? String(size)).toBe(String(size));
        expect(hit.headers['content-length']).toBe(String(size));
        expect(calls).toBe(1);
      });
    });
  });

  it('a file that is streamed from the disk is served and cached', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'handlers-'));
    const picture = jpegOf(LARGE);
    await writeFile(join(directory, 'a.jpg'), picture);
    @Controller('files')
    class Files {
      @Get(':id')
      @CacheVariant()
      file(@Param('id') id: string): Readable {
        return createReadStream(join(directory, id));
      }
    }
    const app = await start({ controllers: [Files] });
    const [miss] = await missAndHit(app, '/files/a.jpg');
    expect(miss.body.equals(picture)).toBe(true);
    await rm(directory, { recursive: true });
  });

  describe('sharp pipelines', () => {
    @Controller('thumbnails')
    class Thumbnails {
      @Get(':id/:format')
      @CacheVariant()
      thumbnail(@Param('format') format: keyof FormatEnum): Sharp {
        return plain().toFormat(format);
      }
    }

    it.each([
      ['webp', 'image/webp'],
      ['jpeg', 'image/jpeg'],
      ['png', 'image/png'],
      ['gif', 'image/gif'],
      ['tiff', 'image/tiff'],
      ['avif', 'image/avif'],
    ])('are rendered as %s and told as %s', async (format, contentType) => {
      const app = await start({ controllers: [Thumbnails] });
      const [miss, hit] = await missAndHit(app, `/thumbnails/a/${format}`);
      expect(miss.headers['content-type']).toBe(contentType);
      const { width, height } = await sharp(hit.body).metadata();
      expect([width, height]).toEqual([40, 30]);
    });

    it('that fail answer with 500 and are not cached', async () => {
      let calls = 0;
      @Controller('broken')
      class Broken {
        @Get(':id')
        @CacheVariant()
        thumbnail(): Sharp {
          calls += 1;
          return sharp(Buffer.from('this is no picture')).webp();
        }
      }
      const app = await start({ controllers: [Broken] });
      const answers = [await app.get('/broken/a'), await app.get('/broken/a')];
      expect(answers.map(({ status }) => status)).toEqual([500, 500]);
      expect(calls).toBe(2);
      expect(app.cache.stats()).toMatchObject({ renderFailures: 2, stored: 0 });
    });
  });

  describe('the content type', () => {
    it('is the one of @Header, on hits too', async () => {
      @Controller('typed')
      class Typed {
        @Get(':id')
        @Header('Content-Type', 'image/x-own')
        @CacheVariant()
        picture(): Buffer {
          return jpegOf(1000);
        }
      }
      const app = await start({ controllers: [Typed] });
      const [, hit] = await missAndHit(app, '/typed/a');
      expect(hit.headers['content-type']).toBe('image/x-own');
    });

    it('is what the handler sets on the response, on hits too', async () => {
      @Controller('typed')
      class Typed {
        @Get(':id')
        @CacheVariant()
        picture(@Res({ passthrough: true }) response: ResponseLike): Buffer {
          response.header('Content-Type', 'image/x-set');
          return jpegOf(1000);
        }
      }
      const app = await start({ controllers: [Typed] });
      const [, hit] = await missAndHit(app, '/typed/a');
      expect(hit.headers['content-type']).toBe('image/x-set');
    });

    it('is that of the StreamableFile', async () => {
      @Controller('typed')
      class Typed {
        @Get(':id')
        @CacheVariant()
        picture(): StreamableFile {
          return new StreamableFile(jpegOf(1000), { type: 'image/x-told' });
        }
      }
      const app = await start({ controllers: [Typed] });
      const [, hit] = await missAndHit(app, '/typed/a');
      expect(hit.headers['content-type']).toBe('image/x-told');
    });

    it.each([
      ['HTML', '<!doctype html><script>alert(1)</script>'],
      ['XML', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'],
      ['a calendar', 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n'],
      ['subtitles', 'WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n'],
      ['plain text', 'hello, world'],
    ])('is bytes and never text for %s', async (_what, text) => {
      @Controller('guessed')
      class Guessed {
        @Get(':id')
        @CacheVariant()
        bytes(): Buffer {
          return Buffer.from(text);
        }
      }
      const app = await start({ controllers: [Guessed] });
      const [miss] = await missAndHit(app, '/guessed/a');
      expect(miss.headers['content-type']).toBe('application/octet-stream');
    });

    it('is found in a stream that comes byte by byte', async () => {
      const picture = await plain().webp().toBuffer();
      @Controller('trickle')
      class Trickle {
        @Get(':id')
        @CacheVariant()
        stream(): Readable {
          return Readable.from(
            [...picture].map((byte) => Buffer.of(byte)),
            { objectMode: false },
          );
        }
      }
      const app = await start({ controllers: [Trickle] });
      const [miss] = await missAndHit(app, '/trickle/a');
      expect(miss.headers['content-type']).toBe('image/webp');
      expect(miss.body.equals(picture)).toBe(true);
    });
  });

  it('hits replay disposition, language and links, and no other header', async () => {
    @Controller('headers')
    class Headers {
      @Get(':id')
      @Header('Content-Language', 'de-CH')
      @CacheVariant()
      picture(@Res({ passthrough: true }) response: ResponseLike): StreamableFile {
        response.header('Link', '<https://example.org/a>;rel="canonical"');
        response.header('X-Render-Time', '17');
        return new StreamableFile(jpegOf(1000), { disposition: 'attachment; filename="a.jpg"' });
      }
    }
    const app = await start({ controllers: [Headers] });
    const miss = await app.get('/headers/a');
    const hit = await app.get('/headers/a');
    expect(miss.headers['x-render-time']).toBe('17');
    expect(hit.headers['x-render-time']).toBeUndefined();
    for (const { headers } of [miss, hit]) {
      expect(headers).toMatchObject({
        'content-disposition': 'attachment; filename="a.jpg"',
        'content-language': 'de-CH',
        link: '<https://example.org/a>;rel="canonical"',
      });
    }
  });

  it('a StreamableFile that is shorter than it says is answered with 500, or cut, and not stored', async () => {
    @Controller('short')
    class Short {
      @Get(':id')
      @CacheVariant()
      picture(@Query('size') size: string): StreamableFile {
        return new StreamableFile(Readable.from([jpegOf(Number(size))], { objectMode: false }), {
          length: Number(size) + 1,
        });
      }
    }
    const app = await start({ controllers: [Short] });
    const small = await app.get('/short/a?size=1000');
    expect([small.status, small.body.byteLength < 1000]).toEqual([500, true]);
    const large = await app.get(`/short/a?size=${LARGE}`);
    expect([large.status, large.headers['content-length'], large.complete]).toEqual([200, String(LARGE + 1), false]);
    expect(app.cache.stats()).toMatchObject({ stored: 0, renderFailures: 2 });
  });

  it('a body that the handler has encoded is not replayed without its encoding', async () => {
    @Controller('encoded')
    class Encoded {
      @Get(':id')
      @Header('Content-Type', 'image/svg+xml')
      @CacheVariant()
      picture(@Res({ passthrough: true }) response: ResponseLike): Buffer {
        response.header('Content-Encoding', 'gzip');
        return jpegOf(1000);
      }
    }
    const app = await start({ controllers: [Encoded] });
    const answers = [await app.get('/encoded/a'), await app.get('/encoded/a')];
    expect(answers.map(({ headers }) => headers['content-encoding'])).toEqual(['gzip', 'gzip']);
  });
});
