import { Module } from '@nestjs/common';
import { filesystemStore } from 'nestjs-image-cache';
import { FilesystemSource, IiifModule } from 'nestjs-iiif';

@Module({
  imports: [
    IiifModule.forRootAsync({
      useFactory: () => ({
        source: new FilesystemSource({ directory: process.env['IMAGE_DIR'] ?? 'images' }),
        cache: {
          variant: { store: filesystemStore({ directory: process.env['CACHE_DIR'] ?? '.cache' }), hot: '64MB' },
        },
      }),
    }),
  ],
})
export class ImagesModule {}
