import { Controller, Get, Module, Param } from '@nestjs/common';
import { CacheVariant, filesystemStore, heapStore, ImageCacheModule } from 'nestjs-image-cache';
import sharp from 'sharp';

const paint = (width: number) => sharp({ create: { width, height: 40, channels: 3, background: 'plum' } }).webp();

@Controller('atlas')
export class AtlasController {
  @Get(':id/tiles/:x')
  @CacheVariant({ cache: 'tiles' })
  tile(@Param('x') x: string) {
    return paint(Number(x));
  }

  @Get(':id/thumbnail')
  @CacheVariant({ cache: 'thumbnails' })
  thumbnail() {
    return paint(20);
  }
}

@Module({
  imports: [
    ImageCacheModule.forRoot({ name: 'tiles', variant: { store: heapStore({ maxSize: '64MB' }) } }),
    ImageCacheModule.forRootAsync({
      name: 'thumbnails',
      useFactory: () => ({
        variant: { store: filesystemStore({ directory: process.env['THUMBNAIL_DIR'] ?? '.thumbnails' }) },
      }),
    }),
  ],
  controllers: [AtlasController],
})
export class AtlasModule {}
