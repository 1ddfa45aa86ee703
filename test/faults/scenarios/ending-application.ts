import { Controller, Get, Logger, Module, StreamableFile } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { Readable } from 'node:stream';
import sharp, { type Sharp } from 'sharp';
import { CacheVariant, filesystemStore, ImageCacheModule } from '../../../libs/image-cache/src/index.js';

// An application that ends when it is told to by SIGTERM. It tells what it does by messages.
const [platform, directory = '', way, drain = '10s'] = process.argv.slice(2);

/** Noise: no two renders are alike. */
function paint(): Sharp {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  return sharp({ create: { width: 600, height: 400, channels: 3, background: '#888', noise } }).png();
}

@Controller('pictures')
class Pictures {
  @Get('quick/:id')
  @CacheVariant()
  quick(): Sharp {
    return paint();
  }

  @Get('slow/:id')
  @CacheVariant()
  async slow(): Promise<Sharp> {
    process.send?.('rendering');
    await once(process, 'message');
    return paint();
  }

  /** More than is held in memory, and no end. */
  @Get('stream/:id')
  @CacheVariant()
  stream(): StreamableFile {
    process.send?.('rendering');
    const stream = new Readable({ read: () => undefined });
    stream.push(Buffer.alloc(2_000_000, 'ffd8ffe0', 'hex'));
    return new StreamableFile(stream);
  }

  /** Keeps the process alive, too. */
  @Get('stuck/:id')
  @CacheVariant()
  stuck(): Promise<never> {
    process.send?.('rendering');
    setInterval(() => undefined, 1000);
    return new Promise(() => undefined);
  }
}

@Module({
  imports: [ImageCacheModule.forRoot({ variant: { store: filesystemStore({ directory }) }, drain })],
  controllers: [Pictures],
})
class AppModule {}

Logger.overrideLogger(['warn', 'error']);
const app = await NestFactory.create(AppModule, platform === 'express' ? new ExpressAdapter() : new FastifyAdapter());
if (way === 'hooks') app.enableShutdownHooks(['SIGTERM'], { useProcessExit: true });
else process.once('SIGTERM', () => void app.close());
await app.listen(0, '127.0.0.1');
process.send?.(((app.getHttpServer() as Server).address() as AddressInfo).port);
