import { Catch, HttpException, Inject, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { HttpExchange, isImageCacheError, NEVER_STORED, toldToClient } from 'nestjs-image-cache';
import { IiifError } from '../errors.js';

/** The JSON document of an error. */
interface Problem {
  readonly statusCode: number;
  readonly code?: string;
  /** One line. */
  readonly message: string;
}

/** Answers every error with its status and a reason of one line; what it does not know is a 500 that tells nothing. */
@Catch()
export class IiifExceptionFilter implements ExceptionFilter {
  readonly #logger = new Logger('Iiif');
  readonly #adapterHost: HttpAdapterHost;

  constructor(@Inject(HttpAdapterHost) adapterHost: HttpAdapterHost) {
    this.#adapterHost = adapterHost;
  }

  catch(thrown: unknown, host: ArgumentsHost): void {
    const { httpAdapter } = this.#adapterHost;
    const response = host.switchToHttp().getResponse<object>();
    const exchange = new HttpExchange(httpAdapter, host);
    const error = toldToClient(exchange, thrown);
    const problem = problemOf(error);
    if (problem.statusCode === 500) this.#logger.error(error);
    if (httpAdapter.isHeadersSent(response)) return;
    httpAdapter.setHeader(response, 'Cache-Control', NEVER_STORED);
    httpAdapter.setHeader(response, 'Content-Type', 'application/json');
    if ([429, 503].includes(problem.statusCode))
      httpAdapter.setHeader(response, 'Retry-After', String(retryAfter(error)));
    if (isImageCacheError(error, 'E_IMAGE_CACHE_CLOSED')) exchange.closeConnection();
    httpAdapter.reply(response, problem, problem.statusCode);
  }
}

/** The status of which no client will ever learn: that one leaves is no fault of the server. */
const CLIENT_GONE = 499;

/** What a client is told of an error. */
export function problemOf(error: unknown): Problem {
  if (error instanceof IiifError) return { statusCode: error.status, code: error.code, message: error.reason };
  if (error instanceof HttpException) return { statusCode: error.getStatus(), message: error.message };
  if (hasLeft(error)) return { statusCode: CLIENT_GONE, message: 'The client has left before its body was there.' };
  if (isImageCacheError(error, 'E_IMAGE_CACHE_ABORTED')) return { statusCode: CLIENT_GONE, message: error.message };
  if (isImageCacheError(error) && error.status !== 500) {
    return { statusCode: error.status, code: error.code, message: error.message };
  }
  return { statusCode: 500, message: 'Internal server error' };
}

/** Whether a client has left while its body was read: Node's error, with the status that Fastify gives it. */
function hasLeft(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, statusCode } = error as { readonly code?: unknown; readonly statusCode?: unknown };
  return code === 'ECONNRESET' && statusCode === 400;
}

/** Seconds. */
function retryAfter(error: unknown): number {
  return (isImageCacheError(error) ? error.retryAfter : undefined) ?? 1;
}
