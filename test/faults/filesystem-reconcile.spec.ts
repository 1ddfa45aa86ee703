import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { infoKey, type CacheStore, type EntryKey, type MaintainOptions, type StepReport } from 'nestjs-image-cache';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Layout } from '../../libs/image-cache/src/stores/filesystem/files/layout.js';
import { EntryIndex } from '../../libs/image-cache/src/stores/filesystem/index/entry-index.js';
import type { IndexTables } from '../../libs/image-cache/src/stores/filesystem/index/index-tables.js';
import type { OpenedIndex } from '../../libs/image-cache/src/stores/filesystem/index/opened-index.js';
import { SpaceLedger } from '../../libs/image-cache/src/stores/filesystem/index/space-ledger.js';
import { processName, processSpace } from '../../libs/image-cache/src/stores/filesystem/processes.js';
import { eventually, until } from '../support/async.js';
import { runChild } from '../support/child-process.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { entryFiles, openFiles, type OpenedStore } from '../support/filesystem-store.js';
import { makeReadOnly, MAY_MOUNT, release } from '../support/mounts.js';
import { put, variantOf } from '../support/stores.js';
import { age, DAY } from '../support/sweeps.js';
import { openIndex } from '../support/opened-index.js';

const OPTIONS: MaintainOptions = { stall: DAY };

const SLOWLY: MaintainOptions = { stall: DAY, rate: { files: 100 } };

/** The step itself is what is tried: whatever has been done in the background is done. */
async function openQuietly(directory: string, bounds = { maxSize: '1GB' }): Promise<OpenedStore> {
  const opened = await openFiles(directory, bounds);
  await until(async () => (await opened.store.usage()).entries === (await entryFiles(directory)).length);
  return opened;
}

describe('a sweep that makes the index agree with the files', () => {
  let directory: TestDirectory;
  let elsewhere: TestDirectory;
  let root: string;
  let opened: OpenedStore;
  let store: CacheStore;
  let tables: IndexTables;
  let index: OpenedIndex;

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
    elsewhere = await makeDirectory(DISK);
    root = directory.path;
    opened = await openQuietly(root);
    ({ store } = opened);
    index = await openIndex(root);
    ({ tables } = index);
    await eventually(() => {
      expect(tables.isComplete).toBe(true);
      return Promise.resolve();
    });
  });

  afterEach(async () => {
    await index.close();
    await store.close?.();
    release(root);
    await directory.remove();
    await elsewhere.remove();
  });

  const fileOf = (key: EntryKey): string => new Layout(root, { depth: 3, nameLength: 2 }).file(key);

  const reconcile = async (options = OPTIONS): Promise<StepReport | undefined> =>
    store.maintain?.('reconcile', options);

  const keep = async (options = OPTIONS): Promise<StepReport | undefined> => store.maintain?.('bounds', options);

  const write = async (label: string, count: number, to = store): Promise<EntryKey[]> => {
    const keys = Array.from({ length: count }, (_, each) =>
      each % 5 === 0 ? infoKey(`${label} ${each}`) : variantOf(`${label} ${each % 7}`, `${each}`),
    );
    for (const key of keys) await put(to, key, '{"width":1}', { createdAt: Date.now() });
    return keys;
  };

  /** Puts files into their places as a backup does that is played back. */
  const copyIn = async (label: string, count: number): Promise<EntryKey[]> => {
    const other = await openFiles(elsewhere.path);
    const keys = await write(label, count, other.store);
    await other.store.close?.();
    for (const tree of ['image', 'info'])
      await cp(join(elsewhere.path, tree), join(root, tree), { recursive: true, preserveTimestamps: true });
    return keys;
  };

  const expectAgreement = async (): Promise<void> => {
    const files = await entryFiles(root);
    const listed: string[] = [];
    for await (const { key } of store.entries({ order: 'lastAccess' })) listed.push(fileOf(key));
    expect(listed.sort()).toEqual(files.sort());
    expect((await store.usage()).entries).toBe(files.length);
    expect(tables.totals()).toMatchObject({ claimed: 0, writes: 0, discarded: 0 });
  };

  it('finds nothing to do where both agree', async () => {
    await write('image', 30);
    expect(await reconcile()).toMatchObject({ step: 'reconcile', examined: 30, removed: 0, bytes: 0, failed: 0 });
    expect((await reconcile())?.adopted).toBeUndefined();
  });

  it('takes out what has no file, takes in what the index did not know, and tells true counts of both', async () => {
    const gone = (await write('image', 40)).slice(0, 11);
    for (const key of gone) await rm(fileOf(key));
    await copyIn('copy', 17);
    const [touched = variantOf('')] = (await write('touched', 2)).slice(1);
    await utimes(fileOf(touched), new Date(), new Date(Date.now() + DAY));
    const usage = tables.totals();
    const counts = { examined: 29 + 11 + 17 + 2, removed: 11, adopted: 18, bytes: 0, failed: 0 };
    expect(await reconcile({ ...OPTIONS, dryRun: true })).toMatchObject(counts);
    expect(tables.totals()).toEqual(usage);
    expect(await reconcile()).toMatchObject(counts);
    await expectAgreement();
    const last: EntryKey[] = [];
    for await (const { key } of store.entries({ order: 'lastAccess' })) last.push(key);
    expect(last.at(-1)).toEqual(touched);
    expect(await reconcile()).toMatchObject({ removed: 0, failed: 0 });
    expect(opened.incidents).toEqual([]);
  });

  it('takes nothing in that is no entry, and leaves it where it is in a dry run', async () => {
    const [key = variantOf('')] = (await copyIn('copy', 2)).slice(1);
    await truncate(fileOf(key), 20);
    await writeFile(join(dirname(fileOf(key)), 'cover.jpg'), 'foreign');
    await mkdir(join(dirname(fileOf(key)), 'directory.jpg'));
    expect(await reconcile({ ...OPTIONS, dryRun: true })).toMatchObject({ adopted: 1, removed: 0, failed: 0 });
    expect(opened.incidents).toEqual([]);
    expect(await reconcile()).toMatchObject({ adopted: 1, removed: 0, failed: 0 });
    expect(opened.incidents).toMatchObject([{ kind: 'quarantined' }]);
  });

  it('counts what is in the trash and in quarantine, as long as it is there, and empties trash that nobody does', async () => {
    for (const path of ['trash/piece/entries', 'quarantine']) await mkdir(join(root, path), { recursive: true });
    await writeFile(join(root, 'trash', 'piece', 'entries', 'one.jpg'), Buffer.alloc(5000));
    await writeFile(join(root, 'quarantine', 'damaged.jpg'), 'damaged');
    const found = { examined: 2, removed: 0, adopted: 2, failed: 0 };
    expect(await reconcile({ ...OPTIONS, dryRun: true })).toMatchObject(found);
    expect(tables.totals()).toMatchObject({ discarded: 0 });
    expect(await reconcile()).toMatchObject(found);
    expect(tables.totals()).toMatchObject({ discarded: 5 * 4096 });
    expect(await reconcile()).toMatchObject({ examined: 1, removed: 1 });
    expect(tables.totals()).toMatchObject({ discarded: 4096 });
    expect(await store.maintain?.('trash', OPTIONS)).toMatchObject({ removed: 0 });
    await rm(join(root, 'quarantine', 'damaged.jpg'));
    expect(await reconcile()).toMatchObject({ examined: 1, removed: 1, failed: 0 });
    await expectAgreement();
  });

  it('ends the doubt whether all that is in the files is known', async () => {
    await copyIn('copy', 20);
    tables.doubt();
    expect(await reconcile({ ...OPTIONS, dryRun: true })).toMatchObject({ adopted: 20 });
    expect(tables.isComplete).toBe(false);
    expect(await reconcile()).toMatchObject({ adopted: 20 });
    expect(tables.isComplete).toBe(true);
  });

  it('counts nothing that another step has just taken away', async () => {
    await write('image', 300);
    await age(join(root, 'image'));
    const idle = { idle: DAY, staleness: 0 };
    const expired = store.maintain?.('expired', { ...OPTIONS, expiry: { info: idle, variant: idle, source: idle } });
    expect(await expired).toMatchObject({ removed: 240 });
    expect(await reconcile()).toMatchObject({ examined: 60, removed: 0, failed: 0 });
    await expectAgreement();
  });

  describe('of a process that has ended', () => {
    /** What a process has set apart that is not there any more, and its unfinished write. */
    const leaveBehind = async (label: string): Promise<string> => {
      const place = await processSpace();
      const name = await processName(place, spawnSync('true').pid);
      const key = variantOf(label);
      const path = new Layout(root, { depth: 3, nameLength: 2 }).write(key);
      await mkdir(path, { recursive: true });
      await writeFile(join(path, 'body.jpg'), 'half of a picture');
      const write = { name: path.slice(dirname(path).length + 1), key, bytes: 100_000, owner: `${name}.0` };
      new SpaceLedger(tables).claim(write, () => true);
      return path;
    };

    it('takes back what it had set apart, and its unfinished writes', async () => {
      const paths = [await leaveBehind('a'), await leaveBehind('b')];
      await put(store, variantOf('image'), 'body');
      new SpaceLedger(tables).discard('trash/long gone', 4096);
      expect(tables.totals()).toMatchObject({ claimed: 200_000, writes: 2, discarded: 4096 });
      const counts = { examined: 4, removed: 3, bytes: 0, failed: 0 };
      expect(await reconcile({ ...OPTIONS, dryRun: true })).toMatchObject(counts);
      expect(tables.totals()).toMatchObject({ claimed: 200_000, writes: 2, discarded: 4096 });
      expect(await reconcile()).toMatchObject(counts);
      for (const path of paths) expect(existsSync(dirname(path))).toBe(false);
      await expectAgreement();
    });

    if (MAY_MOUNT)
      it('goes on past what cannot be removed, and takes it back later', async () => {
        const paths = [await leaveBehind('a'), await leaveBehind('b'), await leaveBehind('c')];
        makeReadOnly(dirname(paths[1] ?? ''));
        const gone = (await write('image', 5)).slice(0, 2);
        for (const key of gone) await rm(fileOf(key));
        expect(await reconcile()).toMatchObject({
          removed: 4,
          failed: 1,
          failure: expect.stringContaining('EROFS') as unknown,
        });
        expect(opened.incidents).toMatchObject([{ kind: 'leftover', message: expect.stringContaining('EROFS') }]);
        expect(tables.totals()).toMatchObject({ claimed: 100_000, writes: 1 });
        release(root);
        expect(await reconcile()).toMatchObject({ removed: 1, failed: 0 });
        await expectAgreement();
      });
  });

  it('tells how far it is, stops in the middle when it is told to, and is through the next time', async () => {
    const gone = (await write('image', 100)).slice(0, 50);
    for (const key of gone) await rm(fileOf(key));
    tables.doubt();
    const controller = new AbortController();
    const told: number[] = [];
    const report = await reconcile({
      ...SLOWLY,
      signal: controller.signal,
      onProgress: ({ examined }) => {
        told.push(examined);
        if (examined > 0) controller.abort();
      },
    });
    expect(report).toMatchObject({ stopped: 'aborted', failed: 0 });
    expect(told.length).toBeGreaterThan(0);
    expect(tables.isComplete).toBe(false);
    expect(await reconcile()).toMatchObject({ removed: 50 - (report?.removed ?? 0), failed: 0 });
    await expectAgreement();
  });

  it('stops when the store is closed', async () => {
    await write('image', 100);
    const report = reconcile({ ...SLOWLY, onProgress: () => void store.close?.() });
    expect(await report).toMatchObject({ stopped: 'aborted', failed: 0 });
    opened = await openQuietly(root);
    ({ store } = opened);
    expect(await reconcile()).toMatchObject({ examined: 100, removed: 0, failed: 0 });
  });

  it('stops when the index is taken away, and is through with the next one the next time', async () => {
    await write('image', 1200);
    let examined = 0;
    const report = reconcile({ ...OPTIONS, rate: { files: 200 }, onProgress: (told) => ({ examined } = told) });
    await until(() => examined > 0);
    await rm(join(root, 'index'), { recursive: true });
    await put(store, variantOf('another'), 'body', { createdAt: Date.now() });
    expect(await report).toMatchObject({ stopped: expect.stringContaining('anew') as unknown, failed: 0 });
    await until(async () => (await store.usage()).entries === 1201);
    expect(await reconcile()).toMatchObject({ examined: 1201, removed: 0, failed: 0 });
  });

  it('harms nothing while other processes fill, make room and evict', async () => {
    const children = ['one', 'other'].map((name) =>
      runChild('faults/scenarios/filling-process.ts', [root, name, '150', JSON.stringify({ maxSize: '2MB' })]),
    );
    await Promise.all(children.map((child) => child.next()));
    for (const child of children) child.tell('go');
    const others = { haveEnded: false };
    const ended = Promise.all(children.map((child) => child.end())).finally(() => (others.haveEnded = true));
    let turns = 0;
    for (; !others.haveEnded; turns += 1) {
      expect(await reconcile()).toMatchObject({ failed: 0 });
      const key = variantOf('mine', `${turns % 20}`);
      await put(store, key, 'body', { createdAt: Date.now() });
      if (turns % 3 === 0) await store.deleteGroup(key.group);
    }
    for (const [told] of await ended) expect(told).toMatchObject({ spoilt: 0, failures: [], incidents: [] });
    expect(turns).toBeGreaterThan(2);
    await reconcile();
    await expectAgreement();
    expect(opened.incidents).toEqual([]);
  });

  describe('and then keeps the bounds', () => {
    /** More than the bounds admit, as the index knows only after a sweep. */
    const overfill = async (): Promise<EntryKey[]> => {
      await store.close?.();
      opened = await openQuietly(root, { maxSize: '100KB' });
      ({ store } = opened);
      const keys = await copyIn('copy', 40);
      for (const [each, key] of keys.entries()) await utimes(fileOf(key), new Date(), new Date(1e12 + each * 1000));
      expect(await reconcile()).toMatchObject({ adopted: 40 });
      return keys;
    };

    it('by taking the least recently used away, as many as it takes', async () => {
      const keys = await overfill();
      // 95 % of 100 KB are 23 blocks, of which an entry takes one, and its directories three or four.
      const counts = { step: 'bounds', examined: 36, removed: 36, bytes: 36 * 4096, failed: 0 };
      expect(await keep({ ...OPTIONS, dryRun: true })).toMatchObject(counts);
      expect(await entryFiles(root)).toHaveLength(40);
      expect(await keep()).toMatchObject(counts);
      expect((await entryFiles(root)).sort()).toEqual(keys.slice(36).map(fileOf).sort());
      await expectAgreement();
      expect(await keep()).toMatchObject({ examined: 0, removed: 0 });
    });

    if (MAY_MOUNT)
      it('by taking others away where some cannot be removed', async () => {
        const keys = await overfill();
        const stuck = fileOf(keys[1] ?? variantOf(''));
        makeReadOnly(dirname(stuck));
        const counts = await keep();
        expect(counts?.failed).toBeGreaterThan(0);
        const { removed = 0 } = counts ?? {};
        expect(removed).toBeGreaterThan(30);
        expect(await entryFiles(root)).toHaveLength(40 - removed);
        expect(await entryFiles(root)).toContain(stuck);
      });

    it('up to the entry that it is at when the store is closed', async () => {
      await overfill();
      const report = keep();
      await store.close?.();
      expect(await report).toMatchObject({ stopped: 'aborted', failed: 0 });
      const { removed = 0 } = (await report) ?? {};
      opened = await openFiles(root);
      ({ store } = opened);
      expect(await entryFiles(root)).toHaveLength(40 - removed);
      expect(new EntryIndex(tables).usage().entries).toBe(40 - removed);
    });

    it('in steps between which it can be stopped', async () => {
      await overfill();
      const controller = new AbortController();
      const kept = keep({ ...OPTIONS, rate: { files: 1 }, signal: controller.signal });
      await until(async () => (await entryFiles(root)).length < 40);
      controller.abort();
      const report = await kept;
      expect(report).toMatchObject({ stopped: 'aborted', failed: 0 });
      expect(await entryFiles(root)).toHaveLength(40 - (report?.removed ?? 0));
      await expectAgreement();
    });
  });
});
