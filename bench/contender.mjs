// One server in a process of its own, named by the first argument. Answers the parent's questions over IPC.
import 'reflect-metadata';
import { createServer } from 'node:http';
import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import { Controller, Get, Header, Module, Param, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { CacheVariant, createImageCache, filesystemStore, heapStore, ImageCacheModule } from 'nestjs-image-cache';
import { mkdtempSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const [, , name, bodyFile] = process.argv;
const body = readFileSync(bodyFile);
let renders = 0;

async function render() {
  renders += 1;
  await setTimeout(20);
  return Buffer.from(body);
}

/** A Nest application whose one route is made by `decorate`. */
async function nest(adapter, imports, decorate) {
  class Pictures {
    async picture() {
      return render();
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Pictures.prototype, 'picture');
  for (const decorator of [Get(':id/picture.jpg'), Header('Content-Type', 'image/jpeg'), ...decorate]) {
    decorator(Pictures.prototype, 'picture', descriptor);
  }
  Param('id')(Pictures.prototype, 'picture', 0);
  Controller('pictures')(Pictures);
  class App {}
  Module({ imports, controllers: [Pictures] })(App);
  const app = await NestFactory.create(App, adapter, { logger: ['error'] });
  await app.listen(0, '127.0.0.1');
  return app.getHttpServer().address().port;
}

function bare() {
  const server = createServer((request, response) => {
    const answer = (picture) => {
      response.writeHead(200, { 'Content-Type': 'image/jpeg', 'Content-Length': picture.byteLength });
      response.end(picture);
    };
    if (request.url.includes('/cold/')) void render().then(answer);
    else answer(body);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
}

/** Reads the same file for every request, as a hand-written cache of files would. */
async function readingFiles() {
  const file = join(mkdtempSync(join(tmpdir(), 'bench-files-')), 'picture.jpg');
  await writeFile(file, body);
  return serve(() => readFile(file));
}

/** The cache of files by itself, without Nest. */
async function withoutNest() {
  const cache = await createImageCache({ variant: { store: files() } });
  const read = { identifier: '1', operations: 'max', extension: 'jpg' };
  return serve(
    async () =>
      (await cache.variants.getOrRender(read, async () => ({ body: await render(), contentType: 'image/jpeg' }))).body,
  );
}

function serve(picture) {
  const server = createServer((request, response) => {
    void picture().then((found) => {
      response.writeHead(200, { 'Content-Type': 'image/jpeg', 'Content-Length': found.byteLength });
      response.end(found);
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
}

const ours = (store) => [[ImageCacheModule.forRoot({ variant: { store } })], [CacheVariant()]];
const theirs = () => [[CacheModule.register()], [UseInterceptors(CacheInterceptor)]];
const files = () => filesystemStore({ directory: mkdtempSync(join(tmpdir(), 'bench-cache-')) });

const contenders = {
  'node:http from a Buffer': bare,
  'node:http, fs.readFile': readingFiles,
  'node:http, nestjs-image-cache in files': withoutNest,
  'Fastify, nestjs-image-cache in the heap': () => nest(new FastifyAdapter(), ...ours(heapStore())),
  'Fastify, nestjs-image-cache in files': () => nest(new FastifyAdapter(), ...ours(files())),
  'Fastify, @nestjs/cache-manager': () => nest(new FastifyAdapter(), ...theirs()),
  'Express, nestjs-image-cache in the heap': () => nest(new ExpressAdapter(), ...ours(heapStore())),
  'Express, nestjs-image-cache in files': () => nest(new ExpressAdapter(), ...ours(files())),
  'Express, @nestjs/cache-manager': () => nest(new ExpressAdapter(), ...theirs()),
};

if (process.send !== undefined) {
  const port = await contenders[name]();
  process.on('message', () => process.send({ cpu: process.cpuUsage(), renders }));
  process.send({ port });
}
