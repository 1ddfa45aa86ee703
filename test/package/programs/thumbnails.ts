// An application as its developer would write it; compiled to what the package around it says: CommonJS or ESM.
import { Controller, Get, Logger, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { CacheVariant, filesystemStore, ImageCacheModule } from 'nestjs-image-cache';
import sharp, { type Sharp } from 'sharp';

const [platform, directory = ''] = process.argv.slice(2);

@Controller('thumbnails')
class Thumbnails {
  @Get(':id/:width.webp')
  @CacheVariant()
  thumbnail(@Param('width') width: string): Sharp {
    // Noise: no two renders are alike.
    const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
    return sharp({ create: { width: Number(width), height: 40, channels: 3, background: '#888', noise } }).webp();
  }
}

@Module({
  imports: [ImageCacheModule.forRoot({ variant: { store: filesystemStore({ directory }) } })],
  controllers: [Thumbnails],
})
class AppModule {}

/** Serves until it is told to close; the end of the process is left to Node. */
async function main(): Promise<void> {
  Logger.overrideLogger(['warn', 'error']);
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = await NestFactory.create(AppModule, adapter);
  await app.listen(0, '127.0.0.1');
  process.send?.(((app.getHttpServer() as Server).address() as AddressInfo).port);
  await once(process, 'message');
  await app.close();
  process.send?.('closed');
}

void main();
