import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EntryKey, StoreIncident } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Trash } from '../../../../../libs/image-cache/src/stores/filesystem/eviction/trash.js';
import { Layout } from '../../../../../libs/image-cache/src/stores/filesystem/files/layout.js';
import type { FoundFile } from '../../../../../libs/image-cache/src/stores/filesystem/files/walk.js';
import { FileLeases } from '../../../../../libs/image-cache/src/stores/filesystem/leases/file-leases.js';
import { resolveBounds } from '../../../../../libs/image-cache/src/stores/filesystem/space/bounds.js';
import { openSpace } from '../../../../../libs/image-cache/src/stores/filesystem/space/open-space.js';
import type { Space } from '../../../../../libs/image-cache/src/stores/filesystem/space/space.js';
import { ProcessRun } from '../../../../../libs/image-cache/src/stores/filesystem/upkeep/process-run.js';
import { deferred, until } from '../../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../../support/directories.js';
import { entryFiles } from '../../../../support/filesystem-store.js';
import { variantOf } from '../../../../support/stores.js';

describe('an index that is put right by a sweep', () => {
  let directory: TestDirectory;
  let layout: Layout;
  let space: Space;
  let incidents: StoreIncident[];
  let unreadable: EntryKey | undefined;

  beforeEach(async () => {
    directory = await makeDirectory();
    layout = new Layout(directory.path, { depth: 3, nameLength: 2 });
    incidents = [];
    unreadable = undefined;
    const clock = new FakeClock();
    space = await openSpace({
      layout,
      clock,
      leases: await FileLeases.open({ layout, clock }),
      trash: new Trash(layout.trash, () => undefined),
      bounds: resolveBounds({}, ''),
      index: true,
      local: true,
      report: (incident) => incidents.push(incident),
      bodySize: (key) => {
        if (key !== unreadable) return Promise.resolve(statSync(layout.file(key)).size);
        return Promise.reject(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));
      },
    });
    await until(() => space.index?.isComplete === true);
  });

  afterEach(async () => {
    await space.close();
    await directory.remove();
  });

  const write = (count: number): EntryKey[] => {
    const keys = Array.from({ length: count }, (_, each) => variantOf('image', `${each}`));
    mkdirSync(dirname(layout.file(variantOf('image'))), { recursive: true });
    for (const key of keys) writeFileSync(layout.file(key), 'body');
    return keys.sort((one, other) => (one.id < other.id ? -1 : 1));
  };

  const reconcile = async (keys: readonly EntryKey[]): Promise<ProcessRun> => {
    const { signal } = new AbortController();
    const report = (incident: StoreIncident): void => void incidents.push(incident);
    const run = new ProcessRun({ signal, rate: {}, dryRun: false, isAwaited: true, report });
    const files = async function* (): AsyncGenerator<readonly FoundFile[]> {
      yield await Promise.resolve(keys.map((key) => ({ key, size: 4, mtimeMs: 0 })));
    };
    await space.steps?.reconcile(run, files());
    return run;
  };

  it('counts nothing of what another step has removed and told of', async () => {
    const keys = write(2000);
    expect((await reconcile(keys)).counts).toMatchObject({ adopted: 2000, removed: 0 });
    for (const key of keys) rmSync(layout.file(key));
    space.removed(keys.toReversed());
    expect((await reconcile([])).counts).toEqual({ examined: 0, removed: 0, bytes: 0, failed: 0 });
    expect(space.index?.usage()).toEqual({ entries: 0, bytes: 0 });
  });

  it('takes in what it can read, and the rest when that can be read', async () => {
    const keys = write(10);
    [, , , unreadable] = keys;
    const { counts } = await reconcile(keys);
    expect(counts).toMatchObject({ adopted: 9, failed: 1, failure: 'EIO: i/o error' });
    expect(incidents).toMatchObject([{ kind: 'leftover', message: expect.stringContaining('EIO') }]);
    unreadable = undefined;
    expect((await reconcile(keys)).counts).toMatchObject({ adopted: 1, failed: 0 });
  });

  it('leaves entries alone whose files were not found and are there', async () => {
    const keys = write(10);
    await reconcile(keys);
    expect((await reconcile(keys.slice(5))).counts).toMatchObject({ removed: 0, failed: 0 });
    expect(space.index?.usage().entries).toBe(10);
  });

  it('takes nothing in that was found and has gone', async () => {
    const keys = write(10);
    for (const key of keys.slice(5)) rmSync(layout.file(key));
    expect((await reconcile(keys)).counts).toMatchObject({ adopted: 5, removed: 0, failed: 0 });
    expect(space.index?.usage().entries).toBe(5);
  });
});

describe('an index that is in doubt, beside files that it does not know', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(() => directory.remove());

  it('ends the search for room when nothing is left that it knows', async () => {
    const layout = new Layout(directory.path, { depth: 3, nameLength: 2 });
    const keys = Array.from({ length: 100 }, (_, each) => variantOf('image', `${each}`));
    mkdirSync(dirname(layout.file(variantOf('image'))), { recursive: true });
    for (const key of keys) writeFileSync(layout.file(key), 'body');
    const gate = deferred();
    const space = await openSpace({
      layout,
      clock: new FakeClock(),
      leases: await FileLeases.open({ layout, clock: new FakeClock() }),
      trash: new Trash(layout.trash, () => undefined),
      bounds: resolveBounds({ minFree: '8000TB' }, ''),
      index: true,
      local: true,
      report: () => undefined,
      bodySize: async () => {
        await gate.promise;
        return 4;
      },
    });
    const claim = space.claim(variantOf('new'), 'new');
    await expect(claim.reach(100)).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_STORE_FULL' });
    claim.end();
    expect(space.index?.isComplete).toBe(false);
    expect(await entryFiles(directory.path)).toHaveLength(keys.length);
    gate.resolve();
    await space.close();
  });
});
