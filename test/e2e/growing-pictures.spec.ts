import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Param, StreamableFile, type Type } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { CacheVariant, filesystemStore, type ImageCacheOptions } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { next, record, until } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import type { Answer, OpenRequest } from '../support/http-client.js';
import { MAY_MOUNT, mountSmall, release } from '../support/mounts.js';
import { openDescriptors } from '../support/open-descriptors.js';
import { jpegOf } from '../support/pictures.js';
import { connectRaw } from '../support/raw-client.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const PICTURE = jpegOf(600_000);

/** More than travels as one Buffer here, and not all. */
const BEGUN = 200_000;

const TAG = `"${createHash('sha256').update(PICTURE).digest('base64url')}"`;

const STORED = 'image-cache; fwd=miss; stored';

const COLLAPSED = 'image-cache; fwd=miss; collapsed';

/** What the handlers have returned, in the order of their calls. */
let streams: PassThrough[];

function streamed(): PassThrough {
  const stream = new PassThrough();
  streams.push(stream);
  return stream;
}

@Controller('pictures')
class Pictures {
  @Get(':id')
  @CacheVariant()
  picture(@Param('id') id: string): unknown {
    return id === 'announced' ? new StreamableFile(streamed(), { length: PICTURE.byteLength }) : streamed();
  }
}

describe.each(PLATFORMS)('a large picture that grows on %s', (platform) => {
  const startApp = usingApps(platform);
  let directory: TestDirectory;
  let app: TestApp;

  beforeAll(() => {
    process.env['UV_THREADPOOL_SIZE'] = '8';
  });

  beforeEach(async () => {
    streams = [];
    directory = await makeDirectory();
  });

  afterEach(async () => {
    for (const stream of streams) stream.destroy(new Error('the test is over'));
    release(directory.path);
    await directory.remove();
  });

  async function start(options: ImageCacheOptions = {}, controllers: Type[] = [Pictures]): Promise<void> {
    const store = filesystemStore({ directory: directory.path });
    app = await startApp({ controllers, cache: { maxBufferedEntry: '64KB', variant: { store }, ...options } });
  }

  /** Gives some bytes of the picture: those that come next, or the rest. */
  function give(stream: PassThrough | undefined, end = PICTURE.byteLength): void {
    stream?.write(PICTURE.subarray(end === PICTURE.byteLength ? BEGUN : 0, end));
    if (end === PICTURE.byteLength) stream?.end();
  }

  /** A client whose answer has begun, and will not end before the picture does. */
  async function begun(path = '/pictures/a'): Promise<OpenRequest> {
    const client = app.open(path);
    await until(() => streams.length === 1);
    give(streams[0], BEGUN);
    await until(() => client.received() === BEGUN);
    return client;
  }

  async function joined(headers: Record<string, string> = {}): Promise<OpenRequest> {
    const client = app.open('/pictures/a', { headers });
    await until(() => client.received() === BEGUN);
    return client;
  }

  const summary = ({ status, complete, headers, body }: Answer) => ({
    status,
    complete,
    told: headers['cache-status'],
    isWhole: body.equals(PICTURE),
  });

  const whole = (told: string) => ({ status: 200, complete: true, told, isWhole: true });

  it('reaches all who ask for it as far as it is there, and all get the same', async () => {
    await start();
    const clients = [await begun(), await joined(), await joined()];
    const stored = next(app.cache, 'stored');
    give(streams[0]);
    const answers = await Promise.all(clients.map(({ answer }) => answer));
    expect(answers.map(summary)).toEqual([whole(STORED), whole(COLLAPSED), whole(COLLAPSED)]);
    for (const { headers } of answers)
      expect([headers.etag, headers['content-length'], headers['content-type']]).toEqual([
        undefined,
        undefined,
        'image/jpeg',
      ]);
    expect((await stored).bytes).toBe(PICTURE.byteLength);
    const hit = await app.get('/pictures/a');
    expect([hit.headers.etag, hit.headers['content-length'], hit.body.equals(PICTURE)]).toEqual([
      TAG,
      String(PICTURE.byteLength),
      true,
    ]);
    expect(streams).toHaveLength(1);
    expect(app.cache.stats()).toMatchObject({ renders: 1, collapsed: 2, stored: 1 });
    await until(async () => (await openDescriptors(directory.path, ['image'])) === 0);
  });

  it('has the length that its handler has announced', async () => {
    await start();
    const client = await begun('/pictures/announced');
    give(streams[0]);
    const answer = await client.answer;
    expect(summary(answer)).toEqual(whole(STORED));
    expect(answer.headers['content-length']).toBe(String(PICTURE.byteLength));
  });

  it.each(['a', 'announced'])('is cut for all when it breaks midway, and not kept (%s)', async (id) => {
    await start();
    const clients = [await begun(`/pictures/${id}`), app.open(`/pictures/${id}`)];
    await until(() => clients.every((client) => client.received() === BEGUN));
    streams[0]?.destroy(new Error('the line went dead'));
    for (const { answer } of clients) expect(await answer).toMatchObject({ status: 200, complete: false });
    expect(app.cache.stats()).toMatchObject({ renders: 0, renderFailures: 1, stored: 0 });
    const again = app.open(`/pictures/${id}`);
    await until(() => streams.length === 2);
    streams[1]?.end(PICTURE);
    expect(summary(await again.answer)).toEqual(whole(STORED));
    await app.close();
    expect((await readdir(directory.path, { recursive: true })).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('waits for nobody who does not read, and who reads later gets all of it', async () => {
    await start();
    const client = await begun();
    const slow = await connectRaw(app.port);
    slow.send('/pictures/a');
    await slow.begun();
    const stored = next(app.cache, 'stored');
    give(streams[0]);
    expect(summary(await client.answer)).toEqual(whole(STORED));
    await stored;
    slow.socket.end();
    const answer = await slow.rest();
    expect(answer.toString('latin1')).toContain(COLLAPSED);
    expect(answer.byteLength).toBeGreaterThan(PICTURE.byteLength);
    expect(answer.subarray(-5).toString()).toBe('0\r\n\r\n');
  });

  it('is stored though all have left', async () => {
    await start();
    for (const client of [await begun(), await joined()]) client.leave();
    const stored = next(app.cache, 'stored');
    give(streams[0]);
    await stored;
    const hit = await app.get('/pictures/a');
    expect([hit.headers['cache-status'], hit.body.equals(PICTURE)]).toEqual([
      expect.stringContaining('hit') as unknown,
      true,
    ]);
  });

  it.each<[string, Record<string, string>]>([
    ['a part', { Range: 'bytes=0-9' }],
    ['a part behind its end', { Range: 'bytes=9999999-' }],
    ['another one than it has', { 'If-None-Match': TAG }],
  ])('is given whole to who asks for %s meanwhile', async (_, headers) => {
    await start();
    await begun();
    const client = await joined(headers);
    give(streams[0]);
    expect(summary(await client.answer)).toEqual(whole(COLLAPSED));
  });

  it('is described to who asks for no more', async () => {
    await start();
    await begun();
    const answer = app.request('HEAD', '/pictures/a');
    await until(() => app.cache.stats().collapsed === 1);
    give(streams[0]);
    const { status, headers, body } = await answer;
    expect([status, headers['cache-status'], body.byteLength]).toEqual([200, COLLAPSED, 0]);
  });

  describe('for a client that cannot tell its end from a broken connection', () => {
    /** Resolves with all that comes, when the request has joined the others. */
    async function joinedByOldProtocol(): Promise<{ readonly answer: Promise<Buffer> }> {
      const { socket, rest } = await connectRaw(app.port);
      socket.write('GET /pictures/a HTTP/1.0\r\nHost: localhost\r\n\r\n');
      await until(() => app.cache.stats().tiers.variant.misses === 2);
      return { answer: rest() };
    }

    it('is held back until it is whole', async () => {
      await start();
      await begun();
      const { answer } = await joinedByOldProtocol();
      give(streams[0]);
      const bytes = await answer;
      const head = bytes.subarray(0, bytes.indexOf('\r\n\r\n')).toString().toLowerCase();
      expect(head).toContain('200 ok');
      expect(head).toContain(`content-length: ${PICTURE.byteLength}`);
      expect(bytes.subarray(-PICTURE.byteLength).equals(PICTURE)).toBe(true);
    });

    it('is an error when it breaks', async () => {
      await start();
      await begun();
      const { answer } = await joinedByOldProtocol();
      streams[0]?.destroy(new Error('the line went dead'));
      expect((await answer).toString()).toMatch(/^HTTP\/1\.[01] 500/);
    });
  });

  it('keeps its place among the renders until its end', async () => {
    await start({ render: { concurrency: 1 } });
    const client = await begun();
    const other = app.open('/pictures/other');
    await until(() => app.cache.stats().rendering.waiting === 1);
    give(streams[0]);
    expect(summary(await client.answer)).toEqual(whole(STORED));
    await until(() => streams.length === 2);
    streams[1]?.end(PICTURE);
    expect(summary(await other.answer)).toEqual(whole(STORED));
  });

  it('is joined by nobody who comes after its image was evicted, and not kept', async () => {
    await start();
    const client = await begun();
    await app.cache.evict('Pictures/a');
    const later = app.open('/pictures/a');
    await until(() => streams.length === 2);
    const notStored = record(app.cache, 'not-stored');
    give(streams[0]);
    expect(summary(await client.answer)).toEqual(whole(STORED));
    await until(() => notStored.length === 1);
    expect(notStored[0]?.reason).toBe('fenced');
    streams[1]?.end(PICTURE);
    expect(summary(await later.answer)).toEqual(whole(STORED));
  });

  it('is cut when its render takes longer than it may', async () => {
    const clock = new FakeClock();
    await start({ clock, render: { deadline: '1m' } });
    const client = await begun();
    await clock.advance(60_000);
    expect(await client.answer).toMatchObject({ status: 200, complete: false });
    await until(() => app.cache.stats().rendering.running === 0);
    await until(() => streams[0]?.destroyed === true);
  });

  if (MAY_MOUNT)
    it('reaches all whole when the disk is full midway, and is not kept', async () => {
      mountSmall(directory.path, '400k');
      await start();
      const client = await begun();
      const slow = await connectRaw(app.port);
      slow.send('/pictures/a');
      await slow.begun();
      const notStored = record(app.cache, 'not-stored');
      give(streams[0]);
      expect(summary(await client.answer)).toEqual(whole(STORED));
      slow.socket.end();
      expect((await slow.rest()).subarray(-5).toString()).toBe('0\r\n\r\n');
      await until(() => notStored.length > 0);
      expect(notStored[0]?.reason).toBe('failed');
    });
});
