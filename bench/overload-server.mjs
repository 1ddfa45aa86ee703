// A server in a process of its own, with or without bounds by the first argument, that has pictures in the directory of
// the second one and renders all others. Tells the times of its renders, in milliseconds, over IPC.
import 'reflect-metadata';
import { Controller, Get, Header, Module, Param } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { CacheVariant, filesystemStore, ImageCache, ImageCacheModule } from 'nestjs-image-cache';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

const [, , kind, directory, queue] = process.argv;
const CONCURRENCY = 2;
const rendered = [];
let waiting = 0;

sharp.concurrency(1);

async function render() {
  const start = performance.now();
  const noise = { type: 'gaussian', mean: 128, sigma: 30 };
  const picture = await sharp({ create: { width: 700, height: 700, channels: 3, noise } })
    .blur(12)
    .resize(400)
    .jpeg()
    .toBuffer();
  rendered.push(performance.now() - start);
  return picture;
}

/** As a handler keeps pictures in files that bounds nothing. */
async function kept(id) {
  const file = join(directory, `${encodeURIComponent(id)}.jpg`);
  try {
    return await readFile(file);
  } catch {
    const picture = await render();
    await writeFile(file, picture);
    return picture;
  }
}

function controller(picture, decorators) {
  class Pictures {
    picture(id) {
      return picture(id);
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Pictures.prototype, 'picture');
  for (const decorator of [Get(':id'), Header('Content-Type', 'image/jpeg'), ...decorators])
    decorator(Pictures.prototype, 'picture', descriptor);
  Param('id')(Pictures.prototype, 'picture', 0);
  Controller('pictures')(Pictures);
  return Pictures;
}

const variants = {
  bounded: {
    imports: [
      ImageCacheModule.forRoot({
        variant: { store: filesystemStore({ directory }) },
        render: { concurrency: CONCURRENCY, queue: Number(queue) },
      }),
    ],
    controllers: [controller(render, [CacheVariant()])],
  },
  unbounded: {
    controllers: [
      controller(async (id) => {
        waiting += 1;
        return kept(id).finally(() => (waiting -= 1));
      }, []),
    ],
  },
};

class App {}
Module(variants[kind])(App);
const app = await NestFactory.create(App, new FastifyAdapter(), { logger: ['error'] });
await app.listen(0, '127.0.0.1');
process.on('message', () => {
  const unfinished = kind === 'bounded' ? app.get(ImageCache).stats().rendering.waiting : waiting;
  process.send({ rendered: rendered.splice(0), unfinished, rss: process.memoryUsage.rss() });
});
process.send({ port: app.getHttpServer().address().port });
