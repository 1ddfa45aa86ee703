import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, StreamableFile, type Type } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { CacheVariant, filesystemStore, formatHttpDate } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { until } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { FakeSource } from '../support/fake-source.js';
import { openDescriptors } from '../support/open-descriptors.js';
import { jpegOf, LARGE } from '../support/pictures.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const MODIFIED = Date.UTC(2024, 0, 1, 12);

/** A request for a picture that is there, and its answer; `tag` and `size` are those of the picture. */
interface Case {
  readonly what: string;
  readonly method?: string;
  readonly headers: (picture: { readonly tag: string; readonly size: number }) => Record<string, string>;
  readonly status: 200 | 206 | 304 | 412 | 416;
  /** First and last byte of the body; absent for all of it, or for none where the status has none. */
  readonly part?: (size: number) => readonly [number, number];
}

const CASES: readonly Case[] = [
  { what: 'nothing else', headers: () => ({}), status: 200 },
  // RFC 9110, section 13.1.1
  { what: 'If-Match its tag', headers: ({ tag }) => ({ 'If-Match': tag }), status: 200 },
  { what: 'If-Match anything', headers: () => ({ 'If-Match': '*' }), status: 200 },
  { what: 'If-Match another tag', headers: () => ({ 'If-Match': '"other"' }), status: 412 },
  { what: 'If-Match its tag made weak', headers: ({ tag }) => ({ 'If-Match': `W/${tag}` }), status: 412 },
  {
    what: 'If-Match another tag, and If-None-Match its own',
    headers: ({ tag }) => ({ 'If-Match': '"other"', 'If-None-Match': tag }),
    status: 412,
  },
  // RFC 9110, section 13.1.4
  {
    what: 'If-Unmodified-Since its date',
    headers: () => ({ 'If-Unmodified-Since': formatHttpDate(MODIFIED) }),
    status: 200,
  },
  {
    what: 'If-Unmodified-Since before',
    headers: () => ({ 'If-Unmodified-Since': formatHttpDate(MODIFIED - 1000) }),
    status: 412,
  },
  {
    what: 'If-Match its tag, whatever the date',
    headers: ({ tag }) => ({ 'If-Match': tag, 'If-Unmodified-Since': formatHttpDate(MODIFIED - 1000) }),
    status: 200,
  },
  // RFC 9110, sections 13.1.2 and 13.1.3
  { what: 'If-None-Match its tag', headers: ({ tag }) => ({ 'If-None-Match': tag }), status: 304 },
  { what: 'If-None-Match another tag', headers: () => ({ 'If-None-Match': '"other"' }), status: 200 },
  {
    what: 'If-Modified-Since its date',
    headers: () => ({ 'If-Modified-Since': formatHttpDate(MODIFIED) }),
    status: 304,
  },
  {
    what: 'If-None-Match its tag, and a part',
    headers: ({ tag }) => ({ 'If-None-Match': tag, Range: 'bytes=0-9' }),
    status: 304,
  },
  // RFC 9110, section 14.2
  { what: 'its first bytes', headers: () => ({ Range: 'bytes=0-9' }), status: 206, part: () => [0, 9] },
  { what: 'one byte', headers: () => ({ Range: 'bytes=5-5' }), status: 206, part: () => [5, 5] },
  {
    what: 'bytes up to the end',
    headers: () => ({ Range: 'bytes=100-' }),
    status: 206,
    part: (size) => [100, size - 1],
  },
  {
    what: 'its last bytes',
    headers: () => ({ Range: 'bytes=-10' }),
    status: 206,
    part: (size) => [size - 10, size - 1],
  },
  {
    what: 'bytes far beyond the end',
    headers: () => ({ Range: 'bytes=10-99999999999999999999' }),
    status: 206,
    part: (size) => [10, size - 1],
  },
  {
    what: 'more of its last bytes than there are',
    headers: () => ({ Range: 'bytes=-99999999' }),
    status: 206,
    part: (size) => [0, size - 1],
  },
  { what: 'bytes behind the end', headers: ({ size }) => ({ Range: `bytes=${size}-` }), status: 416 },
  { what: 'none of its last bytes', headers: () => ({ Range: 'bytes=-0' }), status: 416 },
  { what: 'several parts', headers: () => ({ Range: 'bytes=0-9,20-29' }), status: 200 },
  { what: 'a part of other units', headers: () => ({ Range: 'rows=0-9' }), status: 200 },
  { what: 'a part that is none', headers: () => ({ Range: 'bytes=9-0' }), status: 200 },
  { what: 'a part, by HEAD', method: 'HEAD', headers: () => ({ Range: 'bytes=0-9' }), status: 200 },
  { what: 'a part that is not there, by HEAD', method: 'HEAD', headers: () => ({ Range: 'bytes=-0' }), status: 200 },
  // RFC 9110, section 13.1.5
  {
    what: 'a part of what has its tag',
    headers: ({ tag }) => ({ Range: 'bytes=0-9', 'If-Range': tag }),
    status: 206,
    part: () => [0, 9],
  },
  {
    what: 'a part of what has another tag',
    headers: () => ({ Range: 'bytes=0-9', 'If-Range': '"other"' }),
    status: 200,
  },
  {
    what: 'a part of what has its tag made weak',
    headers: ({ tag }) => ({ Range: 'bytes=0-9', 'If-Range': `W/${tag}` }),
    status: 200,
  },
  {
    what: 'a part of what has its date',
    headers: () => ({ Range: 'bytes=0-9', 'If-Range': formatHttpDate(MODIFIED) }),
    status: 200,
  },
  {
    what: 'a part that is not there of what has another tag',
    headers: ({ size }) => ({ Range: `bytes=${size}-`, 'If-Range': '"other"' }),
    status: 200,
  },
];

const PICTURES = [
  ['in memory', jpegOf(30_000)],
  ['that is streamed', jpegOf(LARGE)],
] as const;

describe.each(PLATFORMS)('a picture on %s', (platform) => {
  const start = usingApps(platform);
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(async () => {
    await directory.remove();
  });

  describe.each(PICTURES)('%s', (_, picture) => {
    const tag = `"${createHash('sha256').update(picture).digest('base64url')}"`;
    const size = picture.byteLength;

    @Controller('pictures')
    class Pictures {
      @Get(':id')
      @CacheVariant()
      picture(): StreamableFile {
        return new StreamableFile(Readable.from([picture]), { type: 'image/jpeg' });
      }
    }

    const started = (controllers: Type[] = [Pictures]): Promise<TestApp> => {
      const source = new FakeSource();
      source.put('a', { lastModified: `${MODIFIED}000000` });
      const store = filesystemStore({ directory: directory.path });
      const clock = new FakeClock(MODIFIED + 3_600_000);
      return start({ controllers, cache: { source, clock, variant: { store } } });
    };

    it('is answered as the RFC says, as it is kept', async () => {
      const app = await started();
      await app.get('/pictures/a');
      await until(async () => (await app.get('/pictures/a')).headers['cache-status']?.includes('hit') === true);
      const before = await openDescriptors(directory.path);
      for (const { what, method = 'GET', headers, status, part } of CASES) {
        const answer = await app.request(method, '/pictures/a', headers({ tag, size }));
        const [first, last] = part?.(size) ?? [0, size - 1];
        const isSent = status === 200 || status === 206;
        const isRefused = status === 412 || status === 416;
        expect({ what, status: answer.status, complete: answer.complete }).toEqual({ what, status, complete: true });
        expect([what, answer.headers['cache-control'] === 'no-cache, no-store, must-revalidate']).toEqual([
          what,
          isRefused,
        ]);
        expect([what, answer.headers['content-range']]).toEqual([
          what,
          { 206: `bytes ${first}-${last}/${size}`, 416: `bytes */${size}` }[status as 206],
        ]);
        expect([what, answer.headers['accept-ranges']]).toEqual([what, isSent ? 'bytes' : undefined]);
        expect([what, answer.headers.etag === tag]).toEqual([what, !isRefused]);
        expect([what, answer.headers['cache-status']]).toEqual([what, expect.stringMatching(/^image-cache; hit/)]);
        expect([what, answer.headers.age]).toEqual([what, undefined]);
        if (isSent) expect([what, answer.headers['content-length']]).toEqual([what, String(last - first + 1)]);
        if (isSent && method === 'GET')
          expect([what, answer.body.equals(picture.subarray(first, last + 1))]).toEqual([what, true]);
        if (method === 'HEAD' || status === 304) expect([what, answer.body.byteLength]).toEqual([what, 0]);
      }
      await until(async () => (await openDescriptors(directory.path)) <= before);
    });

    it.each<[string, Record<string, string>, number[]]>([
      ['If-Match another tag', { 'If-Match': '"other"' }, [412]],
      ['If-Match anything', { 'If-Match': '*' }, [200]],
      ['its first bytes', { Range: 'bytes=0-9' }, [200, 206]],
      ['bytes behind the end', { Range: `bytes=${size}-` }, [200, 416]],
    ])('is stored also by who asks for %s first', async (what, headers, statuses) => {
      const app = await started();
      const answer = await app.get('/pictures/a', headers);
      expect([what, statuses.includes(answer.status), answer.complete]).toEqual([what, true, true]);
      if (answer.status < 300)
        expect(answer.body.equals(picture.subarray(0, answer.status === 206 ? 10 : size))).toBe(true);
      await until(async () => (await app.get('/pictures/a')).headers['cache-status']?.includes('hit') === true);
      expect((await app.get('/pictures/a')).body.equals(picture)).toBe(true);
    });
  });
});
