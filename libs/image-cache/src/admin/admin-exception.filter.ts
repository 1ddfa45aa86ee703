import { Catch, HttpException, Inject, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { isImageCacheError, messageOf, statusOf } from '../common/errors.js';
import { HttpExchange } from '../nest/http-exchange.js';
import { ADMIN_HEADERS } from './admin-headers.js';
import { RefusedMethod } from './other-methods.js';

/** The document of an error. */
interface Problem {
  readonly statusCode: number;
  /** One line that names the field. */
  readonly message: string;
}

/** Answers every error with its status and one line; what it does not know is a 500 that tells nothing. */
@Catch()
export class AdminExceptionFilter implements ExceptionFilter {
  readonly #logger = new Logger('ImageCacheAdmin');
  readonly #adapterHost: HttpAdapterHost;

  constructor(@Inject(HttpAdapterHost) adapterHost: HttpAdapterHost) {
    this.#adapterHost = adapterHost;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const { httpAdapter } = this.#adapterHost;
    const exchange = new HttpExchange(httpAdapter, host);
    const problem = problemOf(error);
    if (problem.statusCode >= 500) this.#logger.error(messageOf(error));
    const response = host.switchToHttp().getResponse<object>();
    if (httpAdapter.isHeadersSent(response)) return;
    exchange.setHeaders(ADMIN_HEADERS);
    if (error instanceof RefusedMethod) exchange.setHeader('Allow', error.allowed);
    if (isImageCacheError(error) && error.retryAfter !== undefined)
      exchange.setHeader('Retry-After', String(error.retryAfter));
    exchange.setHeader('Content-Type', 'application/json');
    httpAdapter.reply(response, problem, problem.statusCode);
  }
}

function problemOf(error: unknown): Problem {
  if (error instanceof HttpException) return { statusCode: error.getStatus(), message: oneLine(error.message) };
  if (isImageCacheError(error, 'E_IMAGE_CACHE_OPTIONS') || isImageCacheError(error, 'E_IMAGE_CACHE_UNSUPPORTED')) {
    // The options of a call are the fields of the request.
    return { statusCode: 400, message: oneLine(error.message.replace(/^(entries|sweep|configure)\./, '')) };
  }
  const status = statusOf(error) ?? 500;
  if (status < 400 || status === 500) return { statusCode: 500, message: 'Internal server error' };
  return { statusCode: status, message: oneLine(messageOf(error)) };
}

function oneLine(message: string): string {
  return message.replace(/\s*[\r\n]+\s*/g, ' ');
}
