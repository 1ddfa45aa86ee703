import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { infoKey, type EntryKey, type Expiry, type Kind } from 'nestjs-image-cache';
import { lutimesSync, renameSync, writeFileSync } from 'node:fs';
import {
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Layout } from '../../../../../libs/image-cache/src/stores/filesystem/files/layout.js';
import { resolveBounds } from '../../../../../libs/image-cache/src/stores/filesystem/space/bounds.js';
import { localDisk } from '../../../../../libs/image-cache/src/stores/filesystem/upkeep/disk.js';
import type { ThreadStep } from '../../../../../libs/image-cache/src/stores/filesystem/upkeep/protocol.js';
import { makeDirectory, type TestDirectory } from '../../../../support/directories.js';
import { entryFiles, filesIn, openFiles, type OpenedStore } from '../../../../support/filesystem-store.js';
import { put, readText, variantOf } from '../../../../support/stores.js';
import { age, DAY, portrayTree, sweepHere } from '../../../../support/sweeps.js';

const NEVER: Expiry = { idle: 0, staleness: 0 };
const of = (expiry: Partial<Record<Kind, Expiry>>): Record<Kind, Expiry> => ({
  info: NEVER,
  variant: NEVER,
  source: NEVER,
  ...expiry,
});
const IDLE = of({ variant: { idle: DAY, staleness: 0 } });
const STALE = of({ variant: { idle: 0, staleness: DAY } });

describe('a sweep of files', () => {
  let directory: TestDirectory;
  let root: string;
  let opened: OpenedStore;

  beforeEach(async () => {
    directory = await makeDirectory();
    root = directory.path;
    opened = await openFiles(root);
  });

  afterEach(async () => {
    await opened.store.close?.();
    await directory.remove();
  });

  const fileOf = (key: EntryKey): string => new Layout(root, { depth: 3, nameLength: 2 }).file(key);

  /** Writes entries that were asked for now, unless they are aged. */
  const write = async (key: EntryKey, body: Buffer | string = 'body', createdAt = Date.now()): Promise<string> => {
    await put(opened.store, key, body, { createdAt, source: { etag: 'a' } });
    return fileOf(key);
  };

  describe('for what has expired', () => {
    it('takes away what nobody has asked for in time, of each kind by its own', async () => {
      for (const name of ['old', 'young']) await write(variantOf(name));
      await age(await write(infoKey('old')));
      await age(fileOf(variantOf('old')));
      const { counts, removed } = sweepHere(root, 'expired', { expiry: IDLE });
      expect(counts).toMatchObject({ examined: 2, removed: 1, failed: 0 });
      expect(removed).toMatchObject([{ key: variantOf('old'), size: counts.bytes }]);
      expect(await opened.store.stat(variantOf('old'))).toBeUndefined();
      expect(await opened.store.usage()).toMatchObject({ entries: 2 });
    });

    it("goes by the time of modification, which is ours, and not by that of access, which is the file system's", async () => {
      const [now, past] = [Date.now() / 1000, (Date.now() - 2 * DAY) / 1000];
      await utimes(await write(variantOf('old')), now, past);
      await utimes(await write(variantOf('young')), past, now);
      const { removed } = sweepHere(root, 'expired', { expiry: IDLE });
      expect(removed.map(({ key }) => key)).toEqual([variantOf('old')]);
      expect(await readText(opened.store, variantOf('young'))).toBe('body');
    });

    it('reads no file where entries are kept for as long as they are asked for', async () => {
      await write(variantOf('image'));
      const use = (): undefined => {
        throw new Error('It was read.');
      };
      expect(sweepHere(root, 'expired', { expiry: IDLE, disk: { use } }).counts).toMatchObject({
        examined: 1,
        failed: 0,
      });
    });

    it('takes away what is too old, however often it was asked for', async () => {
      await write(variantOf('old'), 'body', Date.now() - 2 * DAY);
      await write(variantOf('young'));
      await opened.store.touch([{ key: variantOf('old'), at: Date.now(), hits: 1 }]);
      expect(sweepHere(root, 'expired', { expiry: STALE }).removed).toMatchObject([{ key: variantOf('old') }]);
      expect(await readText(opened.store, variantOf('young'))).toBe('body');
    });

    it('sets aside what it had to read and could not', async () => {
      const file = await write(variantOf('image'));
      await truncate(file, 10);
      const { counts, removed, incidents } = sweepHere(root, 'expired', { expiry: STALE });
      expect(counts).toMatchObject({ removed: 1, bytes: 0 });
      expect(incidents).toMatchObject([{ kind: 'quarantined' }]);
      expect(await readFile(removed[0]?.keptAt ?? '')).toHaveLength(10);
      expect(await entryFiles(root)).toEqual([]);
    });

    it('spares what was asked for since its directory was listed', async () => {
      const file = await write(variantOf('image'));
      await age(file);
      const list = (path: string): ReturnType<typeof localDisk.list> => {
        const children = localDisk.list(path);
        if (path === dirname(file)) lutimesSync(file, Date.now() / 1000, Date.now() / 1000);
        return children;
      };
      expect(sweepHere(root, 'expired', { expiry: IDLE, disk: { list } }).counts).toMatchObject({
        examined: 1,
        removed: 0,
      });
      expect(await readText(opened.store, variantOf('image'))).toBe('body');
    });

    it.each([
      [
        'asked for',
        (file: string) => {
          lutimesSync(file, 1e9, 1e9);
        },
      ],
      [
        'rendered anew',
        (file: string) => {
          writeFileSync(`${file}.new`, localDisk.readText(file) ?? '');
          renameSync(`${file}.new`, file);
        },
      ],
    ])('spares what was %s while it was read', async (_, change) => {
      const file = await write(variantOf('image'), 'body', Date.now() - 2 * DAY);
      const use: typeof localDisk.use = (path, read) => {
        const result = localDisk.use(path, read);
        change(path);
        return result;
      };
      expect(sweepHere(root, 'expired', { expiry: STALE, disk: { use } }).counts).toMatchObject({
        examined: 1,
        removed: 0,
      });
      expect(await lstat(file)).toBeDefined();
    });

    it('counts what has gone by itself neither as removed nor as failed', async () => {
      const file = await write(variantOf('image'));
      const state = (path: string): undefined => {
        if (path === file) localDisk.remove(path);
      };
      expect(sweepHere(root, 'expired', { expiry: IDLE, disk: { state } }).counts).toEqual({
        examined: 1,
        removed: 0,
        bytes: 0,
        failed: 0,
      });
    });

    it('leaves what is not below the trees of entries, and what is no entry', async () => {
      const file = await write(variantOf('image'));
      await writeFile(join(dirname(file), 'README'), 'foreign');
      await mkdir(join(root, 'somewhere'));
      await writeFile(join(root, 'somewhere', basename(file)), 'foreign');
      await symlink(file, join(dirname(file), 'link.jpg'));
      await opened.store.reserve(variantOf('image', 'other'));
      const before = await portrayTree(root);
      const now = Date.now() - DAY;
      expect(sweepHere(root, 'expired', { expiry: IDLE, now }).counts).toMatchObject({ examined: 1, removed: 0 });
      expect(await portrayTree(root)).toBe(before);
    });

    it('goes on past what cannot be dealt with, and tells of it', async () => {
      for (const name of ['a', 'b', 'c']) await age(await write(variantOf(name)));
      const remove = (path: string): void => {
        if (path === fileOf(variantOf('b'))) throw Object.assign(new Error('EPERM: not permitted'), { code: 'EPERM' });
        localDisk.remove(path);
      };
      const { counts, incidents } = sweepHere(root, 'expired', { expiry: IDLE, disk: { remove } });
      expect(counts).toMatchObject({ examined: 3, removed: 2, failed: 1, failure: 'EPERM: not permitted' });
      expect(incidents).toMatchObject([{ kind: 'leftover', message: expect.stringContaining('EPERM') }]);
    });

    it('goes on past a directory that cannot be listed', async () => {
      for (const name of ['a', 'b']) await age(await write(variantOf(name)));
      const list = (path: string): ReturnType<typeof localDisk.list> => {
        if (path === dirname(fileOf(variantOf('b')))) throw Object.assign(new Error('EIO'), { code: 'EIO' });
        return localDisk.list(path);
      };
      expect(sweepHere(root, 'expired', { expiry: IDLE, disk: { list } }).counts).toMatchObject({
        removed: 1,
        failed: 1,
      });
    });

    it('stops in the middle and tells what it has done', async () => {
      for (let index = 0; index < 10; index += 1) await age(await write(variantOf('image', `${index}`)));
      const { counts, removed } = sweepHere(root, 'expired', { expiry: IDLE, stopAfter: 9 });
      expect(counts).toMatchObject({ stopped: 'aborted', failed: 0 });
      expect(counts.removed).toBeGreaterThan(0);
      expect(removed).toHaveLength(counts.removed);
      expect(await entryFiles(root)).toHaveLength(10 - counts.removed);
    });
  });

  describe('for abandoned writes', () => {
    it('looks as deep as a write goes for the last change of it', async () => {
      const write = await opened.store.reserve(infoKey('image'));
      await writeFile(write.file ?? '', 'half');
      await age(join(root, 'info'));
      await utimes(write.file ?? '', new Date(), new Date());
      expect(sweepHere(root, 'abandoned').counts).toMatchObject({ removed: 0 });
      await age(join(root, 'info'));
      expect(sweepHere(root, 'abandoned').counts).toMatchObject({ removed: 1, bytes: 4 });
      expect(await filesIn(join(root, 'info'))).toEqual([]);
      expect(await readdir(join(root, 'trash'))).toEqual([]);
    });

    it('takes drafts of its own files in the root away, and nothing else there', async () => {
      for (const name of ['.image-cache-0abc.tmp', 'notes.tmp', 'lost+found']) await writeFile(join(root, name), 'x');
      await age(root);
      await writeFile(join(root, '.image-cache-young.tmp'), 'x');
      expect(sweepHere(root, 'abandoned').counts).toMatchObject({ removed: 1 });
      expect(await readdir(root)).toEqual(
        expect.arrayContaining(['.image-cache-young.tmp', 'notes.tmp', 'lost+found']),
      );
    });
  });

  it('takes directories away that are empty when those in them have gone', async () => {
    await mkdir(join(root, 'image', 'a', 'b', 'c'), { recursive: true });
    await mkdir(join(root, 'image', 'a', 'd'));
    expect(sweepHere(root, 'detritus').counts).toMatchObject({ removed: 4, failed: 0 });
    expect(await readdir(join(root, 'image'))).toEqual([]);
  });

  it('leaves a directory that somebody has put something into since it was found empty', async () => {
    await mkdir(join(root, 'image', 'a'), { recursive: true });
    const removeDirectory = (path: string): boolean => {
      writeFileSync(join(path, 'new'), '');
      return localDisk.removeDirectory(path);
    };
    expect(sweepHere(root, 'detritus', { disk: { removeDirectory } }).counts).toMatchObject({ removed: 0, failed: 0 });
    expect(await readdir(join(root, 'image', 'a'))).toEqual(['new']);
  });

  describe('for old damaged files', () => {
    const nameAt = (time: number, label: string): string =>
      `${time.toString(36).padStart(9, '0')}${'0'.repeat(20)}-${label}.jpg`;

    const setAside = async (label: string, { time = Date.now(), size = 1 } = {}): Promise<void> => {
      await mkdir(join(root, 'quarantine'), { recursive: true });
      const handle = await open(join(root, 'quarantine', nameAt(time, label)), 'w');
      await handle.truncate(size);
      await handle.close();
    };

    const kept = async (): Promise<string[]> =>
      (await readdir(join(root, 'quarantine'))).map((name) => name.slice(30, -4)).sort();

    it('keeps the latest of them', async () => {
      for (let index = 10; index < 80; index += 1) await setAside(`${index}`, { time: Date.now() - 1000 + index });
      const { counts, emptied } = sweepHere(root, 'quarantine');
      expect(counts).toMatchObject({ examined: 70, removed: 6, bytes: 6 });
      expect(emptied).toHaveLength(6);
      expect(await kept()).toEqual(Array.from({ length: 64 }, (_, index) => `${index + 16}`));
    });

    it('keeps no more bytes than it may, the latest first', async () => {
      const size = 100 * 1024 * 1024;
      for (const index of [1, 2, 3]) await setAside(`${index}`, { time: Date.now() - 10 + index, size });
      expect(sweepHere(root, 'quarantine').counts).toMatchObject({ removed: 1, bytes: size });
      expect(await kept()).toEqual(['2', '3']);
    });

    it('keeps them for so long, by the time when they were set aside', async () => {
      await setAside('old', { time: Date.now() - 31 * DAY });
      await setAside('young', { time: Date.now() - 29 * DAY });
      await age(join(root, 'quarantine'), 100);
      expect(sweepHere(root, 'quarantine').counts).toMatchObject({ removed: 1 });
      expect(await kept()).toEqual(['young']);
    });

    it('goes by their change where a name does not tell, and takes directories along', async () => {
      await mkdir(join(root, 'quarantine', 'strange', 'one'), { recursive: true });
      await writeFile(join(root, 'quarantine', 'young'), 'x');
      await age(join(root, 'quarantine', 'strange'), 31);
      expect(sweepHere(root, 'quarantine').counts).toMatchObject({ removed: 1, failed: 0 });
      expect(await readdir(join(root, 'quarantine'))).toEqual(['young']);
    });
  });

  describe('for trash', () => {
    it('gives space back, and counts entries, not parts of writes', async () => {
      await write(variantOf('image'), Buffer.alloc(1000));
      await opened.store.reserve(variantOf('image'));
      await mkdir(join(root, 'trash'));
      await rename(join(root, 'image'), join(root, 'trash', 'piece'));
      const { counts, emptied } = sweepHere(root, 'trash');
      expect(counts).toMatchObject({ removed: 1, failed: 0 });
      expect(counts.bytes).toBeGreaterThan(1000);
      expect(emptied).toEqual([join(root, 'trash', 'piece')]);
      expect(await readdir(join(root, 'trash'))).toEqual([]);
    });

    it('leaves what the process is about to remove itself', async () => {
      const [early, mine, late] = ['0early', '0mine', '0zlate'].map((name) => name.padEnd(9, '0') + '0'.repeat(20));
      await mkdir(join(root, 'trash'));
      for (const name of [early, mine, late]) await writeFile(join(root, 'trash', name ?? ''), 'x');
      const trash = { names: [mine ?? ''], from: '0z' };
      expect(sweepHere(root, 'trash', { trash }).counts).toMatchObject({ removed: 1 });
      expect(await readdir(join(root, 'trash'))).toEqual([mine, late]);
    });
  });

  describe('that verifies', () => {
    const damage = async (file: string): Promise<void> => {
      const bytes = await readFile(file);
      bytes.writeUInt8(bytes.readUInt8(2) ^ 1, 2);
      await writeFile(file, bytes);
    };

    it.each([
      ['a bit of a body', variantOf('image'), damage],
      ['a bit of an info', infoKey('image'), damage],
      ['the length of a variant', variantOf('image'), (file: string) => truncate(file, 700_000)],
      ['all of a variant', variantOf('image'), (file: string) => writeFile(file, Buffer.alloc(700_000))],
    ])('sets aside what nobody has read, where %s has changed', async (_, key, change) => {
      const file = await write(key, key.kind === 'info' ? '{"width":1}' : Buffer.alloc(700_000, 'picture'));
      const sound = await write(variantOf('other image'));
      await change(file);
      await age(file);
      await age(sound);
      const { counts, removed, incidents } = sweepHere(root, 'scrub');
      expect(counts).toMatchObject({ examined: 2, removed: 1, failed: 0 });
      expect(removed).toMatchObject([{ key, keptAt: expect.stringContaining(`-${key.group}-${key.id}.`) }]);
      expect(incidents).toMatchObject([{ kind: 'quarantined' }]);
      expect(await entryFiles(root)).toEqual([sound]);
    });

    it('leaves what was read a short time ago to those who read it', async () => {
      await damage(await write(variantOf('image')));
      expect(sweepHere(root, 'scrub').counts).toMatchObject({ examined: 0, removed: 0 });
    });

    it('spares what was rendered anew while it was read', async () => {
      const file = await write(variantOf('image'));
      await damage(file);
      await age(file);
      const use: typeof localDisk.use = (path, read) => {
        const result = localDisk.use(path, read);
        writeFileSync(`${path}.new`, 'new');
        renameSync(`${path}.new`, path);
        return result;
      };
      expect(sweepHere(root, 'scrub', { disk: { use } }).counts).toMatchObject({ examined: 1, removed: 0 });
      expect(await readFile(file, 'utf8')).toBe('new');
    });

    it('keeps what it sets aside within its bounds, however much that is', async () => {
      for (let index = 0; index < 80; index += 1) {
        const file = await write(variantOf('image', `${index}`));
        await damage(file);
        await age(file);
      }
      expect(sweepHere(root, 'scrub').counts).toMatchObject({ failed: 0 });
      expect(await readdir(join(root, 'quarantine'))).toHaveLength(64);
    });

    it('goes on where it has stopped, and begins anew when it is through', async () => {
      const keys = [
        infoKey('a'),
        ...Array.from({ length: 9 }, (_, index) => variantOf(`image ${index % 4}`, `${index}`)),
      ];
      for (const key of keys) await age(await write(key, key.kind === 'info' ? '{}' : Buffer.alloc(1000)));
      const shifts: number[] = [];
      for (let shift = 0; shift < 6; shift += 1)
        shifts.push(sweepHere(root, 'scrub', { budget: 2500 }).counts.examined);
      // Each reads the entry with which its budget ends; the info has no thousand bytes. One finds that all is read.
      expect(shifts).toEqual([4, 3, 3, 0, 4, 3]);
      expect(await readdir(root)).toContain('scrub.json');
      sweepHere(root, 'scrub');
      expect(await readdir(root)).not.toContain('scrub.json');
    });

    it('goes on behind what it has read when it was told to stop', async () => {
      for (let index = 0; index < 20; index += 1) await age(await write(variantOf('image', `${index}`)));
      const first = sweepHere(root, 'scrub', { stopAfter: 40 }).counts;
      expect(first.stopped).toBe('aborted');
      const second = sweepHere(root, 'scrub').counts;
      // What was being read when it stopped is read again.
      expect(first.examined + second.examined).toBeGreaterThanOrEqual(20);
      expect(first.examined + second.examined).toBeLessThanOrEqual(21);
      expect(second.examined).toBeLessThan(20);
    });

    it.each(['', 'no JSON', 'null', '[1]', '{"after":1}', '{"after":"zzz"}', '{"after":"variant/x"'])(
      'reads everything in this shift or the next when its note of how far it has come is %j',
      async (text) => {
        await age(await write(variantOf('image')));
        await writeFile(join(root, 'scrub.json'), text);
        const shifts = [sweepHere(root, 'scrub').counts, sweepHere(root, 'scrub').counts];
        expect(shifts.reduce((sum, { examined }) => sum + examined, 0)).toBeGreaterThanOrEqual(1);
        expect(shifts.reduce((sum, { failed }) => sum + failed, 0)).toBe(0);
      },
    );
  });

  describe('for images', () => {
    it('tells what entries there are of each, and what they were made from', async () => {
      for (const key of [variantOf('a', '1'), variantOf('a', '2'), infoKey('a'), variantOf('b')]) {
        await put(opened.store, key, '{}', { identifier: key.group, source: { etag: key.id } });
      }
      await put(opened.store, variantOf('c'), 'body', { identifier: 'no stamp' });
      const { images, counts } = sweepHere(root, 'images');
      expect(counts).toMatchObject({ examined: 5, removed: 0 });
      const told = images.map(({ identifier, entries }) => `${identifier} ${entries.length}`);
      const [a, b] = [variantOf('a').group, variantOf('b').group];
      const expected = [`${a} 1`, `${a} 2`, `${b} 1`, 'no stamp 1'];
      expect(told.toSorted()).toEqual(expected.toSorted());
      for (const { entries, bytes, identifier } of images) {
        expect(bytes).toBeGreaterThan(entries.length);
        for (const { key, source } of entries)
          expect(source).toEqual(identifier === 'no stamp' ? undefined : { etag: key.id });
      }
    });

    it('sets aside what it cannot read', async () => {
      await truncate(await write(variantOf('a')), 5);
      const { images, counts, incidents } = sweepHere(root, 'images');
      expect([images, counts.removed, incidents.length]).toEqual([[], 1, 1]);
    });
  });

  describe('in a dry run', () => {
    const STEPS: readonly ThreadStep[] = [
      'expired',
      'abandoned',
      'detritus',
      'quarantine',
      'trash',
      'bounds',
      'scrub',
      'images',
    ];

    /** A cache with something for every step. */
    const litter = async (): Promise<void> => {
      for (const name of ['idle', 'damaged', 'other damaged']) await write(variantOf(name));
      await write(variantOf('stale'), 'body', Date.now() - 10 * DAY);
      await write(infoKey('damaged'), '{}');
      for (const key of [variantOf('damaged'), variantOf('other damaged'), infoKey('damaged')]) {
        const file = fileOf(key);
        await writeFile(file, (await readFile(file)).fill('x', 5, 6));
      }
      for (const key of [variantOf('idle'), infoKey('a')])
        await writeFile((await opened.store.reserve(key)).file ?? '', 'half');
      await mkdir(join(root, 'image', 'a', 'b'), { recursive: true });
      await mkdir(join(dirname(fileOf(variantOf('idle'))), 'foreign directory'));
      await writeFile(join(dirname(fileOf(variantOf('idle'))), 'foreign directory', 'foreign'), 'foreign');
      await writeFile(join(root, 'image', 'a', 'b', 'foreign'), 'foreign');
      await symlink('/etc/passwd', join(root, 'info', 'link'));
      await writeFile(join(root, '.image-cache-0.tmp'), 'draft');
      await mkdir(join(root, 'quarantine', 'directory'), { recursive: true });
      await writeFile(join(root, 'quarantine', 'old'), 'damaged');
      await mkdir(join(root, 'trash', 'piece', 'x.tmp'), { recursive: true });
      for (const name of ['one', 'x.tmp/two']) await writeFile(join(root, 'trash', 'piece', name), 'x');
      await rm(join(root, 'info', 'link'), { force: true });
      await age(root, 40);
      await symlink('/etc/passwd', join(root, 'info', 'link'));
    };

    it.each(STEPS)('changes nothing and counts what the step "%s" then takes away', async (step) => {
      await litter();
      const expiry = of({ variant: { idle: 50 * DAY, staleness: DAY }, info: { idle: DAY, staleness: 0 } });
      const bounds = resolveBounds({ maxEntries: 3 }, '');
      const before = await portrayTree(root);
      const tried = sweepHere(root, step, { dryRun: true, expiry, bounds });
      expect(await portrayTree(root)).toBe(before);
      expect(tried.counts.removed).toBeGreaterThan(0);
      expect([tried.incidents, tried.removed, tried.emptied]).toEqual([[], [], []]);
      const done = sweepHere(root, step, { expiry, bounds });
      expect(done.counts).toEqual(tried.counts);
      expect(await portrayTree(root)).not.toBe(before);
    });
  });
});
