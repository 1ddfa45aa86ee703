import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChild } from '../support/child-process.js';
import { DISK, makeDirectory, MEMORY, type TestDirectory } from '../support/directories.js';
import { expectSound } from './scenarios/crashed-cache.js';

const PROCESSES = 4;

/** Things that each of four lanes of a process does. */
const TURNS = 10 * Number(process.env['SOAK_ROUNDS'] ?? 30);

interface Told {
  readonly seen: Readonly<Record<'stored' | 'fenced' | 'read' | 'absent' | 'evicted', number>>;
  readonly problems: readonly string[];
}

describe.each([
  ['in memory', MEMORY],
  ['on a disk', DISK],
])('a filesystem store %s whose users race', (_, base) => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory(base);
  });

  afterEach(() => directory.remove());

  it(
    'shows whole entries only, none older than its last eviction, and stays sound',
    async () => {
      const root = join(directory.path, 'cache');
      const versions = join(directory.path, 'versions');
      await writeFile(versions, '');
      const children = Array.from({ length: PROCESSES }, (__, me) =>
        runChild('faults/scenarios/racing-process.ts', [root, versions, `${me}`, `${TURNS}`]),
      );
      await Promise.all(children.map(({ next }) => next()));
      for (const { tell } of children) tell('go');
      const told = (await Promise.all(children.map(({ end }) => end()))) as [Told][];
      expect(told.flatMap(([{ problems }]) => problems)).toEqual([]);
      // Who gets how much is up to the machine, but all of it has happened.
      for (const kind of ['stored', 'fenced', 'read', 'absent', 'evicted'] as const)
        expect([kind, told.some(([{ seen }]) => seen[kind] > 0)]).toEqual([kind, true]);
      expect(await readdir(join(root, 'trash'))).toEqual([]);
      await expectSound(root, 1024 * 1024);
    },
    120_000 + TURNS * 200,
  );
});
