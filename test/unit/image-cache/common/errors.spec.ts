import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { runInNewContext } from 'node:vm';
import {
  ImageCacheError,
  isAbandonment,
  isDeterministic,
  isError,
  isImageCacheError,
  messageOf,
  statusOf,
  systemCode,
} from '../../../../libs/image-cache/src/common/errors.js';

const foreign: unknown = runInNewContext(
  "Object.assign(new Error('from another realm'), { code: 'EIO', status: 404 })",
);

function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('errors', () => {
  it('knows an error of another realm', async () => {
    expect(isError(foreign)).toBe(true);
    expect(isError(await failureOf(readFile('/no/such/file')))).toBe(true);
    expect(messageOf(foreign)).toBe('from another realm');
    expect(statusOf(foreign)).toBe(404);
  });

  it('takes nothing else for an error', () => {
    for (const thrown of [undefined, null, 'ENOENT', 42, {}, { message: 'x' }, { name: 1, message: 2 }])
      expect(isError(thrown)).toBe(false);
    expect(messageOf('a string')).toBe('a string');
  });

  it('reads the code of a system error', async () => {
    expect(systemCode(await failureOf(readFile('/no/such/file')))).toBe('ENOENT');
    expect(systemCode(foreign)).toBe('EIO');
    expect(systemCode(Object.assign(new Error('numeric'), { code: 5 }))).toBeUndefined();
    expect(systemCode({ code: 'ENOENT' })).toBeUndefined();
  });

  it('fits an HTTP status and a time to try again to each code', () => {
    expect(new ImageCacheError('E_IMAGE_CACHE_NOT_FOUND', 'x')).toMatchObject({ status: 404, retryAfter: undefined });
    expect(new ImageCacheError('E_IMAGE_CACHE_OVERLOADED', 'x')).toMatchObject({ status: 503, retryAfter: 1 });
    expect(new ImageCacheError('E_IMAGE_CACHE_OVERLOADED', 'x', { retryAfter: 7 }).retryAfter).toBe(7);
    expect(new ImageCacheError('E_IMAGE_CACHE_CORRUPT', 'x').status).toBe(500);
  });

  it('keeps the cause', () => {
    const cause = new Error('below');
    expect(new ImageCacheError('E_IMAGE_CACHE_CORRUPT', 'x', { cause }).cause).toBe(cause);
    expect('cause' in new ImageCacheError('E_IMAGE_CACHE_CORRUPT', 'x')).toBe(false);
  });

  it('tells its own errors by their code', () => {
    const error = new ImageCacheError('E_IMAGE_CACHE_CORRUPT', 'x');
    expect(isImageCacheError(error)).toBe(true);
    expect(isImageCacheError(error, 'E_IMAGE_CACHE_CORRUPT')).toBe(true);
    expect(isImageCacheError(error, 'E_IMAGE_CACHE_CLOSED')).toBe(false);
    expect(isImageCacheError(new Error('x'))).toBe(false);
  });

  it('takes aborts and time-outs for the failure of the one who led, and nothing else', () => {
    const abandoned = [
      new ImageCacheError('E_IMAGE_CACHE_ABORTED', 'x'),
      AbortSignal.abort().reason,
      Object.assign(new Error('x'), { name: 'TimeoutError' }),
    ];
    for (const error of abandoned) expect(isAbandonment(error)).toBe(true);
    for (const error of [new Error('x'), new ImageCacheError('E_IMAGE_CACHE_OVERLOADED', 'x'), 'AbortError'])
      expect(isAbandonment(error)).toBe(false);
  });

  it('takes a status of 4xx for a failure that would repeat itself', () => {
    const withStatus = (status: unknown): Error => Object.assign(new Error('x'), { status });
    expect([400, 404, 499].every((status) => isDeterministic(withStatus(status)))).toBe(true);
    expect([399, 500, '404', undefined].some((status) => isDeterministic(withStatus(status)))).toBe(false);
  });
});
