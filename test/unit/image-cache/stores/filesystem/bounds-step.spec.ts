import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { infoKey, type EntryKey } from 'nestjs-image-cache';
import { lutimesSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Layout } from '../../../../../libs/image-cache/src/stores/filesystem/files/layout.js';
import {
  resolveBounds,
  type FilesystemBoundsOptions,
} from '../../../../../libs/image-cache/src/stores/filesystem/space/bounds.js';
import { localDisk } from '../../../../../libs/image-cache/src/stores/filesystem/upkeep/disk.js';
import { makeDirectory, type TestDirectory } from '../../../../support/directories.js';
import { entryFiles } from '../../../../support/filesystem-store.js';
import { variantOf } from '../../../../support/stores.js';
import { directoriesBelow } from '../../../../support/disk-usage.js';
import { portrayTree, sweepHere, type Swept, type SweepSetup } from '../../../../support/sweeps.js';

const MINUTE = 60_000;

const HOUR = 60 * MINUTE;

describe('a sweep that keeps the bounds', () => {
  let directory: TestDirectory;
  let root: string;

  beforeEach(async () => {
    directory = await makeDirectory();
    root = directory.path;
  });

  afterEach(() => directory.remove());

  const fileOf = (key: EntryKey): string => new Layout(root, { depth: 3, nameLength: 2 }).file(key);

  /** Writes an entry that was asked for so long ago. */
  const write = (key: EntryKey, ago: number, bytes = 4096): string => {
    const file = fileOf(key);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.alloc(bytes));
    setAgo(file, ago);
    return file;
  };

  const setAgo = (file: string, ago: number): void => {
    const time = (Date.now() - ago) / 1000;
    lutimesSync(file, time, time);
  };

  /** Writes entries, of which the one with the number 0 was asked for last, each one so much before the one before it. */
  const writeMany = (count: number, apart: number): string[] =>
    Array.from({ length: count }, (_, index) => write(variantOf(`image ${index % 7}`, `${index}`), index * apart));

  const keep = (bounds: FilesystemBoundsOptions, setup: SweepSetup = {}): Swept =>
    sweepHere(root, 'bounds', { bounds: resolveBounds(bounds, ''), ...setup });

  it.each([
    ['days', 24 * HOUR],
    ['an hour', HOUR],
    ['a minute', MINUTE],
    ['2 ms', 2],
  ])('keeps the most recently used, also when they are %s apart', async (_, apart) => {
    const files = writeMany(100, apart);
    const { counts, removed } = keep({ maxEntries: 60 });
    expect(counts).toEqual({ examined: 100, removed: 43, bytes: 43 * 4096, failed: 0 });
    expect((await entryFiles(root)).sort()).toEqual(files.slice(0, 57).sort());
    expect(removed.map(({ key }) => fileOf(key)).sort()).toEqual(files.slice(57).sort());
  });

  it.each([
    ['of years ago', 5 * 365 * 24 * HOUR],
    ['of the future', -HOUR],
  ])('tells entries %s apart', async (_, ago) => {
    const files = Array.from({ length: 10 }, (_each, index) => write(variantOf(`${index}`), ago + index * HOUR));
    expect(keep({ maxEntries: 5 }).counts).toMatchObject({ removed: 6, failed: 0 });
    expect((await entryFiles(root)).sort()).toEqual(files.slice(0, 4).sort());
  });

  it('takes away no more than it takes, by bytes', async () => {
    const files = writeMany(100, MINUTE);
    const { counts } = keep({ maxSize: 50 * 4096 });
    // Down to 95 %: 47 of them, since 48 are more.
    expect(counts).toMatchObject({ removed: 53, bytes: 53 * 4096 });
    expect((await entryFiles(root)).sort()).toEqual(files.slice(0, 47).sort());
  });

  it('takes nothing away below the high watermark', async () => {
    writeMany(98, MINUTE);
    const before = await portrayTree(root);
    expect(keep({ maxEntries: 100, maxSize: 100 * 4096 }).counts).toMatchObject({ examined: 98, removed: 0 });
    expect(await portrayTree(root)).toBe(before);
  });

  it('looks at nothing where there are no bounds', () => {
    writeMany(3, MINUTE);
    expect(sweepHere(root, 'bounds').counts).toEqual({ examined: 0, removed: 0, bytes: 0, failed: 0 });
  });

  it.each(['trash', 'quarantine', 'image', 'info/aa/bb/cc/x.tmp/y.tmp'])(
    'counts what else takes space, in %s',
    async (place) => {
      writeMany(10, MINUTE);
      await mkdir(join(root, place, 'piece'), { recursive: true });
      await writeFile(join(root, place, 'piece', 'file'), Buffer.alloc(20 * 4096));
      expect(keep({ maxSize: 30 * 4096 }).counts).toMatchObject({ examined: 10, removed: 2, failed: 0 });
      expect(statSync(join(root, place, 'piece', 'file')).size).toBe(20 * 4096);
    },
  );

  it('takes infos, pictures and originals away by one order, and directories with the last that is in them', async () => {
    const source: EntryKey = { ...variantOf('b'), kind: 'source' };
    const files = [
      write(variantOf('a', 'young'), 0),
      write(infoKey('b'), HOUR),
      write(variantOf('a', 'old'), 2 * HOUR),
      write(source, 3 * HOUR),
      write(variantOf('b'), 4 * HOUR),
    ];
    expect(keep({ maxEntries: 2 }).counts).toMatchObject({ examined: 5, removed: 4 });
    expect(await entryFiles(root)).toEqual(files.slice(0, 1));
    const [directory = ''] = files.slice(0, 1).map(dirname);
    const trees = ['image', 'info', 'source'].flatMap((tree) => directoriesBelow(join(root, tree)));
    expect(trees.every((each) => `${directory}/`.startsWith(`${each}/`))).toBe(true);
  });

  it.each([
    ['bytes', { minFree: 10 * 4096 }, { bytes: 6 * 4096, inodes: 1e9 }],
    ['inodes', { minFreeInodes: 10 }, { bytes: 1e15, inodes: 6 }],
  ])('leaves %s free on the file system', async (_, bounds, free) => {
    const files = writeMany(10, MINUTE);
    expect(keep(bounds, { disk: { free: () => free } }).counts).toMatchObject({ examined: 10, removed: 4 });
    expect((await entryFiles(root)).sort()).toEqual(files.slice(0, 6).sort());
  });

  describe('spares what was', () => {
    /** Does something to a file when what there is has been counted, and the file is about to be found again. */
    const changing = (file: string, change: (file: string) => void): SweepSetup => {
      let listed = 0;
      const list = (path: string): ReturnType<typeof localDisk.list> => {
        if (path === dirname(file) && (listed += 1) === 2) change(file);
        return localDisk.list(path);
      };
      return { disk: { list } };
    };

    const replace = (file: string): void => {
      writeFileSync(`${file}.new`, 'new');
      renameSync(`${file}.new`, file);
    };

    it.each([
      [
        'asked for',
        (file: string) => {
          setAgo(file, 0);
        },
      ],
      ['rendered anew', replace],
    ])('%s since it was counted', async (_, change) => {
      const files = Array.from({ length: 10 }, (_each, index) => write(variantOf(`${index}`), index * HOUR));
      const oldest = files[9] ?? '';
      expect(keep({ maxEntries: 6 }, changing(oldest, change)).counts).toMatchObject({ failed: 0 });
      expect(await entryFiles(root)).toContain(oldest);
    });

    it.each([
      [
        'asked for',
        (file: string) => {
          setAgo(file, 0);
        },
      ],
      ['rendered anew', replace],
    ])('%s since it was found', async (_, change) => {
      const files = Array.from({ length: 10 }, (_each, index) => write(variantOf(`${index}`), index * 2));
      const oldest = files[9] ?? '';
      let looked = 0;
      const state = (path: string): ReturnType<typeof localDisk.state> => {
        const found = localDisk.state(path);
        if (path === oldest && (looked += 1) === 2) change(path);
        return found;
      };
      expect(keep({ maxEntries: 6 }, { disk: { state } }).counts).toMatchObject({ removed: 5, failed: 0 });
      const left = await entryFiles(root);
      expect(left).toContain(oldest);
      expect(left).not.toContain(files[8]);
    });
  });

  it.each([
    ['hours', HOUR],
    ['moments', 2],
  ])('goes on past what cannot be removed, and takes others instead, where they are %s apart', async (_, apart) => {
    const files = Array.from({ length: 10 }, (_each, index) => write(variantOf(`${index}`), index * apart));
    const stuck = files[8] ?? '';
    const remove = (path: string): void => {
      if (path === stuck) throw Object.assign(new Error('EPERM: not permitted'), { code: 'EPERM' });
      localDisk.remove(path);
    };
    const { counts, incidents } = keep({ maxEntries: 6 }, { disk: { remove } });
    expect(counts).toMatchObject({ examined: 10, failed: 1, failure: 'EPERM: not permitted' });
    expect(incidents).toMatchObject([{ kind: 'leftover', message: expect.stringContaining(basename(stuck)) }]);
    expect(await entryFiles(root)).toHaveLength(10 - counts.removed);
    expect(await entryFiles(root)).toEqual(expect.arrayContaining([stuck, ...files.slice(0, 4)]));
    expect(counts.removed).toBeGreaterThanOrEqual(apart === 2 ? 5 : 4);
  });

  it('puts nothing in order where very many were asked for at about one time, and takes no more of them than it takes', async () => {
    const old = Array.from({ length: 9 }, (_, each) => write(variantOf(`old ${each}`), (9 + each) * HOUR));
    const young = write(variantOf('young'), 0);
    const group = variantOf('image');
    for (let index = 0; index < 20_100; index += 1)
      write({ ...group, id: index.toString(16).padStart(64, '0') }, HOUR, 0);
    const { counts } = keep({ maxEntries: 20_000 });
    expect(counts).toMatchObject({ examined: 20_110, removed: 1110, failed: 0 });
    const left = await entryFiles(root);
    expect(left).toHaveLength(19_000);
    expect(left).toContain(young);
    for (const file of old) expect(left).not.toContain(file);
  });

  it('stops in the middle and tells what it has done', async () => {
    writeMany(40, HOUR);
    const { counts, removed } = keep({ maxEntries: 10 }, { stopAfter: 120 });
    expect(counts).toMatchObject({ stopped: 'aborted', failed: 0 });
    expect(counts.removed).toBeGreaterThan(0);
    expect(counts.removed).toBeLessThan(31);
    expect(removed).toHaveLength(counts.removed);
    expect(await entryFiles(root)).toHaveLength(40 - counts.removed);
  });

  it('only counts in a dry run', async () => {
    writeMany(40, MINUTE);
    const before = await portrayTree(root);
    const tried = keep({ maxEntries: 10 }, { dryRun: true });
    expect(await portrayTree(root)).toBe(before);
    expect(keep({ maxEntries: 10 }).counts).toEqual(tried.counts);
    expect(tried.counts.removed).toBe(31);
  });
});
