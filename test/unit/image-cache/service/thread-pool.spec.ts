import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { availableParallelism } from 'node:os';
import { renderConcurrency } from '../../../../libs/image-cache/src/service/thread-pool.js';

const CORES = availableParallelism();

describe('the share of the thread pool that renders may take', () => {
  const { UV_THREADPOOL_SIZE: before } = process.env;

  const withPool = (size: string | undefined): void => {
    if (size === undefined) delete process.env['UV_THREADPOOL_SIZE'];
    else process.env['UV_THREADPOOL_SIZE'] = size;
  };

  beforeEach(() => {
    withPool(undefined);
  });

  afterEach(() => {
    withPool(before);
  });

  it('leaves four threads to files', () => {
    withPool('12');
    expect(renderConcurrency(8, 'render.concurrency')).toEqual({ concurrency: 8 });
    expect(() => renderConcurrency(9, 'render.concurrency')).toThrow(
      expect.objectContaining({
        code: 'E_IMAGE_CACHE_OPTIONS',
        message: expect.stringMatching(/^render\.concurrency: 9 .*UV_THREADPOOL_SIZE=13.* it is 12/),
      }),
    );
  });

  it('refuses any explicit number with the pool that Node has by default', () => {
    expect(() => renderConcurrency(1, 'x')).toThrow('UV_THREADPOOL_SIZE=5');
  });

  it('is one thread by default when the pool has none to spare, with a warning that says what to set', () => {
    const { concurrency, warning } = renderConcurrency(undefined, 'x');
    expect(concurrency).toBe(1);
    if (CORES > 1) expect(warning).toContain(`UV_THREADPOOL_SIZE=${CORES + 4}`);
  });

  it.each([CORES + 4, CORES + 50])('is as many as there are cores with a pool of %d, without a warning', (size) => {
    withPool(`${size}`);
    expect(renderConcurrency(undefined, 'x')).toEqual({ concurrency: CORES });
  });

  it.each([
    ['nonsense', 4],
    ['', 4],
    ['0', 1],
    ['-3', 1],
    ['99999', 1024],
  ])('takes a size of %j for the %d threads that there are then', (size, threads) => {
    withPool(size);
    expect(() => renderConcurrency(1021, 'x')).toThrow(`it is ${threads}.`);
  });
});
