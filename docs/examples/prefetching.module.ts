import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { filesystemStore, ImageCache, ImagePrefetchModule } from 'nestjs-image-cache';
import { FilesystemSource, iiifPrefetch, IiifModule, ImageService } from 'nestjs-iiif';

const iiif = IiifModule.forRootAsync({
  useFactory: () => ({
    source: new FilesystemSource({ directory: process.env['IMAGE_DIR'] ?? 'images' }),
    cache: { variant: { store: filesystemStore({ directory: process.env['CACHE_DIR'] ?? '.cache' }) } },
  }),
});

@Module({
  imports: [
    ScheduleModule.forRoot(),
    iiif,
    ImagePrefetchModule.forRootAsync({
      imports: [iiif],
      inject: [ImageService, ImageCache],
      useFactory: (images: ImageService, { sources }: ImageCache) => ({
        directory: `${process.env['CACHE_DIR'] ?? '.cache'}-queue`,
        variants: ['full/400,/0/default.jpg', 'tiles:0-1'],
        ...iiifPrefetch(images, sources),
      }),
    }),
  ],
})
export class PrefetchingModule {}
