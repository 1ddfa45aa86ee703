import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runChild } from '../support/child-process.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';

const CAN_TRACE = spawnSync('strace', ['--version']).status === 0;

interface Call {
  readonly name: string;
  /** What is made, flushed, or renamed, and to what. */
  readonly paths: readonly string[];
}

/** Calls that have made, renamed or flushed something, in the order in which they began. */
function parseTrace(trace: string): Call[] {
  return trace.split('\n').flatMap((line) => {
    const [, name = '', args = ''] = /^\d+ +(mkdir|rename|fsync)\((.*)/.exec(line) ?? [];
    if (name === '' || args.includes('= -1')) return [];
    const paths = [...args.matchAll(name === 'fsync' ? /<(\/[^>]*)>/g : /"([^"]*)"/g)].map(([, path = '']) => path);
    return [{ name, paths }];
  });
}

describe('what a durable filesystem store has published', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
  });

  afterEach(() => directory.remove());

  if (CAN_TRACE)
    it('is on the disk, with every directory that was made for it', async () => {
      const root = join(directory.path, 'cache');
      const trace = join(directory.path, 'trace');
      const limits = `set -- strace -f -qq -y -e trace=mkdir,rename,fsync -o ${trace} "$@"`;
      await runChild('faults/scenarios/durable-process.ts', [root], { limits }).end();
      const calls = parseTrace(await readFile(trace, 'utf8'));
      const places = calls.flatMap(({ name, paths: [from = '', to = ''] }, at) =>
        name === 'rename' && /\/(image|info|source)\//.test(to) ? [{ at, from, to }] : [],
      );
      expect(places).toHaveLength(4);
      for (const { at, from, to } of places) {
        const flushes = (path: string, begin: number, end: number): boolean =>
          calls.slice(begin, end).some(({ name, paths }) => name === 'fsync' && paths[0] === path);
        expect(flushes(from, 0, at)).toBe(true);
        expect(flushes(dirname(to), at, Infinity)).toBe(true);
        const made = calls
          .slice(0, at)
          .flatMap(({ name, paths: [path = ''] }, when) =>
            name === 'mkdir' && to.startsWith(`${path}/`) && path.startsWith(`${root}/`) ? [{ path, when }] : [],
          );
        expect(made.length).toBeGreaterThanOrEqual(3);
        for (const { path, when } of made) expect([path, flushes(dirname(path), when, at)]).toEqual([path, true]);
      }
    }, 60_000);
});
