import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createImageCache,
  filesystemStore,
  infoKey,
  type EntryKey,
  type Expiry,
  type MaintainOptions,
  type StepReport,
  type StoreIncident,
} from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Trash } from '../../libs/image-cache/src/stores/filesystem/eviction/trash.js';
import { Layout } from '../../libs/image-cache/src/stores/filesystem/files/layout.js';
import type { RemovedEntry } from '../../libs/image-cache/src/stores/filesystem/upkeep/protocol.js';
import { startSweepThread } from '../../libs/image-cache/src/stores/filesystem/upkeep/sweep-client.js';
import { Upkeep, type UpkeepOptions } from '../../libs/image-cache/src/stores/filesystem/upkeep/upkeep.js';
import { until } from '../support/async.js';
import { runChild } from '../support/child-process.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { entryFiles, openFiles, type OpenedStore } from '../support/filesystem-store.js';
import { makeReadOnly, MAY_MOUNT, release } from '../support/mounts.js';
import { put, readText, variantOf } from '../support/stores.js';
import { age, DAY } from '../support/sweeps.js';

const IDLE: Expiry = { idle: DAY, staleness: 0 };
const OPTIONS: MaintainOptions = { stall: DAY, expiry: { info: IDLE, variant: IDLE, source: IDLE } };

/** Slow enough that something can happen in between. */
const SLOWLY: MaintainOptions = { ...OPTIONS, rate: { files: 200 } };

describe('a sweep of the filesystem store', () => {
  let directory: TestDirectory;
  let root: string;
  let opened: OpenedStore;
  let upkeeps: Upkeep[];

  beforeEach(async () => {
    directory = await makeDirectory();
    root = directory.path;
    opened = await openFiles(root);
    upkeeps = [];
  });

  afterEach(async () => {
    await Promise.all(upkeeps.map((upkeep) => upkeep.close()));
    await opened.store.close?.();
    release(root);
    await directory.remove();
  });

  const sweep = async (step: 'expired' | 'detritus' | 'trash', options = OPTIONS): Promise<StepReport | undefined> =>
    opened.store.maintain?.(step, options);

  const layout = (): Layout => new Layout(root, { depth: 3, nameLength: 2 });

  /** Entries, each of an image of its own, that nobody has asked for in time. */
  const writeOld = async (count: number, label = 'old'): Promise<EntryKey[]> => {
    const keys = Array.from({ length: count }, (_, index) => variantOf(`${label} ${index}`));
    for (const key of keys) {
      await put(opened.store, key, 'body');
      await age(layout().file(key));
    }
    return keys;
  };

  const present = async (keys: readonly EntryKey[]): Promise<number> => {
    const found = await Promise.all(keys.map((key) => opened.store.stat(key)));
    return found.filter((entry) => entry !== undefined).length;
  };

  /** The maintenance of the store with threads that a test can get at. */
  const makeUpkeep = (
    start: (control: Int32Array) => Worker = startSweepThread,
    options: Partial<UpkeepOptions> = {},
  ): { upkeep: Upkeep; threads: Worker[]; clock: FakeClock; incidents: StoreIncident[] } => {
    const threads: Worker[] = [];
    const incidents: StoreIncident[] = [];
    const clock = new FakeClock(Date.now());
    const upkeep = new Upkeep({
      layout: layout(),
      trash: new Trash(layout().trash, () => undefined),
      clock,
      report: (incident) => incidents.push(incident),
      start: (control) => {
        const thread = start(control);
        threads.push(thread);
        return thread;
      },
      ...options,
    });
    upkeeps.push(upkeep);
    return { upkeep, threads, clock, incidents };
  };

  describe('whose thread', () => {
    it('is killed fails, what was removed stays removed, and the next step has another thread', async () => {
      const keys = await writeOld(300);
      const { upkeep, threads } = makeUpkeep();
      const swept = upkeep.run('expired', {
        ...OPTIONS,
        rate: { files: 20 },
        onProgress: ({ removed }) => {
          if (removed > 0) void threads[0]?.terminate();
        },
      });
      await expect(swept).rejects.toMatchObject({
        code: 'E_IMAGE_CACHE_STORE_UNAVAILABLE',
        message: expect.stringContaining('ended with exit code 1 in the middle of the step "expired"'),
      });
      const left = await present(keys);
      expect(left).toBeLessThan(300);
      expect(left).toBeGreaterThan(0);
      expect(await upkeep.run('expired', OPTIONS)).toMatchObject({ removed: left, failed: 0 });
      expect(threads).toHaveLength(2);
    });

    it.each([
      ['throws', 'throw new Error("out of order")', 'died: out of order'],
      ['ends', 'process.exit(3)', 'ended with exit code 3'],
      ['runs out of memory', 'const all = []; for (;;) all.push(new Array(10_000).fill(0))', 'died: Worker terminated'],
    ])('%s fails the step and nothing else', async (_, code, message) => {
      let times = 0;
      const start = (control: Int32Array): Worker =>
        times++ === 0
          ? new Worker(code, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 16 } })
          : startSweepThread(control);
      const { upkeep } = makeUpkeep(start);
      await expect(upkeep.run('expired', OPTIONS)).rejects.toThrow(message);
      expect(await upkeep.run('expired', OPTIONS)).toMatchObject({ failed: 0 });
    });

    it('cannot be started fails the step', async () => {
      const { upkeep } = makeUpkeep(() => {
        throw new Error('no more threads');
      });
      await expect(upkeep.run('expired', OPTIONS)).rejects.toThrow('could not be started: no more threads');
    });

    it('does not answer any more is given up when it is to stop', async () => {
      const { upkeep, clock, threads } = makeUpkeep(() => new Worker('for (;;);', { eval: true }));
      const controller = new AbortController();
      const swept = upkeep.run('expired', { ...OPTIONS, signal: controller.signal });
      swept.catch(() => undefined);
      await until(() => threads.length > 0);
      controller.abort();
      await clock.advance(1000);
      await expect(swept).rejects.toThrow('did not stop within 1000 ms');
    });

    it('is not listened to fails the step and nothing else', async () => {
      const { upkeep, threads } = makeUpkeep();
      const onProgress = (): never => {
        throw new Error('no terminal');
      };
      await expect(upkeep.run('expired', { ...OPTIONS, onProgress })).rejects.toThrow('no terminal');
      expect(await upkeep.run('expired', OPTIONS)).toMatchObject({ failed: 0 });
      expect(threads).toHaveLength(2);
    });

    it('dies while it has nothing to do is replaced by the next step', async () => {
      const { upkeep, threads } = makeUpkeep();
      await upkeep.run('expired', OPTIONS);
      await threads[0]?.terminate();
      expect(await upkeep.run('expired', OPTIONS)).toMatchObject({ failed: 0 });
      expect(threads).toHaveLength(2);
    });

    it('serves the steps of a shift, and ends some time after the last', async () => {
      const { upkeep, threads, clock } = makeUpkeep();
      await upkeep.run('expired', OPTIONS);
      await clock.advance(900);
      await upkeep.run('trash', OPTIONS);
      expect(threads).toHaveLength(1);
      const ended = new Promise((resolve) => threads[0]?.once('exit', resolve));
      await clock.advance(1000);
      await ended;
      await upkeep.run('trash', OPTIONS);
      expect(threads).toHaveLength(2);
    });

    it('does one step at a time', async () => {
      await writeOld(50);
      const { upkeep, threads } = makeUpkeep();
      const order: string[] = [];
      const run = async (step: 'expired' | 'trash', options: MaintainOptions): Promise<void> => {
        await upkeep.run(step, options);
        order.push(step);
      };
      await Promise.all([run('expired', SLOWLY), run('trash', OPTIONS)]);
      expect(order).toEqual(['expired', 'trash']);
      expect(threads).toHaveLength(1);
    });

    it('does not keep a process alive that has nothing else to do', async () => {
      await writeOld(3);
      const child = runChild('faults/scenarios/sweeping-process.ts', [root]);
      expect(await child.end()).toMatchObject([{ examined: 3, removed: 3 }]);
    });
  });

  it('tells in batches what it has removed, and where there is nothing left of the trash', async () => {
    const keys = await writeOld(1200);
    const removed: RemovedEntry[][] = [];
    const emptied: string[] = [];
    const { upkeep } = makeUpkeep(startSweepThread, {
      onRemoved: (entries) => removed.push([...entries]),
      onEmptied: (paths) => emptied.push(...paths),
    });
    const { bytes } = await upkeep.run('expired', OPTIONS);
    const entries = removed.flat();
    expect(removed.length).toBeGreaterThan(1);
    expect(removed.length).toBeLessThan(100);
    const names = (all: readonly EntryKey[]): string[] => all.map(({ group, id }) => `${group}/${id}`).sort();
    expect(names(entries.map(({ key }) => key))).toEqual(names(keys));
    expect(entries.reduce((sum, { size }) => sum + size, 0)).toBe(bytes);
    await mkdir(join(root, 'trash', 'piece'), { recursive: true });
    await upkeep.run('trash', OPTIONS);
    expect(emptied).toEqual([join(root, 'trash', 'piece')]);
  });

  it('leaves the index in agreement with the files, whatever is rendered meanwhile', async () => {
    await opened.store.close?.();
    opened = await openFiles(root, { maxSize: '100MB' });
    expect(opened.store.features.orderedByAccess).toBe(true);
    await until(async () => (await opened.store.usage()).entries === 0);
    const keys = await writeOld(200);
    const [damaged = variantOf('')] = await writeOld(1, 'damaged');
    await writeFile(layout().file(damaged), 'x');
    await age(layout().file(damaged));
    expect(await opened.store.maintain?.('scrub', OPTIONS)).toMatchObject({ removed: 1 });
    const swept = opened.store.maintain?.('expired', SLOWLY);
    for (const key of keys.slice(0, 20)) await put(opened.store, key, 'anew', { createdAt: Date.now() });
    await swept;
    await until(async () => (await opened.store.usage()).entries === (await entryFiles(root)).length);
    const listed: string[] = [];
    for await (const { key } of opened.store.entries({ order: 'lastAccess' })) listed.push(key.group);
    expect(listed.sort()).toEqual(
      keys
        .slice(0, 20)
        .map(({ group }) => group)
        .sort(),
    );
    expect(opened.incidents).toMatchObject([{ kind: 'quarantined' }]);
  });

  it('tells how far it is', async () => {
    await writeOld(100);
    const told: number[] = [];
    const onProgress: MaintainOptions['onProgress'] = ({ examined }) => told.push(examined);
    await opened.store.maintain?.('expired', { ...SLOWLY, onProgress });
    expect(told.length).toBeGreaterThan(1);
    expect(told).toEqual(told.toSorted((one, other) => one - other));
    expect(told.at(-1)).toBe(100);
  });

  it('stops in the middle when it is told to, also while it waits for its turn to go on', async () => {
    const keys = await writeOld(100);
    const controller = new AbortController();
    const report = await opened.store.maintain?.('expired', {
      ...OPTIONS,
      rate: { files: 2 },
      signal: controller.signal,
      onProgress: () => {
        controller.abort();
      },
    });
    expect(report).toMatchObject({ stopped: 'aborted', failed: 0 });
    expect(await present(keys)).toBe(100 - (report?.removed ?? 0));
    expect(await sweep('expired')).toMatchObject({ removed: 100 - (report?.removed ?? 0) });
  });

  it('stops when the store is closed', async () => {
    await writeOld(100);
    const report = opened.store.maintain?.('expired', {
      ...OPTIONS,
      rate: { files: 2 },
      onProgress: () => void opened.store.close?.(),
    });
    expect(await report).toMatchObject({ stopped: 'aborted' });
  });

  it('lets entries be rendered, asked for, evicted and purged while it goes on, and takes none of them away', async () => {
    const old = await writeOld(300);
    const touched = await writeOld(50, 'touched');
    const rendered = await writeOld(50, 'rendered');
    const evicted = await writeOld(50, 'evicted');
    const swept = opened.store.maintain?.('expired', { ...OPTIONS, rate: { files: 300 } });
    const saved: EntryKey[] = [];
    for (let index = 0; index < 50; index += 1) {
      const [first, second, third] = [touched[index], rendered[index], evicted[index]];
      if (first && (await opened.store.stat(first))) {
        await opened.store.touch([{ key: first, at: Date.now(), hits: 1 }]);
        if (await opened.store.stat(first)) saved.push(first);
      }
      if (second) await put(opened.store, second, 'rendered anew', { createdAt: Date.now() });
      if (third) await opened.store.deleteGroup(third.group);
    }
    const young = variantOf('young');
    await put(opened.store, young, 'body', { createdAt: Date.now() });
    const reserved = await opened.store.reserve(variantOf('being written'));
    expect(await swept).toMatchObject({ failed: 0 });
    expect(await present(old)).toBe(0);
    expect(await present(saved)).toBe(saved.length);
    expect(await present(rendered)).toBe(50);
    expect(await present(evicted)).toBe(0);
    expect(await readText(opened.store, young)).toBe('body');
    const meta = { identifier: 'image', contentType: 'image/jpeg', createdAt: Date.now() };
    expect(await reserved.commit({ body: Buffer.from('body') }, meta)).not.toBe('fenced');
    expect(opened.incidents).toEqual([]);
  });

  it('leaves the counts of a purge to the purge, and nothing behind', async () => {
    const keys = await writeOld(500);
    const swept = opened.store.maintain?.('expired', { ...OPTIONS, rate: { files: 5000 } });
    const { completed } = await opened.store.clear();
    const trash = sweep('trash');
    const counts = await completed;
    const { removed = 0 } = (await swept) ?? {};
    expect(await trash).toMatchObject({ failed: 0, removed: 0 });
    expect((counts?.variants ?? 0) + removed).toBe(500);
    expect(await present(keys)).toBe(0);
    expect(await readdir(join(root, 'trash'))).toEqual([]);
    expect(opened.incidents).toEqual([]);
  });

  it('spares writes and directories that are in use, while writers go on', async () => {
    let done = false;
    const write = async (name: string): Promise<number> => {
      const { store } = await openFiles(root);
      let written = 0;
      for (let turn = 0; !done; turn += 1) {
        const key = turn % 3 === 0 ? infoKey(`${name} ${turn % 40}`) : variantOf(`${name} ${turn % 40}`, `${turn}`);
        const body = Buffer.from('{}');
        if ((await put(store, key, body, { createdAt: Date.now() })) !== 'fenced') written += 1;
        if (turn % 10 === 0) await store.deleteGroup(key.group);
      }
      await store.close?.();
      return written;
    };
    const writers = ['a', 'b', 'c'].map(write);
    for (let shift = 0; shift < 15; shift += 1)
      for (const step of ['expired', 'abandoned', 'detritus', 'quarantine', 'reconcile', 'bounds', 'scrub'] as const)
        expect(await opened.store.maintain?.(step, OPTIONS)).toMatchObject({ failed: 0, bytes: 0 });
    done = true;
    for (const written of await Promise.all(writers)) expect(written).toBeGreaterThan(10);
    expect(opened.incidents).toEqual([]);
  });

  (MAY_MOUNT ? it : it.skip)(
    'goes on past files that cannot be removed, tells of them, and removes them later',
    async () => {
      const keys = await writeOld(5);
      const [held] = keys;
      makeReadOnly(dirname(layout().file(held ?? variantOf(''))));
      const report = await sweep('expired');
      expect(report).toMatchObject({ examined: 5, removed: 4, failed: 1, failure: expect.stringContaining('EROFS') });
      expect(opened.incidents).toMatchObject([{ kind: 'leftover', message: expect.stringContaining('EROFS') }]);
      expect(await present(keys)).toBe(1);
      release(root);
      expect(await sweep('expired')).toMatchObject({ removed: 1, failed: 0 });
    },
  );

  it('removes nothing and finds nothing when the root has been taken away', async () => {
    await writeOld(5);
    await rename(root, `${root}-away`);
    expect(await sweep('expired')).toMatchObject({ examined: 0, removed: 0, failed: 0 });
    expect(await sweep('detritus')).toMatchObject({ examined: 0, removed: 0, failed: 0 });
    await rename(`${root}-away`, root);
    expect(await sweep('expired')).toMatchObject({ removed: 5 });
  });

  describe('for images', () => {
    const WINDOW = 100;

    it('does not run ahead of whoever looks at them', async () => {
      await writeOld(10 * WINDOW);
      let seen = 0;
      for await (const batch of opened.store.images?.() ?? []) {
        if (seen === 0) {
          await rm(join(root, 'image'), { recursive: true });
          await mkdir(join(root, 'image'));
        }
        seen += batch.length;
      }
      // The first batch, those under way, and the one that is being read.
      expect(seen).toBeGreaterThanOrEqual(WINDOW);
      expect(seen).toBeLessThanOrEqual(5 * WINDOW);
    });

    it('lets the next step begin when whoever looks at them has seen enough', async () => {
      await writeOld(5 * WINDOW);
      for await (const batch of opened.store.images?.() ?? []) {
        expect(batch).toHaveLength(WINDOW);
        break;
      }
      expect(await sweep('expired')).toMatchObject({ removed: 5 * WINDOW });
    });

    it('stops when the signal says so', async () => {
      await writeOld(5 * WINDOW);
      const controller = new AbortController();
      const look = async (): Promise<void> => {
        for await (const batch of opened.store.images?.({ signal: controller.signal }) ?? [])
          if (batch.length > 0) controller.abort();
      };
      await expect(look()).rejects.toMatchObject({ name: 'AbortError' });
    });

    it('fails when its thread dies', async () => {
      await writeOld(5 * WINDOW);
      const { upkeep, threads } = makeUpkeep();
      const look = async (): Promise<void> => {
        for await (const batch of upkeep.images()) if (batch.length > 0) await threads[0]?.terminate();
      };
      await expect(look()).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_STORE_UNAVAILABLE' });
    });
  });

  it('takes nothing away when the source is not there', async () => {
    const files = join(root, 'originals');
    const cacheRoot = join(root, 'cache');
    await mkdir(files);
    const names = Array.from({ length: 30 }, (_, index) => `image ${index}`);
    for (const name of names) await writeFile(join(files, name), name);
    const { FilesystemSource } = await import('nestjs-iiif');
    const cache = await createImageCache({
      source: new FilesystemSource({ directory: files }),
      resolveFirst: true,
      evictMissing: true,
      variant: { store: filesystemStore({ directory: cacheRoot }) },
    });
    const render = (): Promise<{ body: Buffer; contentType: string }> =>
      Promise.resolve({ body: Buffer.from('picture'), contentType: 'image/webp' });
    for (const identifier of names) await cache.variants.getOrRender({ identifier, operations: 'max' }, render);
    await until(async () => (await entryFiles(cacheRoot)).length === 30);
    expect((await cache.sweep({ steps: ['invalid'] })).steps).toMatchObject([{ examined: 30, removed: 0, failed: 0 }]);
    await rename(files, `${files}-unmounted`);
    await mkdir(files);
    const [empty] = (await cache.sweep({ steps: ['invalid'] })).steps;
    expect(empty).toMatchObject({ removed: 0, stopped: expect.any(String) });
    await rm(files, { recursive: true });
    const [gone] = (await cache.sweep({ steps: ['invalid'] })).steps;
    expect(gone).toMatchObject({ removed: 0, stopped: expect.any(String) });
    expect(await entryFiles(cacheRoot)).toHaveLength(30);
    await rename(`${files}-unmounted`, files);
    for (const name of names.slice(0, 3)) await rm(join(files, name));
    await writeFile(join(files, 'image 5'), 'changed');
    const tried = await cache.sweep({ steps: ['invalid'], dryRun: true });
    expect(tried).toMatchObject({ dryRun: true, steps: [{ removed: 4 }] });
    expect(await entryFiles(cacheRoot)).toHaveLength(30);
    expect((await cache.sweep({ steps: ['invalid'] })).steps).toMatchObject([{ removed: 4, failed: 0 }]);
    await cache.close();
  });
});
