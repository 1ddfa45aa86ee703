import { Module } from '@nestjs/common';
import { filesystemStore } from 'nestjs-image-cache';
import { HttpSource, IiifModule } from 'nestjs-iiif';

@Module({
  imports: [
    IiifModule.forRootAsync({
      useFactory: () => ({
        source: new HttpSource({
          urlPrefix: process.env['ORIGINALS_URL'] ?? 'https://images.example.org/originals/',
          allow: ['127.0.0.1'],
        }),
        cache: {
          sources: {
            store: filesystemStore({ directory: `${process.env['CACHE_DIR']}/originals`, maxSize: '50GB' }),
            staleness: '1d',
          },
          variant: { store: filesystemStore({ directory: `${process.env['CACHE_DIR']}/pictures`, maxSize: '20GB' }) },
        },
      }),
    }),
  ],
})
export class RemoteOriginalsModule {}
