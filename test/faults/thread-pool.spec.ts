import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a program that renders with so many threads in the pool; the pool has to be sized before Node starts. */
async function withThreads(threads: number, concurrency: number): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'busy-pool-'));
  try {
    const program = ['test/faults/programs/busy-pool.mjs', directory, String(concurrency)];
    const env = { ...process.env, UV_THREADPOOL_SIZE: String(threads) };
    return (await run(process.execPath, program, { env })).stdout;
  } finally {
    await rm(directory, { recursive: true });
  }
}

describe('renders and the thread pool', () => {
  it('leave threads to files: with 8 renders under way, hits on the disk wait for none of them', async () => {
    const order = JSON.parse(await withThreads(12, 8)) as string[];
    expect(order).toEqual([...Array<string>(5).fill('hit'), ...Array<string>(8).fill('render')]);
  }, 300_000);

  it('are refused when they would leave none', async () => {
    await expect(withThreads(8, 8)).rejects.toMatchObject({
      stderr: expect.stringContaining('imageCache.render.concurrency: 8 renders at a time need UV_THREADPOOL_SIZE=12'),
    });
  });
});
