import { describe, expect, it } from '@jest/globals';
import { Controller, Get, GoneException, Param } from '@nestjs/common';
import { CacheInfo, filesystemStore, SkipImageCache, type ImageInfo } from 'nestjs-image-cache';
import { deferred, until } from '../support/async.js';
import { makeDirectory } from '../support/directories.js';
import { FakeSource } from '../support/fake-source.js';
import { handlerInfo } from '../support/handler-info.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

describe.each(PLATFORMS)('@CacheInfo() on %s', (platform) => {
  const start = usingApps(platform);

  it('calls the handler once and answers with what it returned, on hits too', async () => {
    let calls = 0;
    @Controller('photos')
    class Photos {
      @Get(':id/info')
      @CacheInfo()
      info(@Param('id') id: string): ImageInfo {
        calls += 1;
        return handlerInfo(id);
      }
    }
    const app = await start({ controllers: [Photos] });
    const answers = [await app.get('/photos/a/info'), await app.get('/photos/a/info')];
    for (const { status, headers, body } of answers) {
      expect(status).toBe(200);
      expect(headers['content-type']).toMatch(/^application\/json/);
      expect(headers['cache-control']).toBe('max-age=2592000, public, no-transform');
      expect(JSON.parse(body.toString())).toEqual(handlerInfo('a'));
    }
    expect(calls).toBe(1);
    expect(app.cache.infos.peek('Photos/a')).toMatchObject({ width: 4000 });
  });

  it('keeps the state of the source image, such as its inode, to itself', async () => {
    const source = new FakeSource();
    source.put('a', { inode: '4711', size: 1 });
    @Controller('photos')
    class Photos {
      @Get(':id/info')
      @CacheInfo({ namespace: '' })
      info(@Param('id') id: string): ImageInfo {
        return handlerInfo(id);
      }
    }
    const app = await start({ controllers: [Photos], cache: { source, resolveFirst: true } });
    const answers = [await app.get('/photos/a/info'), await app.get('/photos/a/info')];
    expect(answers.map(({ body }) => JSON.parse(body.toString()) as unknown)).toEqual([
      handlerInfo('a'),
      handlerInfo('a'),
    ]);
    expect(app.cache.infos.peek('a')?.source).toEqual({ inode: '4711', size: 1 });
  });

  it('keeps infos in the store over a restart, and takes them from the heap again after that', async () => {
    const directory = await makeDirectory();
    let calls = 0;
    @Controller('photos')
    class Photos {
      @Get(':id/info')
      @CacheInfo()
      info(@Param('id') id: string): ImageInfo {
        calls += 1;
        return handlerInfo(id);
      }
    }
    const options = () => ({
      controllers: [Photos],
      cache: { variant: { store: filesystemStore({ directory: directory.path }) } },
    });
    const before = await start(options());
    await before.get('/photos/a/info');
    await before.close();
    const app = await start(options());
    const answers = [await app.get('/photos/a/info'), await app.get('/photos/a/info')];
    expect(answers.map(({ body }) => JSON.parse(body.toString()) as unknown)).toEqual([
      handlerInfo('a'),
      handlerInfo('a'),
    ]);
    expect(calls).toBe(1);
    expect(app.cache.stats().tiers).toMatchObject({
      'heap-info': { hits: 1, misses: 1 },
      info: { hits: 1, misses: 0 },
    });
    await app.close();
    await directory.remove();
  });

  it('calls the handler once for all that ask at the same time', async () => {
    const gate = deferred();
    let calls = 0;
    @Controller('photos')
    class Photos {
      @Get(':id/info')
      @CacheInfo()
      async info(@Param('id') id: string): Promise<ImageInfo> {
        calls += 1;
        await gate.promise;
        return handlerInfo(id);
      }
    }
    const app = await start({ controllers: [Photos] });
    const clients = Array.from({ length: 50 }, () => app.open('/photos/a/info'));
    await until(() => app.cache.stats().tiers['heap-info'].misses === 50);
    gate.resolve();
    const answers = await Promise.all(clients.map((client) => client.answer));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(calls).toBe(1);
  });

  it('passes what is no info through, and calls the handler once for each request', async () => {
    let calls = 0;
    @Controller('photos')
    class Photos {
      @Get(':id/info')
      @CacheInfo()
      info(@Param('id') id: string): object {
        calls += 1;
        return { id, width: 'wide' };
      }
    }
    const app = await start({ controllers: [Photos] });
    const answers = [await app.get('/photos/a/info'), await app.get('/photos/a/info')];
    expect(answers.map(({ body }) => body.toString())).toEqual([
      '{"id":"a","width":"wide"}',
      '{"id":"a","width":"wide"}',
    ]);
    expect(calls).toBe(2);
    expect(app.log.filter(({ message }) => message.includes('Photos.info is not cached'))).toHaveLength(1);
  });

  it('answers with the error of the handler and keeps nothing of it', async () => {
    let calls = 0;
    @Controller('photos')
    class Photos {
      @Get(':id/info')
      @CacheInfo()
      info(): ImageInfo {
        calls += 1;
        throw new GoneException();
      }
    }
    const app = await start({ controllers: [Photos] });
    const answers = [await app.get('/photos/a/info'), await app.get('/photos/a/info')];
    expect(answers.map(({ status }) => status)).toEqual([410, 410]);
    expect(answers.map(({ headers }) => headers['cache-control'])).toEqual([
      'no-cache, no-store, must-revalidate',
      'no-cache, no-store, must-revalidate',
    ]);
    expect(calls).toBe(2);
  });

  it('exempts a handler with @SkipImageCache()', async () => {
    let calls = 0;
    @Controller('photos')
    @CacheInfo()
    class Photos {
      @Get(':id/info')
      @SkipImageCache()
      info(@Param('id') id: string): ImageInfo {
        calls += 1;
        return handlerInfo(id);
      }
    }
    const app = await start({ controllers: [Photos] });
    const answers = [await app.get('/photos/a/info'), await app.get('/photos/a/info')];
    for (const { headers } of answers) expect(headers).not.toHaveProperty('cache-control');
    expect(calls).toBe(2);
  });
});
