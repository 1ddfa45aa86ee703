import { StreamableFile } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import { ExactLength } from '../common/streams.js';
import type { HttpExchange } from './http-exchange.js';

/**
 * A body for Nest to send. Fastify sends Buffers as they are, Express would make JSON of them. A body that breaks cuts
 * the connection, and a connection that breaks ends the body: NestJS 11 leaves it open.
 *
 * @param size bytes that the client has been told of
 */
export function sendable(exchange: HttpExchange, body: Buffer | Readable, size?: number): unknown {
  if (Buffer.isBuffer(body) && exchange.platform === 'fastify') return body;
  const file = Buffer.isBuffer(body)
    ? new StreamableFile(body)
    : new StreamableFile(size === undefined ? body : ofExactly(size, body));
  exchange.whenOver(() => {
    file.getStream().destroy();
  });
  return file.setErrorHandler((_, response) => {
    (response as unknown as ServerResponse).destroy();
  });
}

/** What changes while it is read, such as an original, must not end early as if it were whole. */
function ofExactly(size: number, body: Readable): Readable {
  const exact = new ExactLength(size);
  pipeline(body, exact, tellResponse);
  return exact;
}

/** The response has the error from the stream itself. */
function tellResponse(): void {
  // nothing is left to be done
}
