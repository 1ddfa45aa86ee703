import { describe, expect, it } from '@jest/globals';
import { ConflictException, Controller, Delete, Get, Param, Put, type Type } from '@nestjs/common';
import {
  CacheInfo,
  CacheVariant,
  EvictImage,
  filesystemStore,
  heapStore,
  type ImageCacheOptions,
  type ImageInfo,
} from 'nestjs-image-cache';
import { deferred, next, record, until, type Deferred } from '../support/async.js';
import { failing } from '../support/failing-store.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { handlerInfo } from '../support/handler-info.js';
import { LARGE } from '../support/pictures.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

/** An album whose pictures tell how often they have been replaced. */
class Album {
  readonly states = new Map<string, number>();
  readonly calls: string[] = [];
  /** What a render waits for, once it has looked at the picture. */
  gate: Deferred | undefined;
  size = 1000;

  stateOf(id: string): number {
    return this.states.get(id) ?? 1;
  }

  replace(id: string): void {
    this.states.set(id, this.stateOf(id) + 1);
  }

  async render(id: string): Promise<Buffer> {
    const { gate } = this;
    this.calls.push(id);
    const picture = Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.from(`${id} ${this.stateOf(id)} `)]);
    await gate?.promise;
    return Buffer.concat([picture, Buffer.alloc(this.size)]);
  }

  controller(): Type {
    // eslint-disable-next-line @typescript-eslint/no-this-alias
    const album = this;
    @Controller('album')
    class AlbumController {
      @Get(':id')
      @CacheVariant()
      picture(@Param('id') id: string): Promise<Buffer> {
        return album.render(id);
      }

      @Get(':id/info')
      @CacheInfo()
      info(@Param('id') id: string): ImageInfo {
        return handlerInfo(id, { width: album.stateOf(id) });
      }

      @Put(':id')
      @EvictImage()
      replace(@Param('id') id: string): object {
        album.replace(id);
        return { id };
      }

      @Delete(':id')
      @EvictImage()
      remove(@Param('id') id: string): never {
        throw new ConflictException(`${id} is in use`);
      }
    }
    return AlbumController;
  }
}

/** What a picture tells of itself. */
function told(body: Buffer): string {
  return body.subarray(4, 7).toString();
}

const STORES: readonly (readonly [string, (directory: string) => ImageCacheOptions])[] = [
  ['the heap', () => ({})],
  ['files', (directory) => ({ variant: { store: filesystemStore({ directory }) } })],
  ['files behind a hot level', (directory) => ({ variant: { store: filesystemStore({ directory }), hot: '16MB' } })],
  ['nothing', () => ({ variant: false, heapInfo: false })],
];

describe.each(PLATFORMS)('@EvictImage() on %s', (platform) => {
  const start = usingApps(platform);

  describe.each(STORES)('with entries in %s', (where, cacheIn) => {
    async function album(): Promise<{ album: Album; cache: ImageCacheOptions; directory: TestDirectory }> {
      const directory = await makeDirectory();
      return { album: new Album(), cache: cacheIn(directory.path), directory };
    }

    it('makes the next requests render and read anew, and leaves other images alone', async () => {
      const { album: own, cache, directory } = await album();
      const app = await start({ controllers: [own.controller()], cache });
      for (const path of ['/album/a', '/album/b', '/album/a/info']) await app.get(path);
      const replaced = await app.request('PUT', '/album/a');
      expect([replaced.status, replaced.body.toString()]).toEqual([200, '{"id":"a"}']);
      expect(told((await app.get('/album/a')).body)).toBe('a 2');
      expect(JSON.parse((await app.get('/album/a/info')).body.toString())).toMatchObject({ width: 2 });
      expect(told((await app.get('/album/b')).body)).toBe('b 1');
      expect(own.calls).toEqual(where === 'nothing' ? ['a', 'b', 'a', 'b'] : ['a', 'b', 'a']);
      await app.close();
      await directory.remove();
    });

    it.each([
      ['small', 1000],
      ['large', LARGE],
    ])('ends a %s render that is under way: it is served and not stored, and nobody joins it', async (_, size) => {
      const { album: own, cache, directory } = await album();
      own.size = size;
      own.gate = deferred();
      const app = await start({ controllers: [own.controller()], cache: { ...cache } });
      const notStored = record(app.cache, 'not-stored');
      const early = app.open('/album/a');
      await until(() => own.calls.length === 1);
      const { gate } = own;
      own.gate = undefined;
      await app.request('PUT', '/album/a');
      const late = app.open('/album/a');
      // The place of the early render is the only one where there are few cores.
      await until(() => own.calls.length === 2 || app.cache.stats().rendering.waiting === 1);
      gate.resolve();
      expect(told((await early.answer).body)).toBe('a 1');
      expect(told((await late.answer).body)).toBe('a 2');
      expect(told((await app.get('/album/a')).body)).toBe('a 2');
      // Whether it can be stored is found out behind the answer.
      await until(() => notStored.length === (where === 'nothing' ? 0 : 1));
      expect(notStored.every(({ reason }) => reason === 'fenced')).toBe(true);
      await app.close();
      await directory.remove();
    });
  });

  it('evicts nothing when the handler fails', async () => {
    const own = new Album();
    const app = await start({ controllers: [own.controller()] });
    await app.get('/album/a');
    expect((await app.request('DELETE', '/album/a')).status).toBe(409);
    expect((await app.get('/album/a')).headers['cache-status']).toMatch(/hit/);
  });

  it('makes the request fail when the eviction fails, and tells of it', async () => {
    const own = new Album();
    const { store, chaos } = failing(heapStore());
    const app = await start({ controllers: [own.controller()], cache: { variant: { store } } });
    await app.get('/album/a');
    chaos().fail('deleteGroup', new Error('EIO: i/o error'));
    const answer = await app.request('PUT', '/album/a');
    expect(answer.status).toBe(503);
    expect(answer.headers).toMatchObject({
      'retry-after': '1',
      'cache-control': 'no-cache, no-store, must-revalidate',
    });
    expect(app.cache.stats().storeFailures).toEqual({ 'HeapCache deleteGroup': 1 });
    expect(app.log.filter(({ level, message }) => level !== 'log' && message.includes('deleteGroup'))).toHaveLength(1);
    chaos().heal();
    expect((await app.request('PUT', '/album/a')).status).toBe(200);
    expect(told((await app.get('/album/a')).body)).toBe('a 3');
  });

  it('serves nothing from a hot level of which the durable store could not evict', async () => {
    const own = new Album();
    const { store, chaos } = failing(heapStore());
    const app = await start({ controllers: [own.controller()], cache: { variant: { store, hot: '16MB' } } });
    await app.get('/album/a');
    chaos().fail('deleteGroup', new Error('EIO: i/o error'));
    expect((await app.request('PUT', '/album/a')).status).toBe(503);
    chaos().fail('read', new Error('EIO: i/o error'));
    expect(told((await app.get('/album/a')).body)).toBe('a 2');
  });

  it('waits for renders in no way: the change is done at once', async () => {
    const own = new Album();
    own.gate = deferred();
    const app = await start({ controllers: [own.controller()] });
    const early = app.open('/album/a');
    await until(() => own.calls.length === 1);
    const evicted = record(app.cache, 'evicted');
    expect((await app.request('PUT', '/album/a')).status).toBe(200);
    expect(evicted).toEqual([]);
    const fenced = next(app.cache, 'not-stored');
    own.gate.resolve();
    expect(await fenced).toMatchObject({ reason: 'fenced' });
    expect(told((await early.answer).body)).toBe('a 1');
  });
});
