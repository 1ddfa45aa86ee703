import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Socket } from 'node:net';
import type { Settings } from '../configuration/known-keys.js';
import { ERROR_HEADERS, rawReply, type Problem } from './replies.js';

type ServerOptions = Exclude<NonNullable<ConstructorParameters<typeof FastifyAdapter>[0]>, { server: unknown }>;

/** Characters of a percent-encoded identifier; a longer one is no name of a file. */
const LONGEST_PARAMETER = 4096;

/** Bytes; nothing is posted here … */
const LARGEST_BODY = 1024;

/** … but to the admin API. */
const LARGEST_ADMIN_BODY = 64 * 1024;

/** Milliseconds to send a request. */
const REQUEST_TIMEOUT = 30_000;

/** Milliseconds that a connection is kept between requests; longer than load balancers keep theirs. */
const KEEP_ALIVE = 72_000;

/** Milliseconds that a client may take for reading nothing of its answer. */
const STALLED = 60_000;

/** A URL that the router could not take apart. */
const answerUnroutable: NonNullable<ServerOptions['frameworkErrors']> = ({ code }, _, reply) => {
  const problem: Problem =
    code === 'FST_ERR_MAX_PARAM_LENGTH'
      ? { statusCode: 414, message: 'A segment of the URL is too long.' }
      : { statusCode: 400, message: 'The URL is not well-formed.' };
  reply.raw.writeHead(problem.statusCode, ERROR_HEADERS).end(JSON.stringify(problem));
};

/** The options of the HTTP server: everything that a client can do is limited, and every error is answered alike. */
export function serverOptions(settings: Settings): ServerOptions {
  return {
    trustProxy: settings.trust_proxy,
    bodyLimit: settings['endpoint.api.enabled'] ? LARGEST_ADMIN_BODY : LARGEST_BODY,
    keepAliveTimeout: KEEP_ALIVE,
    requestTimeout: REQUEST_TIMEOUT,
    connectionTimeout: settings['processor.timeout'] * 1000 + STALLED,
    // A request without a host is answered as any other one that is wrong.
    http: { headersTimeout: REQUEST_TIMEOUT, requireHostHeader: false },
    // What comes on open connections while the server closes is still served.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    frameworkErrors: answerUnroutable,
    clientErrorHandler: answerUnreadable,
  };
}

const UNREADABLE: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: { statusCode: 431, message: 'The URL or the headers are too long.' },
  ERR_HTTP_REQUEST_TIMEOUT: { statusCode: 408, message: 'The request took too long.' },
};

/** Bytes that are no request. */
function answerUnreadable({ code }: NodeJS.ErrnoException, socket: Socket): void {
  const problem = UNREADABLE[code ?? ''] ?? { statusCode: 400, message: 'The request is not well-formed.' };
  if (code === 'ECONNRESET' || !socket.writable) socket.destroy();
  else socket.end(rawReply(problem));
}
