import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createImageCache,
  filesystemStore,
  type CacheStore,
  type EntryKey,
  type FilesystemStoreOptions,
  type MaintainOptions,
  type StepReport,
} from 'nestjs-image-cache';
import { dirname, join } from 'node:path';
import { readdir } from 'node:fs/promises';
import { Layout } from '../../libs/image-cache/src/stores/filesystem/files/layout.js';
import { until } from '../support/async.js';
import { runChild } from '../support/child-process.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { entryFiles, openFiles, type OpenedStore } from '../support/filesystem-store.js';
import { makeReadOnly, MAY_MOUNT, mountUnknown, release } from '../support/mounts.js';
import { put, readBody, variantOf } from '../support/stores.js';
import { DAY, portrayTree } from '../support/sweeps.js';

const OPTIONS: MaintainOptions = { stall: DAY };

/** Bytes of a body; with its metadata, it takes 8 KB. */
const BODY = Buffer.alloc(6000, 'body');

const WITHOUT: Omit<FilesystemStoreOptions, 'directory'> = { index: false, maxSize: '400KB' };

describe('a filesystem store without an index', () => {
  let directory: TestDirectory;
  let root: string;
  let opened: OpenedStore;
  let store: CacheStore;

  const open = async (options = WITHOUT): Promise<void> => {
    opened = await openFiles(root, options);
    ({ store } = opened);
  };

  beforeEach(async () => {
    directory = await makeDirectory();
    root = directory.path;
  });

  afterEach(async () => {
    await store.close?.();
    release(root);
    await directory.remove();
  });

  const fileOf = (key: EntryKey): string => new Layout(root, { depth: 3, nameLength: 2 }).file(key);

  const keep = async (options = OPTIONS): Promise<StepReport | undefined> => store.maintain?.('bounds', options);

  /** Writes entries, each asked for a moment after the one before it. */
  const fill = async (count: number): Promise<EntryKey[]> => {
    const keys = Array.from({ length: count }, (_, each) => variantOf(`image ${each % 9}`, `${each}`));
    for (const [each, key] of keys.entries()) await put(store, key, BODY, { createdAt: Date.now() - 1000 + each });
    return keys;
  };

  const present = async (keys: readonly EntryKey[]): Promise<number> => {
    const found = await Promise.all(keys.map((key) => store.stat(key)));
    return found.filter((entry) => entry !== undefined).length;
  };

  it('is kept within its bounds by a sweep, by which the most recently used stay', async () => {
    await open();
    const keys = await fill(100);
    const asked = keys.slice(0, 5);
    await store.touch(asked.map((key) => ({ key, at: Date.now() + 1000, hits: 1 })));
    // 95 % of 400 KB are 47 entries of 8 KB.
    const counts = { step: 'bounds', examined: 100, removed: 53, failed: 0 };
    const before = await portrayTree(root);
    const tried = await keep({ ...OPTIONS, dryRun: true });
    expect(tried).toMatchObject(counts);
    expect(await portrayTree(root)).toBe(before);
    expect(await keep()).toMatchObject({ ...counts, bytes: tried?.bytes });
    expect((await entryFiles(root)).sort()).toEqual([...asked, ...keys.slice(58)].map(fileOf).sort());
    expect(await keep()).toMatchObject({ examined: 47, removed: 0 });
    expect(opened.incidents).toEqual([]);
  });

  it('has no index that could be put right', async () => {
    await open();
    await fill(3);
    const nothing = { step: 'reconcile', examined: 0, removed: 0, bytes: 0, failed: 0, duration: 0 };
    expect(await store.maintain?.('reconcile', OPTIONS)).toEqual(nothing);
  });

  it('leaves unbounded what has no bounds', async () => {
    await open({});
    await fill(3);
    expect(await keep()).toMatchObject({ examined: 0, removed: 0, failed: 0 });
  });

  if (MAY_MOUNT) {
    it('is what there is on a network share, which is said, and bounds are kept by sweeps', async () => {
      mountUnknown(root);
      await open({ maxEntries: 20 });
      expect(opened.incidents).toMatchObject([
        { kind: 'unindexed', message: expect.stringContaining('kept by each sweep') as unknown },
      ]);
      expect(store.features).toMatchObject({ bounded: false, orderedByAccess: false });
      const keys = await fill(30);
      expect(await keep()).toMatchObject({ examined: 30, removed: 11, failed: 0 });
      expect(await present(keys.slice(11))).toBe(19);
    });

    it('takes others away where some cannot be removed', async () => {
      await open();
      const keys = await fill(100);
      const stuck = dirname(fileOf(keys[4] ?? variantOf('')));
      const held = await readdir(stuck);
      makeReadOnly(stuck);
      const report = await keep();
      expect(report).toMatchObject({ removed: 53, failure: expect.stringContaining('EROFS') as unknown });
      expect(report?.failed).toBeGreaterThan(0);
      expect(opened.incidents.length).toBe(report?.failed);
      expect(await entryFiles(root)).toHaveLength(47);
      expect(await readdir(stuck)).toEqual(held);
    });
  }

  it('stops in the middle when it is told to, and goes on the next time', async () => {
    await open();
    await fill(100);
    const controller = new AbortController();
    const report = await keep({
      ...OPTIONS,
      // Slow enough that the word to stop arrives in the middle, however busy the machine is.
      rate: { files: 60 },
      signal: controller.signal,
      onProgress: ({ removed }) => {
        if (removed > 0) controller.abort();
      },
    });
    expect(report).toMatchObject({ stopped: 'aborted', failed: 0 });
    expect(report?.removed).toBeLessThan(53);
    expect(await entryFiles(root)).toHaveLength(100 - (report?.removed ?? 0));
    expect(await keep()).toMatchObject({ removed: 53 - (report?.removed ?? 0) });
  });

  it('spares what is asked for, rendered anew and written while the sweep goes on', async () => {
    await open();
    const keys = await fill(100);
    const [touched, replaced] = [keys.slice(0, 10), keys.slice(10, 20)];
    let examined = 0;
    const swept = keep({ ...OPTIONS, rate: { files: 40 }, onProgress: (progress) => ({ examined } = progress) });
    await until(() => examined > 0);
    await store.touch(touched.map((key) => ({ key, at: Date.now(), hits: 1 })));
    for (const key of replaced) await put(store, key, BODY, { createdAt: Date.now() });
    const reserved = await store.reserve(variantOf('being written'));
    const report = await swept;
    expect(report).toMatchObject({ failed: 0 });
    expect(await present([...touched, ...replaced])).toBe(20);
    expect(await present(keys)).toBe(100 - (report?.removed ?? 0));
    const meta = { identifier: 'image', contentType: 'image/jpeg', createdAt: Date.now() };
    expect(await reserved.commit({ body: BODY }, meta)).not.toBe('fenced');
  });

  it('comes down below its bounds when other processes have filled it, which notice nothing of the sweeps', async () => {
    await open();
    const bounds = JSON.stringify(WITHOUT);
    const children = ['one', 'other'].map((name) =>
      runChild('faults/scenarios/filling-process.ts', [root, name, '150', bounds]),
    );
    await Promise.all(children.map((child) => child.next()));
    for (const child of children) child.tell('go');
    const others = { haveEnded: false };
    const ended = Promise.all(children.map((child) => child.end())).finally(() => (others.haveEnded = true));
    let removed = 0;
    while (!others.haveEnded) {
      const report = await keep();
      expect(report).toMatchObject({ failed: 0 });
      // Of a store that is closed meanwhile, no sweep takes any time: nothing else would ever happen again.
      expect(report?.stopped).toBeUndefined();
      removed += report?.removed ?? 0;
    }
    for (const [told] of await ended)
      expect(told).toMatchObject({ stored: 150, full: 0, spoilt: 0, failures: [], incidents: [] });
    removed += (await keep())?.removed ?? 0;
    const files = await entryFiles(root);
    expect(files.length + removed).toBe(300);
    expect((await store.usage()).bytes).toBeLessThan(400 * 1024);
    expect(await keep()).toMatchObject({ removed: 0, failed: 0 });
    for await (const { key } of store.entries()) expect(await readBody(store, key)).toBeDefined();
  });

  it('is kept within its bounds by the sweeps of a cache', async () => {
    await open({});
    const cache = await createImageCache({
      variant: { store: filesystemStore({ directory: join(root, 'cache'), index: false, maxEntries: 10 }) },
    });
    const render = (): Promise<{ body: Buffer; contentType: string }> =>
      Promise.resolve({ body: BODY, contentType: 'image/webp' });
    for (let each = 0; each < 20; each += 1)
      await cache.variants.getOrRender({ identifier: 'image', operations: `${each}` }, render);
    await until(async () => (await entryFiles(join(root, 'cache'))).length === 20);
    const { steps } = await cache.sweep();
    expect(steps.find(({ step }) => step === 'bounds')).toMatchObject({ examined: 20, removed: 11, failed: 0 });
    expect(await entryFiles(join(root, 'cache'))).toHaveLength(9);
    await cache.close();
  });
});
