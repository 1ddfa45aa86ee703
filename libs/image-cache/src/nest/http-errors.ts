import { HttpException } from '@nestjs/common';
import { NEVER_STORED } from '../http/cache-control.js';
import { ImageCacheError, isImageCacheError } from '../common/errors.js';
import { CLIENT_GONE } from '../http/cache-status.js';
import type { HttpExchange } from './http-exchange.js';

/**
 * Prepares the response for an error, which nobody is to keep, and turns our own errors into those that Nest answers
 * with their status.
 */
export function toHttpError(exchange: HttpExchange, thrown: unknown): unknown {
  exchange.setHeader('Cache-Control', NEVER_STORED);
  const error = toldToClient(exchange, thrown);
  // An error without a status would be logged as one of the server's.
  if (isImageCacheError(error, 'E_IMAGE_CACHE_ABORTED')) return new HttpException(error.message, CLIENT_GONE);
  if (!isImageCacheError(error) || error.status === 500) return error;
  if (error.retryAfter !== undefined) exchange.setHeader('Retry-After', String(error.retryAfter));
  // The message may name hosts and paths of the store, and has been logged.
  const message = error.code === 'E_IMAGE_CACHE_STORE_UNAVAILABLE' ? UNAVAILABLE : error.message;
  const body = { statusCode: error.status, message, code: error.code };
  return new HttpException(body, error.status, { cause: error });
}

/** The error of a client that waits for what the server has given up: for that client, nobody has left. */
export function toldToClient(exchange: HttpExchange, error: unknown): unknown {
  if (!isImageCacheError(error, 'E_IMAGE_CACHE_ABORTED') || exchange.clientSignal().aborted) return error;
  return new ImageCacheError('E_IMAGE_CACHE_OVERLOADED', error.message, { cause: error });
}

const UNAVAILABLE = 'The image cache is not available now; try again later.';
