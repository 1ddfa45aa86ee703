import type { INestApplication } from '@nestjs/common';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { NEVER_STORED } from 'nestjs-image-cache';
import type { FrontCache, FrontProgram } from './front-caches.js';
import type { Answer } from './http-client.js';
import { startApp, type AppOptions, type Platform, type TestApp } from './test-app.js';

/** A request that has come through to an application. */
export interface SeenRequest {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Of the answer. */
  readonly status: number;
}

/** An application behind a cache. */
export interface FrontedApp {
  readonly app: TestApp;
  readonly front: FrontCache;
  /** What has come through, of one address or of all. */
  readonly seen: (url?: string) => readonly SeenRequest[];
  /** Has the application answer with 503, or break off all connections; `undefined` has it work again. */
  readonly fail: (how: 'answering' | 'breaking-off' | undefined) => void;
  readonly stop: () => Promise<void>;
}

/** What the cache in front says that it has done, in the words of RFC 9211. */
export function toldBy({ name }: FrontProgram, { headers }: Answer): string {
  const [, said = ''] = new RegExp(`(?:^|, )${name}; (.*)$`).exec(String(headers['cache-status'])) ?? [];
  return said;
}

/** Starts an application, and a cache in front of it. Whoever calls this stops them. */
export async function startFronted(
  program: FrontProgram,
  platform: Platform,
  options: AppOptions,
): Promise<FrontedApp> {
  const seen: SeenRequest[] = [];
  let failing: Parameters<FrontedApp['fail']>[0];
  const watch = (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    seen.push(seenOf(request, response));
    if (failing === undefined) next();
    else if (failing === 'breaking-off') request.socket.destroy();
    else response.writeHead(503, { 'Cache-Control': NEVER_STORED }).end();
  };
  const configure = (nest: INestApplication): void => {
    nest.use(watch);
    options.configure?.(nest);
  };
  const app = await startApp(platform, { ...options, configure });
  const front = await program.start(app.port).catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  return {
    app,
    front,
    seen: (url) => seen.filter((request) => url === undefined || request.url === url),
    fail: (how) => {
      failing = how;
    },
    stop: async () => {
      await front.stop();
      await app.close();
    },
  };
}

/** Express changes the address for what is behind a path; the status is known later. */
function seenOf(request: IncomingMessage, response: ServerResponse): SeenRequest {
  const { url = '', headers } = request;
  return {
    url,
    headers,
    get status() {
      return response.statusCode;
    },
  };
}
