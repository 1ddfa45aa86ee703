import { expect } from '@jest/globals';
import type { CacheStore, ListedEntry, ListOptions } from 'nestjs-image-cache';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SpaceLedger } from '../../../libs/image-cache/src/stores/filesystem/index/space-ledger.js';
import { bytesUsed } from '../../../libs/image-cache/src/stores/filesystem/index/totals.js';
import { blockSize, directorySize } from '../../../libs/image-cache/src/stores/filesystem/space/free-space.js';
import { keyString } from '../../../libs/image-cache/src/keys/entry-keys.js';
import { eventually } from '../../support/async.js';
import { directoriesBelow } from '../../support/disk-usage.js';
import { entryFiles, filesIn, isLeftBehind, openDescriptors, openFiles } from '../../support/filesystem-store.js';
import { readBody } from '../../support/read-body.js';
import { openIndex } from '../../support/opened-index.js';
import { labelOf } from './self-describing.js';

const DAY = 86_400_000;

/** Looks at a directory that nobody uses, some of whose users were killed: nothing may be amiss, and nothing be left. */
export async function expectSound(directory: string, maxSize: number): Promise<void> {
  const { store, clock, incidents } = await openFiles(directory, { maxSize });
  const index = await openIndex(directory, (cause) => {
    incidents.push({ kind: 'unindexed', message: 'The index was damaged.', cause });
  });
  const { tables } = index;
  const ledger = new SpaceLedger(tables);
  await eventually(async () => {
    expect(incidents).toEqual([]);
    expect(tables.isComplete).toBe(true);
    const temporary = (await filesIn(directory)).filter(isLeftBehind);
    expect({ temporary, writes: ledger.writes() }).toEqual({ temporary: [], writes: [] });
    await expectAgreement(store);
  });
  for await (const { key } of store.entries()) {
    const body = await readBody(store, key);
    expect(body && labelOf(body)?.split(' ')[0]).toBe(keyString(key));
  }
  await clock.advance(2 * DAY);
  for (const step of ['abandoned', 'detritus', 'trash'] as const)
    expect(await store.maintain?.(step, { stall: DAY })).toMatchObject({ failed: 0 });
  expect(await temporariesIn(directory)).toEqual([]);
  expect(await readdir(join(directory, 'trash')).catch(() => [])).toEqual([]);
  await expectAgreement(store);
  // Nothing is set apart for writes that have ended, or counted as trash that has gone.
  expect(tables.totals()).toMatchObject({ claimed: 0, writes: 0, discarded: 0 });
  expect(bytesUsed(tables.totals())).toBe(await bytesOfEntries(directory));
  await index.close();
  await store.close?.();
  expect(incidents).toEqual([]);
  expect(await openDescriptors(directory)).toBe(0);
}

/** Bytes that entries take in whole blocks, and the directories that they are in. */
async function bytesOfEntries(directory: string): Promise<number> {
  const block = blockSize(directory);
  const sizes = await Promise.all((await entryFiles(directory)).map(async (file) => (await stat(file)).size));
  const directories = ['image', 'info', 'source'].flatMap((tree) => directoriesBelow(join(directory, tree)));
  const stored = sizes.reduce((sum, size) => sum + Math.ceil(size / block) * block, 0);
  return stored + directories.length * directorySize(directory);
}

/** Unfinished writes, with their directories. */
async function temporariesIn(directory: string): Promise<string[]> {
  return (await readdir(directory, { recursive: true })).filter(isLeftBehind);
}

async function list(store: CacheStore, options: ListOptions): Promise<ListedEntry[]> {
  const entries: ListedEntry[] = [];
  for await (const entry of store.entries(options)) entries.push(entry);
  return entries;
}

/** The index knows the same entries as the directory. */
async function expectAgreement(store: CacheStore): Promise<void> {
  const entries = await list(store, {});
  const byAccess = await list(store, { order: 'lastAccess' });
  const ids = (listed: readonly ListedEntry[]): string[] => listed.map(({ key }) => keyString(key)).sort();
  expect(ids(byAccess)).toEqual(ids(entries));
  const bytes = entries.reduce((sum, { meta }) => sum + meta.size, 0);
  expect(await store.usage()).toEqual({ entries: entries.length, bytes });
}
