import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Module, Param, type DynamicModule } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';
import {
  CacheVariant,
  filesystemStore,
  heapStore,
  ImageCache,
  ImageCacheModule,
  type ImageCacheOptions,
} from 'nestjs-image-cache';
import { deferred, until } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { failing } from '../support/failing-store.js';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

@Controller('pictures')
class Pictures {
  @Get(':id')
  @CacheVariant()
  picture(): Buffer {
    return jpegOf(1000);
  }
}

/** What keeps the process alive. */
function openResources(): readonly string[] {
  // Tests run with a copy of `process` that knows of nothing.
  const real = runInThisContext('process') as NodeJS.Process;
  return real
    .getActiveResourcesInfo()
    .filter((name) => !['Immediate', 'TickObject'].includes(name))
    .sort();
}

/** Configuration as an application keeps it. */
@Injectable()
class Settings {
  readonly maxAge = '7m';

  createImageCacheOptions(): ImageCacheOptions {
    return { client: { maxAge: this.maxAge } };
  }
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

const CONFIGURATIONS: readonly (readonly [string, DynamicModule, string])[] = [
  ['forRoot()', ImageCacheModule.forRoot(), 'max-age=2592000, public, no-transform'],
  ['forRoot(options)', ImageCacheModule.forRoot({ client: { maxAge: '7m' } }), 'max-age=420, public'],
  [
    'forRootAsync() with a factory',
    ImageCacheModule.forRootAsync({
      imports: [SettingsModule],
      inject: [Settings],
      useFactory: ({ maxAge }: Settings) => Promise.resolve({ client: { maxAge } }),
    }),
    'max-age=420, public',
  ],
  ['forRootAsync() with a class', ImageCacheModule.forRootAsync({ useClass: Settings }), 'max-age=420, public'],
  [
    'forRootAsync() with an existing provider',
    ImageCacheModule.forRootAsync({ imports: [SettingsModule], useExisting: Settings }),
    'max-age=420, public',
  ],
];

const WRONG: readonly (readonly [string, object])[] = [
  ['imageCache.varaint', { varaint: {} }],
  ['imageCache.variant.tll', { variant: { tll: '1d' } }],
  ['imageCache.variant.ttl', { variant: { ttl: 30 } }],
  ['imageCache.variant.ttl', { variant: { ttl: '-1d' } }],
  ['imageCache.variant.staleness', { variant: { staleness: '1 day' } }],
  ['imageCache.variant.store', { variant: { store: {} } }],
  ['imageCache.variant.hot', { variant: { hot: 'lots' } }],
  ['imageCache.info.store', { info: { store: 'filesystem' } }],
  ['imageCache.info.size', { info: { size: 1 } }],
  ['imageCache.heapInfo.maxSize', { heapInfo: { maxSize: '0' } }],
  ['imageCache.heapInfo.maxSize', { heapInfo: { maxSize: '900GB' } }],
  ['imageCache.client.maxAge', { client: { maxAge: 3600 } }],
  ['imageCache.client.visibility', { client: { visibility: 'everybody' } }],
  ['imageCache.client.maxage', { client: { maxage: '1h' } }],
  ['imageCache.resolveFirst', { resolveFirst: true }],
  ['imageCache.resolveFirst', { resolveFirst: 'yes' }],
  ['imageCache.evictMissing', { evictMissing: true }],
  ['imageCache.revalidateAfter', { revalidateAfter: 5 }],
  ['imageCache.stores.onError', { stores: { onError: 'ignore' } }],
  ['imageCache.stores.timeout', { stores: { timeout: 2 } }],
  ['imageCache.render.concurrency', { render: { concurrency: 5000 } }],
  ['imageCache.render.queue', { render: { queue: -1 } }],
  ['imageCache.worker.interval', { worker: { interval: '-1d' } }],
  ['imageCache.worker.interval', { worker: { interval: '0' } }],
  ['imageCache.worker.every', { worker: { every: '1d' } }],
  ['imageCache.maxBufferedEntry', { maxBufferedEntry: -1 }],
];

describe.each(PLATFORMS)('ImageCacheModule on %s', (platform) => {
  const start = usingApps(platform);
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(() => directory.remove());

  it.each(CONFIGURATIONS)('is configured by %s', async (_how, module, cacheControl) => {
    const app = await start({ cache: false, imports: [module], controllers: [Pictures] });
    const answers = [await app.get('/pictures/a'), await app.get('/pictures/a')];
    expect(answers.map(({ headers }) => headers['cache-control'])).toEqual([cacheControl, cacheControl]);
    expect(answers[1]?.headers['cache-status']).toMatch(/hit/);
  });

  describe.each(WRONG)('with a wrong %s', (path, options) => {
    it.each([
      ['forRoot()', () => ImageCacheModule.forRoot(options)],
      ['forRootAsync()', () => ImageCacheModule.forRootAsync({ useFactory: () => options })],
    ])('refuses to start, for %s, and names the option', async (_how, module) => {
      await expect(start({ cache: false, imports: [module()] })).rejects.toMatchObject({
        code: 'E_IMAGE_CACHE_OPTIONS',
        message: expect.stringContaining(path) as unknown,
      });
      await expect(start({ cache: false, imports: [module()] })).rejects.toThrow(new RegExp(`^${path}: `));
    });
  });

  it('refuses to start with a directory that holds other files, and leaves them alone', async () => {
    await writeFile(join(directory.path, 'holiday.jpg'), 'an original');
    const store = filesystemStore({ directory: directory.path });
    await expect(start({ cache: { variant: { store } } })).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_STORE_REFUSED',
      message: expect.stringMatching(/^filesystemStore\.directory: .*holiday\.jpg/) as unknown,
    });
  });

  it('warns at the start when the infos go with the process and the variants stay', async () => {
    const cache = { info: false, variant: { store: filesystemStore({ directory: directory.path }) } } as const;
    const { log } = await start({ cache });
    expect(log.filter(({ level, message }) => level === 'warn' && message.includes('outlive'))).toHaveLength(1);
  });

  describe('for a controller in another module', () => {
    @Module({ controllers: [Pictures] })
    class PicturesModule {}

    it('is there without an import, because it is global', async () => {
      const app = await start({ cache: false, imports: [ImageCacheModule.forRoot(), PicturesModule] });
      expect((await app.get('/pictures/a')).status).toBe(200);
    });

    it.each([
      ['forRoot()', () => ImageCacheModule.forRoot({ isGlobal: false })],
      ['forRootAsync()', () => ImageCacheModule.forRootAsync({ isGlobal: false, useFactory: () => ({}) })],
    ])('has to be imported to be injected when %s says that it is not global', async (_how, module) => {
      @Injectable()
      class Counter {
        constructor(readonly cache: ImageCache) {}
      }
      @Module({ providers: [Counter] })
      class CounterModule {}
      await expect(start({ cache: false, imports: [module(), CounterModule] })).rejects.toThrow(/ImageCache/);
      const shared = module();
      @Module({ imports: [shared], controllers: [Pictures] })
      class ImportingModule {}
      const app = await start({ cache: false, imports: [shared, ImportingModule] });
      expect((await app.get('/pictures/a')).status).toBe(200);
    });
  });

  it('gives the cache to whoever injects it', async () => {
    @Controller('counts')
    class Counts {
      readonly #cache: ImageCache;

      constructor(cache: ImageCache) {
        this.#cache = cache;
      }

      @Get(':id')
      async evict(@Param('id') id: string): Promise<object> {
        return this.#cache.evict(`Pictures/${id}`);
      }
    }
    const app = await start({ controllers: [Pictures, Counts] });
    await app.get('/pictures/a');
    expect(JSON.parse((await app.get('/counts/a')).body.toString())).toMatchObject({ variants: 1 });
  });

  describe('when the application is closed', () => {
    it('finishes and stores the renders that are under way, though their clients have left', async () => {
      const gate = deferred();
      let calls = 0;
      @Controller('slow')
      class Slow {
        @Get(':id')
        @CacheVariant()
        async picture(): Promise<Buffer> {
          calls += 1;
          await gate.promise;
          return jpegOf(1000);
        }
      }
      const options = () => ({
        controllers: [Slow],
        cache: { variant: { store: filesystemStore({ directory: directory.path }) } },
      });
      const before = await start(options());
      const client = before.open('/slow/a');
      await until(() => calls === 1);
      client.leave();
      const closed = before.close();
      gate.resolve();
      await closed;
      const after = await start(options());
      expect((await after.get('/slow/a')).headers['cache-status']).toMatch(/hit/);
      expect(calls).toBe(1);
    });

    it('leaves nothing open: no socket, no timer, no file', async () => {
      const before = openResources();
      const app = await start({
        controllers: [Pictures],
        imports: [ScheduleModule.forRoot()],
        cache: { worker: {}, variant: { store: filesystemStore({ directory: directory.path }), hot: '16MB' } },
      });
      await app.get('/pictures/a');
      await app.get('/pictures/a');
      expect(openResources()).not.toEqual(before);
      await app.close();
      await until(() => openResources().join() === before.join());
    });

    it('writes the times of access and closes its stores, once', async () => {
      const { store, chaos } = failing(heapStore());
      const app = await start({ controllers: [Pictures], cache: { variant: { store } } });
      await app.get('/pictures/a');
      await app.get('/pictures/a');
      expect(chaos().calls('touch')).toBe(0);
      await app.nest.close();
      expect([chaos().calls('touch'), chaos().calls('close')]).toEqual([1, 1]);
    });
  });
});
