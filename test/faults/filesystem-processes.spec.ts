import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChild } from '../support/child-process.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { entryFiles, filesIn, openFiles } from '../support/filesystem-store.js';
import { put, readBody, readText, variantOf } from '../support/stores.js';
import { isDescribed } from './scenarios/self-describing.js';

const DAY = 86_400_000;

interface Seen {
  readonly whole: number;
  readonly absent: number;
  readonly spoilt: number;
  readonly fenced: number;
  readonly stored: number;
  readonly failures: readonly string[];
  readonly incidents: readonly string[];
}

describe('the filesystem store in several processes', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
  });

  afterEach(() => directory.remove());

  it.each([1, 17, 60, 200])(
    'holds whole entries only when a writer was killed after %d commits, and sweeps what that left',
    async (commits) => {
      const child = runChild('faults/scenarios/committing-process.ts', [directory.path, 'writer']);
      for (let told = 0; told < commits; told += 1) await child.next();
      child.process.kill('SIGKILL');
      await child.end();
      const { store, clock, incidents } = await openFiles(directory.path);
      let entries = 0;
      for await (const { key } of store.entries()) {
        const body = await readBody(store, key);
        expect(body && isDescribed(body)).toBe(true);
        entries += 1;
      }
      expect(entries).toBeGreaterThanOrEqual(Math.min(commits, 50));
      expect(incidents).toEqual([]);
      expect((await filesIn(directory.path)).some((name) => name.includes('.tmp'))).toBe(true);
      await clock.advance(2 * DAY);
      expect((await store.maintain?.('abandoned', { stall: DAY }))?.removed).toBeGreaterThanOrEqual(1);
      await store.maintain?.('detritus', { stall: DAY });
      expect(await entryFiles(directory.path)).toHaveLength(entries);
      expect(await store.usage()).toMatchObject({ entries });
      await store.clear();
      await put(store, variantOf('new'), 'body');
      expect(await readText(store, variantOf('new'))).toBe('body');
    },
    60_000,
  );

  it('shows nobody a mixed or partial entry while all write, read and evict the same ones', async () => {
    const children = ['a', 'bb', 'ccc'].map((writer) =>
      runChild('faults/scenarios/contending-process.ts', [directory.path, writer, '3000']),
    );
    await Promise.all(children.map(({ next }) => next()));
    for (const { tell } of children) tell('go');
    const told = (await Promise.all(children.map(({ end }) => end()))) as [Seen][];
    for (const [seen] of told) {
      expect(seen).toMatchObject({ spoilt: 0, failures: [], incidents: [] });
      expect(Math.min(seen.whole, seen.absent, seen.stored)).toBeGreaterThan(50);
    }
    expect(told.reduce((sum, [{ fenced }]) => sum + fenced, 0)).toBeGreaterThan(0);
    expect((await readdir(directory.path)).sort()).toEqual([
      'CACHEDIR.TAG',
      'evictions.log',
      'image',
      'image-cache.json',
      'trash',
    ]);
    expect(JSON.parse(await readFile(join(directory.path, 'image-cache.json'), 'utf8'))).toMatchObject({ format: 1 });
    const left = (await filesIn(directory.path)).filter((name) => name.includes('.tmp') || name.startsWith('trash/'));
    expect(left).toEqual([]);
  }, 300_000);
});
