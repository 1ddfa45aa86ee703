import { afterEach } from '@jest/globals';
import type { INestApplication, LoggerService, ModuleMetadata, Type } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { promisify } from 'node:util';
import { getImageCacheToken, ImageCacheModule, type ImageCache, type ImageCacheOptions } from 'nestjs-image-cache';
import { openRequest, type Answer, type Asked, type OpenRequest } from './http-client.js';

export const PLATFORMS = ['express', 'fastify'] as const;

export type Platform = (typeof PLATFORMS)[number];

export interface AppOptions {
  readonly controllers?: Type[];
  readonly providers?: ModuleMetadata['providers'];
  /** Beside the module of the image cache. */
  readonly imports?: ModuleMetadata['imports'];
  /** Options of the image cache; `false` leaves its module to `imports`. */
  readonly cache?: ImageCacheOptions | false;
  /** Name of the cache that the tests look at. @default the one without a name */
  readonly cacheName?: string;
  /** @default one that is free */
  readonly port?: number;
  /** Called before the application is initialised. */
  readonly configure?: (app: INestApplication) => void;
}

/** A line of the application's log. */
export interface LogLine {
  readonly level: 'log' | 'warn' | 'error';
  readonly message: string;
}

/** An application that listens on a port of this machine. */
export interface TestApp {
  readonly nest: INestApplication;
  readonly cache: ImageCache;
  readonly port: number;
  /** What went to Nest's logger, but for its own lines about the start. */
  readonly log: readonly LogLine[];
  get(path: string, headers?: Asked['headers']): Promise<Answer>;
  request(method: string, path: string, headers?: Asked['headers']): Promise<Answer>;
  /** A request whose client can leave. */
  open(path: string, asked?: Asked): OpenRequest;
  close(): Promise<void>;
}

/** Returns a function that starts applications on a platform; they are closed after each test. */
export function usingApps(platform: Platform): (options: AppOptions) => Promise<TestApp> {
  const open: TestApp[] = [];
  afterEach(async () => {
    for (const app of open.splice(0)) await app.close();
  });
  return async (options) => {
    const app = await startApp(platform, options);
    open.push(app);
    return app;
  };
}

/** Starts an application. Whoever calls this closes it. */
export async function startApp(platform: Platform, options: AppOptions): Promise<TestApp> {
  const { controllers = [], providers = [], imports = [], cache = {}, configure } = options;
  const log: LogLine[] = [];
  const module = await Test.createTestingModule({
    imports: [...(cache === false ? [] : [ImageCacheModule.forRoot(cache)]), ...imports],
    controllers,
    providers,
  })
    .setLogger(collector(log))
    .compile();
  const nest = module.createNestApplication(
    platform === 'express' ? new ExpressAdapter() : new FastifyAdapter({ routerOptions: { maxParamLength: 10_000 } }),
  );
  configure?.(nest);
  await nest.init();
  if (platform === 'fastify') await (nest as NestFastifyApplication).getHttpAdapter().getInstance().ready();
  await nest.listen(options.port ?? 0, '127.0.0.1');
  return running(nest, log, options.cacheName);
}

function running(nest: INestApplication, log: readonly LogLine[], cacheName?: string): TestApp {
  const { port } = (nest.getHttpServer() as Server).address() as AddressInfo;
  const request = (method: string, path: string, headers: Asked['headers'] = {}): Promise<Answer> =>
    openRequest(port, path, { method, headers }).answer;
  return {
    nest,
    cache: nest.get<ImageCache>(getImageCacheToken(cacheName)),
    port,
    log,
    request,
    get: (path, headers) => request('GET', path, headers),
    open: (path, asked) => openRequest(port, path, asked),
    close: async () => {
      (nest.getHttpServer() as HttpServer).closeAllConnections();
      await nest.close();
    },
  };
}

/** How many connections its clients have to it. */
export function clientsOf({ nest }: TestApp): Promise<number> {
  const server = nest.getHttpServer() as Server;
  return promisify(server.getConnections.bind(server))();
}

/** Nest tells of its own start under these contexts. */
const STARTUP = ['InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication', 'NestFactory'];

function collector(lines: LogLine[]): LoggerService {
  const take =
    (level: LogLine['level']) =>
    (message: unknown, ...rest: unknown[]): void => {
      if (!STARTUP.includes(String(rest.at(-1)))) lines.push({ level, message: String(message) });
    };
  return { log: take('log'), warn: take('warn'), error: take('error') };
}
