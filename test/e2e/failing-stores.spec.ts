import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Param, Put, type Type } from '@nestjs/common';
import { readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { CacheVariant, EvictImage, filesystemStore, heapStore, type ImageCacheOptions } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { record, until } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { failing } from '../support/failing-store.js';
import type { Answer } from '../support/http-client.js';
import { MAY_MOUNT, mountSmall, release } from '../support/mounts.js';
import { jpegOf, LARGE } from '../support/pictures.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const NAME = 'HeapCache';

/** A route that gives every picture once more, as a Buffer or as a stream. */
function routeFor(picture: Buffer, how: 'buffer' | 'stream', calls: string[] = []): Type {
  @Controller('pictures')
  class Pictures {
    @Get(':id')
    @CacheVariant()
    picture(@Param('id') id: string): Buffer | Readable {
      calls.push(id);
      if (how === 'buffer') return picture;
      const slices = Array.from({ length: Math.ceil(picture.byteLength / 50_000) }, (_, index) =>
        picture.subarray(index * 50_000, (index + 1) * 50_000),
      );
      return Readable.from(slices, { objectMode: false });
    }

    @Put(':id')
    @EvictImage()
    replace(): object {
      return {};
    }
  }
  return Pictures;
}

/** Which calls of a store keep requests waiting, and for how long; milliseconds. */
const LIMITS = { read: 2000, generation: 2000, reserve: 2000, commit: 60_000, touch: 60_000 } as const;

type Failing = keyof typeof LIMITS;

const BREAKERS: Readonly<Record<Failing, 'reads' | 'writes'>> = {
  read: 'reads',
  generation: 'reads',
  reserve: 'writes',
  commit: 'writes',
  touch: 'writes',
};

const TROUBLES = (['fail', 'hang'] as const).flatMap((trouble) =>
  (Object.keys(LIMITS) as Failing[]).map((operation) => [operation, trouble] as const),
);

/** Time until accesses are written, with some to spare; milliseconds. */
const FLUSH = 11_000;

/** Time for which a store is left alone; milliseconds. */
const COOLDOWN = 5000;

describe.each(PLATFORMS)('stores that fail, on %s', (platform) => {
  const start = usingApps(platform);

  async function withTrouble(picture: Buffer, options: ImageCacheOptions = {}) {
    const clock = new FakeClock();
    const calls: string[] = [];
    const { store, chaos } = failing(heapStore());
    const app = await start({
      controllers: [routeFor(picture, 'buffer', calls)],
      cache: { clock, variant: { store }, ...options },
    });
    return { app, clock, calls, chaos: chaos() };
  }

  describe.each(TROUBLES)('while %s makes them %s', (operation, trouble) => {
    it('serve whole pictures, are counted and told of once, and are left alone until they work again', async () => {
      const picture = jpegOf(30_000);
      const { app, clock, chaos } = await withTrouble(picture);
      const breaker = record(app.cache, 'store-breaker');
      /** Asks, and lets the time pass for calls that hang. */
      const ask = async (id: string): Promise<Answer> => {
        const asking = app.get(`/pictures/${id}`);
        const answered = asking.then(() => true);
        for (let passed = chaos.calls(operation), isOver = false; !isOver;) {
          const waits = trouble === 'hang' && isAwaited(operation);
          const stuck = waits ? until(() => isOver || chaos.calls(operation) > passed).then(() => false) : answered;
          isOver = await Promise.race([answered, stuck]);
          passed = chaos.calls(operation);
          if (!isOver) await clock.advance(LIMITS[operation]);
        }
        if (operation === 'touch') await clock.advance(FLUSH);
        if (trouble === 'hang' && !isAwaited(operation)) await clock.advance(LIMITS[operation]);
        return asking;
      };
      await app.get('/pictures/known');
      chaos[trouble](operation);
      const troubled = operation === 'touch' ? ['known', 'known', 'known'] : ['known', 'a', 'b', 'c'];
      for (const id of troubled) {
        const { status, body } = await ask(id);
        expect([id, status, body.equals(picture)]).toEqual([id, 200, true]);
      }
      const { storeFailures } = app.cache.stats();
      expect(Object.keys(storeFailures)).toEqual([`${NAME} ${operation}`]);
      expect(storeFailures[`${NAME} ${operation}`]).toBeGreaterThanOrEqual(3);
      expect(breaker).toEqual([{ store: NAME, path: BREAKERS[operation], open: true }]);
      const lines = linesAbout(app, `${NAME} failed to ${operation}:`);
      if (trouble === 'fail') expect(lines).toHaveLength(1);
      else expect(lines[0]).toContain(`no answer within ${LIMITS[operation]} ms`);

      const before = chaos.calls(operation);
      expect((await app.get('/pictures/d')).body.equals(picture)).toBe(true);
      if (operation !== 'touch') expect(chaos.calls(operation)).toBe(before);

      chaos.heal();
      await clock.advance(COOLDOWN);
      if (operation === 'touch') {
        await app.get('/pictures/known');
        await clock.advance(FLUSH);
      }
      for (const id of ['e', 'e']) await app.get(`/pictures/${id}`);
      await until(() => breaker.length === 2);
      expect(breaker[1]).toEqual({ store: NAME, path: BREAKERS[operation], open: false });
      expect((await app.get('/pictures/e')).headers['cache-status']).toMatch(/hit/);
    });
  });

  it.each(['read', 'generation', 'reserve', 'commit'] as const)(
    'and fail now and then to %s are not left alone',
    async (operation) => {
      const { app, clock, chaos } = await withTrouble(jpegOf(1000));
      const breaker = record(app.cache, 'store-breaker');
      for (let turn = 0; turn < 4; turn += 1) {
        chaos.fail(operation, new Error('EIO'), { times: 2 });
        for (const id of ['a', 'b', 'c', 'd']) await app.get(`/pictures/${id}${turn}`);
        await clock.advance(FLUSH);
      }
      expect(app.cache.stats().storeFailures[`${NAME} ${operation}`]).toBeGreaterThan(2);
      expect(breaker).toEqual([]);
    },
  );

  it("answer with 503 and Retry-After when onError is 'throw' and they cannot be read", async () => {
    const { app, chaos, calls } = await withTrouble(jpegOf(1000), { stores: { onError: 'throw' } });
    chaos.fail('read', new Error('ECONNREFUSED 10.1.2.3:6379'));
    const answer = await app.get('/pictures/a');
    expect(answer.status).toBe(503);
    expect(answer.headers).toMatchObject({
      'retry-after': '1',
      'cache-control': 'no-cache, no-store, must-revalidate',
    });
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'E_IMAGE_CACHE_STORE_UNAVAILABLE' });
    expect(answer.body.includes('10.1.2.3')).toBe(false);
    expect(calls).toEqual([]);
    chaos.heal();
    chaos.fail('commit');
    chaos.fail('reserve');
    expect((await app.get('/pictures/a')).status).toBe(200);
  });

  it('fail an eviction loudly, also while they are left alone', async () => {
    const { app, chaos } = await withTrouble(jpegOf(1000));
    for (const operation of ['read', 'generation', 'reserve', 'deleteGroup'] as const) chaos.fail(operation);
    for (let turn = 0; turn < 5; turn += 1) await app.get('/pictures/a');
    const before = chaos.calls('deleteGroup');
    const answers = [await app.request('PUT', '/pictures/a'), await app.request('PUT', '/pictures/a')];
    expect(answers.map(({ status }) => status)).toEqual([503, 503]);
    expect(chaos.calls('deleteGroup')).toBe(before + 2);
    await expect(app.cache.evict('Pictures/a')).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_STORE_UNAVAILABLE' });
  });

  describe('on the disk', () => {
    let directory: TestDirectory | undefined;

    afterEach(async () => {
      if (directory !== undefined) release(directory.path);
      await directory?.remove();
      directory = undefined;
    });

    async function onDisk(picture: Buffer, how: 'buffer' | 'stream', size?: string) {
      directory = await makeDirectory();
      if (size !== undefined) mountSmall(directory.path, size);
      const { path } = directory;
      const calls: string[] = [];
      const { store, chaos } = failing(filesystemStore({ directory: path }));
      const app = await start({ controllers: [routeFor(picture, how, calls)], cache: { variant: { store } } });
      return { app, calls, chaos: chaos(), path };
    }

    /** Nothing of a write that failed is left. */
    async function leftovers(path: string): Promise<string[]> {
      return (await readdir(path, { recursive: true })).filter((name) => name.endsWith('.tmp'));
    }

    it.each([
      ['Buffer', 'buffer', 30_000],
      ['small stream', 'stream', 30_000],
      ['large stream', 'stream', LARGE],
    ] as const)('serve a %s whole when its commit fails, and again from the next render', async (_what, how, size) => {
      const picture = jpegOf(size);
      const { app, chaos, calls, path } = await onDisk(picture, how);
      chaos.fail('commit', new Error('EIO: i/o error'));
      const failed = record(app.cache, 'not-stored');
      for (const turn of [1, 2]) {
        const { status, body } = await app.get('/pictures/a');
        expect([status, body.equals(picture)]).toEqual([200, true]);
        await until(() => failed.length === turn);
      }
      expect(failed.map(({ reason }) => reason)).toEqual(['failed', 'failed']);
      expect(calls).toEqual(['a', 'a']);
      await app.close();
      expect(await leftovers(path)).toEqual([]);
    });

    if (MAY_MOUNT)
      it.each([
        ['Buffers', 'buffer', 700_000],
        ['small streams', 'stream', 700_000],
        ['large streams', 'stream', LARGE],
      ] as const)('serve %s whole when it is full, and read what is there', async (_what, how, size) => {
        const picture = jpegOf(size);
        const { app, path } = await onDisk(picture, how, '1m');
        const ids = ['a', 'b', 'c', 'd'];
        for (const id of ids) {
          const { status, body } = await app.get(`/pictures/${id}`);
          expect([id, status, body.equals(picture)]).toEqual([id, 200, true]);
        }
        await until(() => {
          const { stored, notStored } = app.cache.stats();
          return stored + (notStored['failed'] ?? 0) === ids.length;
        });
        const { stored, notStored } = app.cache.stats();
        expect([stored, notStored['failed']]).toEqual(size === LARGE ? [0, 4] : [1, 3]);
        const again = await Promise.all(ids.map((id) => app.get(`/pictures/${id}`)));
        expect(again.every(({ status, body }) => status === 200 && body.equals(picture))).toBe(true);
        expect(again.filter(({ headers }) => String(headers['cache-status']).includes('hit'))).toHaveLength(
          size === LARGE ? 0 : 1,
        );
        await app.close();
        expect(await leftovers(path)).toEqual([]);
        expect(linesAbout(app, 'ENOSPC').length).toBeLessThanOrEqual(2);
      });

    if (MAY_MOUNT)
      it.each([
        ['Buffers', 'buffer', 700_000],
        ['small streams', 'stream', 700_000],
        ['large streams', 'stream', LARGE],
      ] as const)('store %s again, by themselves, when others give space back', async (_what, how, size) => {
        const picture = jpegOf(size);
        const { app, path } = await onDisk(picture, how, '16m');
        const { bavail, bsize } = await statfs(path);
        const filler = join(path, 'filler');
        await writeFile(filler, Buffer.alloc(bavail * bsize - 300_000));
        for (const id of ['a', 'b']) expect((await app.get(`/pictures/${id}`)).body.equals(picture)).toBe(true);
        await until(() => app.cache.stats().notStored['failed'] === 2);
        await rm(filler);
        for (const id of ['a', 'b']) expect((await app.get(`/pictures/${id}`)).body.equals(picture)).toBe(true);
        await until(() => app.cache.stats().stored === 2);
        for (const id of ['a', 'b']) expect((await app.get(`/pictures/${id}`)).headers['cache-status']).toMatch(/hit/);
      });
  });
});

function linesAbout(app: TestApp, text: string): readonly string[] {
  return app.log.map(({ message }) => message).filter((message) => message.includes(text));
}

/** Whether requests wait for an operation. */
function isAwaited(operation: Failing): boolean {
  return operation !== 'commit' && operation !== 'touch';
}
