import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeDirectory } from '../support/directories.js';

const run = promisify(execFile);

const FILES = 20_000;

interface Contender {
  readonly name: string;
  readonly counts: readonly number[];
}

interface Figures {
  readonly files: number;
  readonly passes: readonly Contender[];
  readonly prunes: readonly Contender[];
  readonly purges: readonly Contender[];
  readonly delays: readonly { readonly name: string; readonly p99Ratio: number }[];
}

function countsOf(contenders: readonly Contender[]): unknown {
  return Object.fromEntries(contenders.map(({ name, counts }) => [name, counts]));
}

describe('the measurement of sweeps', () => {
  it('lets all contenders do the same work, and tells of it', async () => {
    const directory = await makeDirectory();
    try {
      const env = { ...process.env, BENCH_DIRECTORY: directory.path };
      const measuring = ['bench/sweeps.mjs', '--files', `${FILES}`, '--rounds', '1'];
      const { stdout } = await run(process.execPath, measuring, { env });
      const figures = JSON.parse(stdout) as Figures;
      expect(figures.files).toBe(FILES);
      expect(countsOf(figures.passes)).toEqual({
        'find -printf': [FILES],
        'the sweep': [FILES],
        'the sweep, half of the time': [FILES],
        'opendir and stat': [FILES],
      });
      expect(countsOf(figures.prunes)).toEqual({ 'prune by index': [FILES / 100], 'prune by walking': [FILES / 100] });
      expect(countsOf(figures.purges)).toEqual({ 'find -delete': [FILES], 'rm -rf': [FILES], purge: [FILES] });
      expect(figures.delays.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['nothing but requests', 'the sweep', 'prune by index', 'purge']),
      );
      const file = join(directory.path, 'figures.json');
      await writeFile(file, stdout);
      const report = await run(process.execPath, ['bench/sweeps-report.mjs', file]);
      expect(report.stdout).toContain('## A sweep of files');
      expect(report.stdout).not.toMatch(/NaN|undefined/);
    } finally {
      await directory.remove();
    }
  }, 600_000);
});
