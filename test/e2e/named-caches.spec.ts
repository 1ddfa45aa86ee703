import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Param, Post, type DynamicModule } from '@nestjs/common';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import {
  CacheInfo,
  CacheVariant,
  EvictImage,
  filesystemStore,
  getImageCacheToken,
  heapStore,
  ImageCache,
  ImageCacheModule,
  InjectImageCache,
} from 'nestjs-image-cache';
import { makeDirectory } from '../support/directories.js';
import { jpegOf } from '../support/pictures.js';
import { PLATFORMS, usingApps } from '../support/test-app.js';

let renders = 0;

@Controller('tiles')
class Tiles {
  @Get(':id')
  @CacheVariant({ cache: 'tiles' })
  tile(): Buffer {
    renders += 1;
    return jpegOf(1000);
  }
}

@Controller('thumbnails')
class Thumbnails {
  @Get(':id')
  @CacheVariant({ cache: 'thumbnails' })
  thumbnail(): Buffer {
    renders += 1;
    return jpegOf(2000);
  }

  @Post(':id')
  @EvictImage({ cache: 'thumbnails' })
  replace(@Param('id') id: string): string {
    return id;
  }
}

@Injectable()
class Operator {
  constructor(
    @InjectImageCache('tiles') readonly tiles: ImageCache,
    @InjectImageCache('thumbnails') readonly thumbnails: ImageCache,
  ) {}
}

describe.each(PLATFORMS)('several caches on %s', (platform) => {
  const start = usingApps(platform);
  const tiles = (): DynamicModule =>
    ImageCacheModule.forRoot({ name: 'tiles', variant: { store: heapStore() }, client: { maxAge: '1h' } });

  it('keep to themselves: tiles in the heap, thumbnails in files', async () => {
    const directory = await makeDirectory();
    const thumbnails = ImageCacheModule.forRootAsync({
      name: 'thumbnails',
      useFactory: () => ({
        variant: { store: filesystemStore({ directory: directory.path }) },
        client: { maxAge: '1d' },
      }),
    });
    const options = {
      cache: false as const,
      imports: [ImageCacheModule.forRoot(), tiles(), thumbnails],
      controllers: [Tiles, Thumbnails],
      providers: [Operator],
    };
    const app = await start(options);
    renders = 0;
    const tile = await app.get('/tiles/a');
    const thumbnail = await app.get('/thumbnails/a');
    expect([tile.headers['cache-control'], thumbnail.headers['cache-control']]).toEqual([
      'max-age=3600, public',
      'max-age=86400, public',
    ]);
    for (const path of ['/tiles/a', '/thumbnails/a'])
      expect((await app.get(path)).headers['cache-status']).toMatch(/hit/);
    expect(renders).toBe(2);
    const operator = app.nest.get(Operator);
    expect(operator.tiles).toBe(app.nest.get(getImageCacheToken('tiles')));
    expect([operator.tiles.stats().tiers.variant.hits, operator.thumbnails.stats().tiers.variant.hits]).toEqual([1, 1]);
    expect(app.nest.get(ImageCache).stats().tiers.variant).toEqual({ hits: 0, misses: 0 });
    await app.request('POST', '/thumbnails/a');
    expect((await app.get('/thumbnails/a')).headers['cache-status']).toMatch(/fwd=miss/);
    expect((await app.get('/tiles/a')).headers['cache-status']).toMatch(/hit/);
    await app.close();
    const again = await start(options);
    expect((await again.get('/thumbnails/a')).headers['cache-status']).toMatch(/hit/);
    expect((await again.get('/tiles/a')).headers['cache-status']).toMatch(/fwd=miss/);
    await again.close();
    await directory.remove();
  });

  it('are used as the guide shows', async () => {
    const directory = await makeDirectory();
    process.env['THUMBNAIL_DIR'] = directory.path;
    const { AtlasModule } = await import('../../docs/examples/several-caches.module.js');
    const app = await start({ cache: false, cacheName: 'tiles', imports: [AtlasModule] });
    for (const path of ['/atlas/a/tiles/30', '/atlas/a/thumbnail']) {
      const [first, second] = [await app.get(path), await app.get(path)];
      expect([first.headers['cache-status'], second.headers['cache-status']?.slice(0, 16)]).toEqual([
        'image-cache; fwd=miss; stored',
        'image-cache; hit',
      ]);
    }
    await app.close();
    await directory.remove();
  });

  it('have workers of their own', async () => {
    const worker = { interval: '1d', initialDelay: '1d' };
    const named = (name: string): DynamicModule => ImageCacheModule.forRoot({ name, worker });
    const imports = [
      ScheduleModule.forRoot(),
      ImageCacheModule.forRoot({ worker }),
      named('tiles'),
      named('thumbnails'),
    ];
    const app = await start({ cache: false, imports });
    expect(app.nest.get(SchedulerRegistry).getTimeouts().sort()).toEqual([
      'image-cache:thumbnails:worker',
      'image-cache:tiles:worker',
      'image-cache:worker',
    ]);
  });

  it.each([
    ['of one name', [ImageCacheModule.forRoot(), tiles(), tiles()], /two caches named 'tiles'/],
    ['without a name', [ImageCacheModule.forRoot(), ImageCacheModule.forRoot()], /two caches without a name/],
  ])('%s are refused', async (_which, imports, message) => {
    await expect(start({ cache: false, imports })).rejects.toThrow(message);
  });
});

describe.each(PLATFORMS)('a route on %s is refused at the start', (platform) => {
  const start = usingApps(platform);

  it('when it names a cache that there is not', async () => {
    await expect(start({ controllers: [Tiles] })).rejects.toThrow(
      /^Tiles\.tile: there is no cache named 'tiles'; there is one without a name\. Set cache: '…' in its decorator\.$/,
    );
  });

  it('when it caches what is no GET', async () => {
    @Controller('uploads')
    class Uploads {
      @Post(':id')
      @CacheInfo()
      upload(): string {
        return '';
      }
    }
    await expect(start({ controllers: [Uploads] })).rejects.toThrow(
      /^Uploads\.upload: only GET handlers can be cached/,
    );
  });
});
