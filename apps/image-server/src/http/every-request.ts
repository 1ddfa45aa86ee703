import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { COMMON_HEADERS, ERROR_HEADERS, OPEN_HEADERS, type Problem } from './replies.js';

const MISDIRECTED: Problem = { statusCode: 421, message: 'This server answers for itself only.' };

/** Where operators manage the cache, at the paths of Galia too: the first segment of a path. */
const OF_OPERATORS = ['admin', 'tasks', 'status'];

/**
 * Adds headers to every answer. On the server itself, since some requests are answered before any hook of the
 * framework is called.
 */
export function addCommonHeaders(server: Server): void {
  const closed = new Map(Object.entries(COMMON_HEADERS));
  const open = new Map(Object.entries({ ...OPEN_HEADERS, ...COMMON_HEADERS }));
  server.prependListener('request', ({ url = '' }: IncomingMessage, response: ServerResponse) => {
    response.setHeaders(isForOperators(url) ? closed : open);
  });
}

/** Also of what is refused before anybody is asked who it is. */
function isForOperators(url: string): boolean {
  const [, segment = ''] = /^\/+([^/?#]*)/.exec(url) ?? [];
  try {
    return OF_OPERATORS.includes(decodeURIComponent(segment));
  } catch {
    return false;
  }
}

/** Refuses requests that name another server or scheme in their first line, as clients of a proxy do. */
export function refuseForeignTargets(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, reply, done) => {
      if (request.originalUrl.startsWith('/')) done();
      else void reply.code(MISDIRECTED.statusCode).headers(ERROR_HEADERS).send(JSON.stringify(MISDIRECTED));
    });
}
