import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { infoKey, type CacheStore, type EntryKey } from 'nestjs-image-cache';
import { eventually } from '../support/async.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { drain } from '../support/drain.js';
import { entryFiles, isLeftBehind, openFiles, type OpenedStore } from '../support/filesystem-store.js';
import { seededBytes } from '../support/random.js';
import { put, readText, variantOf } from '../support/stores.js';

const META = { identifier: 'image', contentType: 'image/jpeg', createdAt: 0 };

const BODY = seededBytes(700_000);

/** What somebody removes, of a root and of the file of an entry in it. */
const REMOVED: readonly (readonly [string, (root: string, file: string) => string])[] = [
  ['directory of the image', (_, file) => dirname(file)],
  ['directories above it', (_, file) => dirname(dirname(dirname(file)))],
  ['tree', (root) => join(root, 'image')],
  ['root', (root) => root],
];

/** Commits of bodies that come in different ways; `remove` is called while they are written. */
const COMMITS: readonly (readonly [
  string,
  (store: CacheStore, key: EntryKey, remove: () => Promise<void>) => unknown,
])[] = [
  [
    'at once',
    async (store, key, remove) => {
      const reservation = await store.reserve(key);
      await remove();
      return reservation.commit({ body: BODY }, META);
    },
  ],
  [
    'from a stream',
    async (store, key, remove) => {
      async function* parts(): AsyncGenerator<Buffer> {
        yield BODY.subarray(0, 300_000);
        await remove();
        yield BODY.subarray(300_000);
      }
      return (await store.reserve(key)).commit({ body: Readable.from(parts(), { objectMode: false }) }, META);
    },
  ],
  [
    'as a file',
    async (store, key, remove) => {
      const reservation = await store.reserve(key);
      await writeFile(reservation.file ?? '', BODY);
      await remove();
      return reservation.commit({ file: true }, META);
    },
  ],
];

describe.each([
  ['with an index', { maxEntries: 1000 }],
  ['without an index', {}],
])('directories of a filesystem store %s that are removed', (_, options) => {
  let directory: TestDirectory;
  let opened: OpenedStore;
  let root: string;
  const key = variantOf('image');

  beforeEach(async () => {
    directory = await makeDirectory();
    root = join(directory.path, 'cache');
    opened = await openFiles(root, options);
    await put(opened.store, key, BODY);
    await put(opened.store, infoKey('image'), '{}');
  });

  afterEach(async () => {
    await opened.store.close?.();
    await directory.remove();
  });

  const remover = async (path: (typeof REMOVED)[number][1]): Promise<() => Promise<void>> => {
    const file = (await entryFiles(root)).find((each) => each.endsWith('.jpg')) ?? '';
    // Where others go on writing, not all of it can be removed.
    return () => rm(path(root, file), { recursive: true, force: true }).catch(() => undefined);
  };

  /** All works as before, and the index counts what there is. */
  const expectWell = async (): Promise<void> => {
    const { store, incidents } = opened;
    await put(store, key, 'new');
    await put(store, variantOf('another'), 'new');
    expect(await readText(store, key)).toBe('new');
    const names = await readdir(root, { recursive: true });
    expect(names.filter(isLeftBehind)).toEqual([]);
    await store.ping?.();
    await store.maintain?.('reconcile', { stall: 0 });
    await eventually(async () => {
      let [entries, bytes] = [0, 0];
      for await (const { meta } of store.entries()) {
        entries += 1;
        bytes += meta.size;
      }
      expect(await store.usage()).toEqual({ entries, bytes });
    });
    expect(incidents).toEqual([]);
  };

  describe.each(REMOVED)('(the %s)', (__, path) => {
    it.each(COMMITS)('let nothing be published while an entry is written %s', async (___, commit) => {
      const remove = await remover(path);
      expect(await commit(opened.store, key, remove)).toBe('fenced');
      expect(await opened.store.read(key)).toBeUndefined();
      await expectWell();
    });

    it('let an entry be read to its end', async () => {
      const entry = await opened.store.read(key);
      await (
        await remover(path)
      )();
      expect((await drain(entry)).bytes.equals(BODY)).toBe(true);
      expect(await opened.store.read(key)).toBeUndefined();
      expect(await opened.store.stat(key)).toBeUndefined();
      await expectWell();
    });

    it('let accesses be written, and entries be evicted', async () => {
      await (
        await remover(path)
      )();
      await opened.store.touch([{ key, at: Date.now() + 1000, hits: 1 }]);
      expect(await opened.store.delete(key)).toMatchObject({ variants: 0 });
      expect(await opened.store.deleteGroup(key.group)).toMatchObject({ variants: 0 });
      await expectWell();
    });

    it('let a listing and a sweep come to their end', async () => {
      for (let index = 0; index < 200; index += 1) await put(opened.store, variantOf(`${index}`), 'body');
      const remove = await remover(path);
      let listed = 0;
      for await (const entry of opened.store.entries()) {
        listed += 1;
        expect(entry.meta.size).toBeGreaterThan(0);
        if (listed === 3) await remove();
      }
      const steps = [
        'expired',
        'abandoned',
        'detritus',
        'quarantine',
        'trash',
        'reconcile',
        'bounds',
        'scrub',
      ] as const;
      for (const step of steps) {
        await put(opened.store, key, BODY);
        const [report] = await Promise.all([opened.store.maintain?.(step, { stall: 0 }), remove()]);
        expect(report).toMatchObject({ step, failed: 0 });
      }
      await expectWell();
    });

    it('let entries be written again and again meanwhile', async () => {
      const remove = await remover(path);
      for (let turn = 0; turn < 20; turn += 1) {
        const [written] = await Promise.all([put(opened.store, key, `turn ${turn}`), remove()]);
        const text = await readText(opened.store, key);
        expect([`turn ${turn}`, undefined]).toContain(text);
        if (written === 'fenced') expect(text).toBeUndefined();
      }
      await expectWell();
    });
  });
});
