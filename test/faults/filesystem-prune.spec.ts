import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChild } from '../support/child-process.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { canTrace } from '../support/needs.js';

const VICTIMS = 81;

describe('making room in the filesystem store', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
  });

  afterEach(() => directory.remove());

  /** System calls of pruning, by name. */
  async function callsOfPruning(entries: number): Promise<ReadonlyMap<string, number>> {
    const root = join(directory.path, `${entries}`);
    const trace = join(directory.path, `trace-${entries}`);
    const limits = `mkdir ${root}; set -- strace -f -qq -o ${trace} "$@"`;
    const told = await runChild('faults/scenarios/pruning-process.ts', [root, `${entries}`, `${VICTIMS}`], {
      limits,
    }).end();
    expect(told).toEqual([{ entries: VICTIMS - 1, bytes: (VICTIMS - 1) * 4096, read: VICTIMS - 1 }]);
    const lines = (await readFile(trace, 'utf8')).split('\n');
    const begin = lines.findIndex((line) => line.includes('/image-cache-begin'));
    const end = lines.findIndex((line) => line.includes('/image-cache-end'));
    const calls = new Map<string, number>();
    for (const line of lines.slice(begin, end)) {
      const name = /^\d+ +(\w+)\(/.exec(line)?.[1] ?? 'resumed';
      calls.set(name, (calls.get(name) ?? 0) + 1);
    }
    return calls;
  }

  if (canTrace())
    it('costs what goes, and the same in a small cache and in one ten times as large', async () => {
      const small = await callsOfPruning(20_000);
      const large = await callsOfPruning(200_000);
      for (const calls of [small, large]) {
        expect(calls.get('unlink')).toBe(VICTIMS - 1);
        // Up to three directories go with an entry, and nobody looks into them.
        expect(calls.get('rmdir')).toBe(small.get('rmdir'));
        expect(calls.get('rmdir')).toBeLessThanOrEqual(3 * (VICTIMS - 1));
        // A page of each of two tables for each entry, and their parents.
        expect((calls.get('pwrite64') ?? 0) + (calls.get('pwritev') ?? 0)).toBeLessThan(4 * VICTIMS);
        for (const looking of ['getdents64', 'statx', 'openat']) expect(calls.get(looking) ?? 0).toBeLessThan(5);
      }
    }, 600_000);
});
