// An image server as its developer would put it together: with a queue, and managed by HTTP.
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ScheduleModule } from '@nestjs/schedule';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { filesystemStore, ImageCache, ImagePrefetchModule } from 'nestjs-image-cache';
import { ImageCacheAdminModule } from 'nestjs-image-cache/admin';
import { FilesystemSource, iiifPrefetch, IiifModule, ImageService } from 'nestjs-iiif';
import sharp from 'sharp';

const [platform, directory = ''] = process.argv.slice(2);

const originals = join(directory, 'originals');

const iiif = IiifModule.forRootAsync({
  useFactory: () => ({
    source: new FilesystemSource({ directory: originals }),
    cache: { variant: { store: filesystemStore({ directory: join(directory, 'cache') }) } },
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
        directory: join(directory, 'queue'),
        interval: '0',
        variants: ['full/40,/0/default.jpg'],
        ...iiifPrefetch(images, sources),
      }),
    }),
    ImageCacheAdminModule.register({ auth: { username: 'ada', secret: 'correct horse' } }),
  ],
})
class AppModule {}

/** Serves until it is told to close; the end of the process is left to Node. */
async function main(): Promise<void> {
  Logger.overrideLogger(['warn', 'error']);
  await mkdir(originals, { recursive: true });
  const original = sharp({ create: { width: 120, height: 80, channels: 3, background: '#468' } });
  await original.png().toFile(join(originals, 'sky.png'));
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = await NestFactory.create(AppModule, adapter);
  await app.listen(0, '127.0.0.1');
  process.send?.(((app.getHttpServer() as Server).address() as AddressInfo).port);
  await once(process, 'message');
  await app.close();
  process.send?.('closed');
}

void main();
