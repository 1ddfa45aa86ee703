import { Controller, Get, Header, Logger, Module, Param, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { AddressInfo, Server } from 'node:net';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import {
  CacheVariant,
  filesystemStore,
  ImageCache,
  ImageCacheModule,
  type ImageCacheOptions,
  type ImageCacheStats,
  type RenderedImage,
} from '../../../libs/image-cache/src/index.js';
import { deferred, until, type Deferred } from '../../support/async.js';
import { filesIn, isLeftBehind } from '../../support/filesystem-store.js';
import { occupiedMemory } from '../../support/occupied-memory.js';
import { openDescriptors } from '../../support/open-descriptors.js';
import { jpegOf } from '../../support/pictures.js';
import { LARGE, MIDDLE, SMALL } from '../../support/served-pictures.js';

// An application that serves pictures of a cache in files. Some of its renders end when it is told so, and it tells how it
// is.

/** What the process is told to do, one to a line. */
export interface Command {
  /** Lets so many more renders end, those that wait first; `'all'` lets all of them end from now on. */
  readonly finish?: number | 'all';
  /** Renders these pictures beforehand. */
  readonly warm?: readonly string[];
  /** Asks it to tell its state; `closely` without the garbage in its memory, which takes a while. */
  readonly look?: 'quickly' | 'closely';
}

/** How the process is. */
export interface State {
  readonly stats: ImageCacheStats;
  /** The gated renders that have begun, in their order. */
  readonly begun: readonly string[];
  /** Files of entries that are open. */
  readonly descriptors: number;
  /** Connections that are open. */
  readonly connections: number;
  /** Files of writes that have not ended. */
  readonly temporary: number;
  /** Bytes. */
  readonly rss: number;
  /** What Node has warned of. */
  readonly warnings: readonly string[];
}

const [platform, directory = '', settings = '{}'] = process.argv.slice(2);
const waiting: Deferred[] = [];
const begun: string[] = [];
const warnings: string[] = [];
let allowed = 0;

async function gated(id: string): Promise<Buffer> {
  begun.push(id);
  if (allowed > 0) allowed -= 1;
  else {
    const gate = deferred();
    waiting.push(gate);
    await gate.promise;
  }
  return jpegOf(SMALL);
}

function finish(count: number): void {
  allowed += count;
  for (; allowed > 0 && waiting.length > 0; allowed -= 1) waiting.shift()?.resolve();
}

@Controller('pictures')
class Pictures {
  @Get('gated/:id')
  @CacheVariant()
  gated(@Param('id') id: string): Promise<Buffer> {
    return gated(id);
  }

  @Get('plain/:id')
  plain(@Param('id') id: string): Promise<string> {
    return gated(id).then(() => id);
  }

  @Get('kept/:id')
  @CacheVariant()
  kept(): Buffer {
    return jpegOf(SMALL);
  }

  @Get('middle/:id')
  @CacheVariant()
  middle(): Buffer {
    return jpegOf(MIDDLE);
  }

  @Get('large/:id')
  @CacheVariant()
  @Header('Content-Type', 'image/jpeg')
  large(): Readable {
    return Readable.from(chunks(), { objectMode: false });
  }
}

function* chunks(): Generator<Buffer> {
  yield jpegOf(SMALL);
  for (let left = LARGE - SMALL; left > 0; left -= MIDDLE) yield Buffer.alloc(Math.min(left, MIDDLE));
}

const renderer = {
  render: async ({ identifier }: { readonly identifier: string }): Promise<RenderedImage> => ({
    body: await gated(identifier),
    contentType: 'image/jpeg',
  }),
};

@Module({
  imports: [
    ImageCacheModule.forRoot({
      variant: { store: filesystemStore({ directory, maxSize: '1GB' }) },
      renderer,
      ...(JSON.parse(settings) as ImageCacheOptions),
    }),
  ],
  controllers: [Pictures],
})
class AppModule {}

function connections(app: INestApplication): Promise<number> {
  return new Promise((resolve, reject) => {
    (app.getHttpServer() as Server).getConnections((error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}

async function stateOf(app: INestApplication, rss: number): Promise<State> {
  return {
    stats: app.get(ImageCache).stats(),
    begun,
    descriptors: await openDescriptors(directory, ['image']),
    connections: await connections(app),
    temporary: (await filesIn(directory)).filter(isLeftBehind).length,
    rss,
    warnings,
  };
}

const tell = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

process.on('warning', ({ message }) => warnings.push(message));
Logger.overrideLogger(['error']);
const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
const application = await NestFactory.create(AppModule, adapter);
await application.listen(0, '127.0.0.1');

async function act({ finish: count, warm, look }: Command): Promise<void> {
  if (count !== undefined) finish(count === 'all' ? Infinity : count);
  if (look !== undefined)
    tell(await stateOf(application, look === 'closely' ? occupiedMemory() : process.memoryUsage.rss()));
  if (warm === undefined) return;
  const cache = application.get(ImageCache);
  const { waiting: before } = cache.stats().rendering;
  void cache.warm(warm.map((identifier) => ({ identifier, operations: 'warm' })));
  await until(() => cache.stats().rendering.waiting > before);
  tell({ warming: true });
}

createInterface({ input: process.stdin }).on('line', (line) => void act(JSON.parse(line) as Command));
tell({ port: ((application.getHttpServer() as Server).address() as AddressInfo).port });
