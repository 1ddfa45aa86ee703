import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Server, ServerResponse } from 'node:http';
import { COMMON_HEADERS, ERROR_HEADERS, type Problem } from './replies.js';

const MISDIRECTED: Problem = { statusCode: 421, message: 'This server answers for itself only.' };

/**
 * Adds headers to every answer. On the server itself, since some requests are answered before any hook of the
 * framework is called.
 */
export function addCommonHeaders(server: Server): void {
  const headers = new Map(Object.entries(COMMON_HEADERS));
  server.prependListener('request', (_, response: ServerResponse) => {
    response.setHeaders(headers);
  });
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
