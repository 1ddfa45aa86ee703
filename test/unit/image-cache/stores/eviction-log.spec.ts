import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Eviction, StoreIncident } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { appendFile, mkdir, readFile, rename, rm, rmdir, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Generations } from '../../../../libs/image-cache/src/common/generations.js';
import { AppendedFile } from '../../../../libs/image-cache/src/stores/filesystem/eviction/appended-file.js';
import {
  EvictionLog,
  type EvictionFile,
} from '../../../../libs/image-cache/src/stores/filesystem/eviction/eviction-log.js';
import { ReplacedFile } from '../../../../libs/image-cache/src/stores/filesystem/eviction/replaced-file.js';
import { Trash } from '../../../../libs/image-cache/src/stores/filesystem/eviction/trash.js';
import { deferred, until } from '../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';
import { openDescriptors } from '../../../support/filesystem-store.js';
import { variantOf } from '../../../support/stores.js';

const IMAGE: Eviction = { group: variantOf('image').group };

const EVERYTHING: Eviction = {};

const EVICTIONS: readonly Eviction[] = [
  { key: variantOf('image') },
  IMAGE,
  { kind: 'info' },
  { kind: 'variant' },
  { kind: 'source' },
  EVERYTHING,
];

/** A log, and all that it has told. */
interface Opened {
  readonly log: EvictionLog;
  readonly told: Eviction[];
  readonly incidents: StoreIncident[];
  readonly generations: Generations;
}

describe('the log of evictions', () => {
  let clock: FakeClock;
  let directory: TestDirectory;
  let path: string;
  let logs: EvictionLog[];

  beforeEach(async () => {
    clock = new FakeClock();
    directory = await makeDirectory();
    path = join(directory.path, 'evictions.log');
    logs = [];
  });

  afterEach(async () => {
    for (const log of logs) await log.close();
    await directory.remove();
  });

  const claim = async (): Promise<void> => {
    await mkdir(directory.path, { recursive: true });
  };

  const appended = (): EvictionFile => new AppendedFile({ path, claim });

  const replaced = (): EvictionFile => {
    const trash = new Trash(join(directory.path, 'trash'), () => undefined);
    return new ReplacedFile({ path, claim, trash });
  };

  const open = async (file: EvictionFile, listen = true): Promise<Opened> => {
    const incidents: StoreIncident[] = [];
    const told: Eviction[] = [];
    const generations = new Generations();
    const log = new EvictionLog({ clock, generations, report: (incident) => incidents.push(incident) });
    if (listen) log.subscribe((eviction) => told.push(eviction));
    await log.open(file);
    logs.push(log);
    return { log, told, incidents, generations };
  };

  describe.each([
    ['on a disk', appended, (eviction: Eviction): Eviction => eviction, 100],
    ['on a share', replaced, (): Eviction => EVERYTHING, 1000],
  ])('%s', (_, file, toldAs, interval) => {
    it('tells others of what was evicted, in the order in which it was, and not the one who has evicted it', async () => {
      const [one, other] = [await open(file()), await open(file())];
      await one.log.publish(IMAGE);
      await other.log.poll();
      other.told.length = 0;
      for (const eviction of EVICTIONS) {
        await one.log.publish(eviction);
        await other.log.poll();
      }
      expect(other.told).toEqual(EVICTIONS.map(toldAs));
      await one.log.poll();
      expect(one.told).toEqual([]);
      expect(other.incidents).toEqual([]);
    });

    it('tells everybody else when several evict at the same time', async () => {
      const opened = await Promise.all(Array.from({ length: 4 }, () => open(file())));
      await Promise.all(opened.map(({ log }) => log.publish(IMAGE)));
      for (const { log, told } of opened) {
        await log.poll();
        expect(told.length).toBeGreaterThan(0);
      }
    });

    it('ends the generations before it tells anybody, of that image or of all', async () => {
      const [one, other] = [await open(file()), await open(file())];
      const before = other.generations.of(variantOf('image').group);
      const seen: string[] = [];
      other.log.subscribe(() => seen.push(other.generations.of(variantOf('image').group)));
      await one.log.publish(IMAGE);
      await other.log.poll();
      expect(seen).toEqual([other.generations.of(variantOf('image').group)]);
      expect(seen).not.toEqual([before]);
    });

    it('looks by itself while somebody listens, and not when nobody does', async () => {
      const [one, other] = [await open(file()), await open(file(), false)];
      await one.log.publish(IMAGE);
      await clock.advance(10 * interval);
      const told: Eviction[] = [];
      const stop = other.log.subscribe((eviction) => told.push(eviction));
      await clock.advance(interval - 1);
      expect(told).toEqual([]);
      await clock.advance(1);
      await until(() => told.length === 1);
      stop();
      await one.log.publish(IMAGE);
      await clock.advance(10 * interval);
      expect(told).toHaveLength(1);
    });

    it('tells nothing of what was evicted before it was opened, or when nothing was', async () => {
      const one = await open(file());
      await one.log.publish(IMAGE);
      const other = await open(file());
      for (let look = 0; look < 3; look += 1) await other.log.poll();
      expect(other.told).toEqual([]);
    });

    it('finds what was published before it was asked, however many ask at a time', async () => {
      const [one, other] = [await open(file()), await open(file())];
      await one.log.publish(EVERYTHING);
      await other.log.poll();
      for (let round = 0; round < 20; round += 1) {
        const early = other.log.poll();
        const before = other.told.length;
        await one.log.publish(EVERYTHING);
        await Promise.all(Array.from({ length: 10 }, () => other.log.poll()));
        // On a share, an early look may come between the old file and the new one.
        expect(other.told.length).toBeGreaterThan(before);
        await early;
      }
    });

    it('tells of evictions after the root was taken away', async () => {
      const [one, other] = [await open(file()), await open(file())];
      await one.log.publish(IMAGE);
      await other.log.poll();
      await rm(directory.path, { recursive: true });
      await other.log.poll();
      expect(other.told.at(-1)).toEqual(EVERYTHING);
      const { length } = other.told;
      await one.log.publish(IMAGE);
      await other.log.poll();
      expect(other.told.length).toBeGreaterThan(length);
    });

    it('gives everything back when it is closed, and looks no more', async () => {
      const before = await openDescriptors(directory.path);
      const [one, other] = [await open(file()), await open(file())];
      await one.log.publish(IMAGE);
      await other.log.poll();
      await other.log.close();
      await one.log.close();
      expect(await openDescriptors(directory.path)).toBe(before);
      other.told.length = 0;
      await one.log.publish(IMAGE);
      await clock.advance(10 * interval);
      await other.log.poll();
      expect(other.told).toEqual([]);
    });

    it('does not let what is in memory be trusted while it cannot be looked at, tells of that once, and recovers', async () => {
      const [one, other] = [await open(file()), await open(file())];
      await one.log.publish(IMAGE);
      await clock.advance(interval);
      await until(() => other.told.length === 1);
      await rename(path, `${path}.away`);
      await mkdir(path);
      await expect(other.log.poll()).rejects.toMatchObject({ message: `${path} is no file.` });
      for (let look = 1; look <= 3; look += 1) {
        await clock.advance(interval);
        await until(() => other.told.length === 1 + look);
      }
      expect(other.told.slice(1)).toEqual([EVERYTHING, EVERYTHING, EVERYTHING]);
      expect(other.incidents).toMatchObject([{ kind: 'unreadable', message: expect.stringContaining(path) }]);
      await rmdir(path);
      await rename(`${path}.away`, path);
      await clock.advance(interval);
      await one.log.publish(IMAGE);
      await other.log.poll();
      expect(other.told.length).toBeGreaterThan(4);
      expect(other.incidents).toHaveLength(1);
    });
  });

  describe('on a disk', () => {
    let one: Opened;
    let other: Opened;

    beforeEach(async () => {
      [one, other] = [await open(appended()), await open(appended())];
      await one.log.publish(IMAGE);
      await other.log.poll();
      other.told.length = 0;
    });

    it('leaves a line that is being written until it is whole', async () => {
      const line = `${JSON.stringify({ by: 'somebody', count: 1, ...IMAGE })}\n`;
      for (const part of [line.slice(0, 20), line.slice(20, -1)]) {
        await appendFile(path, part);
        await other.log.poll();
        expect(other.told).toEqual([]);
      }
      await appendFile(path, '\n');
      await other.log.poll();
      expect(other.told).toEqual([IMAGE]);
    });

    it('takes a line that somebody has left half written for anything, together with the one that runs into it', async () => {
      await appendFile(path, '{"by":"killed","cou');
      await one.log.publish(IMAGE);
      await one.log.publish({ kind: 'info' });
      await other.log.poll();
      expect(other.told).toEqual([EVERYTHING, { kind: 'info' }]);
    });

    it.each([
      ['is replaced', () => writeFile(`${path}.new`, '').then(() => rename(`${path}.new`, path))],
      ['is taken away', () => rm(path)],
      ['is truncated', () => truncate(path)],
      ['is longer than anybody writes', () => truncate(path, 100_000_000)],
    ])('tells that anything may have been evicted when it %s, and goes on from there', async (_, change) => {
      await change();
      await other.log.poll();
      expect(other.told).toEqual([EVERYTHING]);
      await one.log.publish(IMAGE);
      await other.log.poll();
      await one.log.publish({ kind: 'info' });
      await other.log.poll();
      expect(other.told.at(-1)).toEqual({ kind: 'info' });
    });

    it('is begun anew when it is long, also by several at once, and nothing is missed by that', async () => {
      const line = `${JSON.stringify({ by: 'somebody', count: 1, ...IMAGE })}\n`;
      await appendFile(path, line.repeat(Math.floor((1024 * 1024 - 50_000) / line.length)));
      await Promise.all([one.log.poll(), other.log.poll()]);
      let begun = 0;
      for (let round = 0; round < 20; round += 1) {
        other.told.length = 0;
        const pairs = Array.from({ length: 40 }, () => [one.log.publish(IMAGE), other.log.publish(IMAGE)]);
        await Promise.all(pairs.flat());
        await other.log.poll();
        const isBegunAnew = other.told.some((eviction) => Object.keys(eviction).length === 0);
        if (isBegunAnew) begun += 1;
        else expect(other.told).toHaveLength(40);
      }
      expect(begun).toBe(1);
      expect((await stat(path)).size).toBeLessThan(500_000);
    });

    it('fails to publish when something else is in its place', async () => {
      await rm(path);
      await mkdir(path);
      await expect(one.log.publish(IMAGE)).rejects.toMatchObject({ code: 'EISDIR' });
    });

    it('does not write into a file that others have given up', async () => {
      const late = appended();
      await late.append('{"by":"late","count":1}\n');
      await rm(path);
      await late.append('{"by":"late","count":2}\n');
      expect(await readFile(path, 'utf8')).toBe('{"by":"late","count":2}\n');
    });

    it('follows no link', async () => {
      await rename(path, `${path}.old`);
      await symlink(`${path}.old`, path);
      await expect(one.log.publish(IMAGE)).rejects.toMatchObject({ code: 'ELOOP' });
      await expect(other.log.poll()).rejects.toMatchObject({ message: `${path} is no file.` });
      expect((await readFile(`${path}.old`, 'utf8')).split('\n')).toHaveLength(2);
    });

    it('tells nobody of what a look has found twice', async () => {
      await one.log.publish(IMAGE);
      await Promise.all([other.log.poll(), other.log.poll(), clock.advance(100)]);
      await clock.advance(1000);
      expect(other.told).toEqual([IMAGE]);
    });
  });

  it('tells those who have a root on a share of what is evicted by those who have it on a disk, and the other way round', async () => {
    const [disk, share] = [await open(appended()), await open(replaced())];
    for (let round = 0; round < 5; round += 1) {
      const before = { disk: disk.told.length, share: share.told.length };
      await disk.log.publish(IMAGE);
      await share.log.poll();
      expect(share.told.length).toBeGreaterThan(before.share);
      await share.log.publish(IMAGE);
      await disk.log.poll();
      expect(disk.told.length).toBeGreaterThan(before.disk);
    }
  });

  it('notices on a share what somebody has evicted just before it evicts something itself', async () => {
    const [one, other] = [await open(replaced()), await open(replaced())];
    await one.log.publish(IMAGE);
    await other.log.publish(IMAGE);
    await other.log.poll();
    expect(other.told).toEqual([EVERYTHING]);
  });

  it('does not let what is in memory be trusted when a share has not answered for some looks', async () => {
    const answer = deferred<readonly string[]>();
    let looks = 0;
    const file: EvictionFile = {
      path,
      interval: 1000,
      look: () => ((looks += 1) === 1 ? [] : answer.promise),
      append: () => Promise.resolve(),
      close: () => undefined,
    };
    const { told, incidents } = await open(file);
    for (let second = 0; second < 5; second += 1) await clock.advance(1000);
    expect(told).toEqual([]);
    await clock.advance(1000);
    await clock.advance(1000);
    expect(told).toEqual([EVERYTHING, EVERYTHING]);
    expect(incidents).toMatchObject([{ kind: 'unreadable', message: expect.stringContaining('no answer') }]);
    answer.resolve([]);
    await clock.advance(1000);
    await clock.advance(1000);
    expect(told).toHaveLength(2);
    expect(looks).toBe(4);
  });

  it('cannot be published to before it was opened', async () => {
    const log = new EvictionLog({ clock, generations: new Generations(), report: () => undefined });
    await expect(log.publish(IMAGE)).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_CLOSED' });
  });
});
