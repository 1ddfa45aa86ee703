import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, lutimes, mkdir, readlink, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { infoKey, type Lease, type LeaseSubject } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { Layout } from '../../../../libs/image-cache/src/stores/filesystem/files/layout.js';
import { claimRoot } from '../../../../libs/image-cache/src/stores/filesystem/files/marker.js';
import { FileLeases } from '../../../../libs/image-cache/src/stores/filesystem/leases/file-leases.js';
import { LEASE_TTL } from '../../../../libs/image-cache/src/stores/filesystem/leases/held-lease.js';
import { until } from '../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../support/directories.js';
import { filesIn } from '../../../support/filesystem-store.js';
import { makeReadOnly, release } from '../../../support/mounts.js';
import { variantOf } from '../../../support/stores.js';

const KEY = variantOf('image');

const HOUR = 3_600_000;

const ELSEWHERE = 'feedfeedfeedfeed.7.7.feedfeedfeedfeedfeed';

describe('leases in files', () => {
  let directory: TestDirectory;
  let layout: Layout;
  let clock: FakeClock;

  beforeEach(async () => {
    directory = await makeDirectory();
    layout = new Layout(directory.path, { depth: 3, nameLength: 2 });
    await claimRoot(layout);
    clock = new FakeClock(Date.now());
  });

  afterEach(async () => {
    release(directory.path);
    await directory.remove();
  });

  /** Leases as another process has them. */
  const open = (time = clock): Promise<FileLeases> => FileLeases.open({ layout, clock: time });

  const take = async (leases: FileLeases | Promise<FileLeases>, subject: LeaseSubject = KEY): Promise<Lease> => {
    const lease = await (await leases).take(subject);
    if (lease === undefined) throw new Error('The lease was refused.');
    return lease;
  };

  /** What is left beside the marker of the root. */
  const left = async (): Promise<string[]> =>
    (await filesIn(directory.path)).filter((name) => !['CACHEDIR.TAG', 'image-cache.json'].includes(name));

  const tokenIn = (subject: LeaseSubject = KEY): Promise<string> => readlink(layout.lease(subject));

  /** Puts a lease there that somebody else has made. */
  const plant = async (token: string, subject: LeaseSubject = KEY): Promise<void> => {
    await mkdir(dirname(layout.lease(subject)), { recursive: true });
    await symlink(token, layout.lease(subject));
  };

  const age = async (milliseconds: number, subject: LeaseSubject = KEY): Promise<void> => {
    const then = (Date.now() - milliseconds) / 1000;
    await lutimes(layout.lease(subject), then, then);
  };

  const ageOf = async (subject: LeaseSubject = KEY): Promise<number> =>
    Date.now() - (await lstat(layout.lease(subject))).mtimeMs;

  /** A token as a process of this number on this host makes it. */
  const tokenOf = async (pid: number, started?: string): Promise<string> => {
    const lease = await take(open(), 'sweep');
    const [host, , own, random] = (await tokenIn('sweep')).split('.');
    await lease.release();
    return [host, pid, started ?? own, random].join('.');
  };

  it.each<[string, LeaseSubject]>([
    ['a variant', KEY],
    ['an info', infoKey('image')],
    ['a sweep', 'sweep'],
  ])('of %s are held by one process, and leave nothing when they are given back', async (_, subject) => {
    const [one, other] = [await open(), await open()];
    const lease = await take(one, subject);
    expect(await other.take(subject)).toBeUndefined();
    expect(await one.take(subject)).toBeUndefined();
    await lease.release();
    expect(await left()).toEqual([]);
    await (await take(other, subject)).release();
    expect(await left()).toEqual([]);
    expect(clock.scheduled).toBe(0);
  });

  it('are given back when the store closes', async () => {
    const leases = await open();
    await take(leases, KEY);
    await take(leases, 'sweep');
    await leases.close();
    expect(await left()).toEqual([]);
    expect(clock.scheduled).toBe(0);
  });

  it('are renewed when a third of their time has passed, and not before', async () => {
    const lease = await take(open());
    await age(5000);
    await clock.advance(LEASE_TTL / 3 - 1);
    expect(await ageOf()).toBeGreaterThanOrEqual(5000);
    for (let turn = 0; turn < 3; turn += 1) {
      await age(5000);
      await clock.advance(1);
      await until(async () => (await ageOf()) < 5000 && clock.scheduled === 1);
      await clock.advance(LEASE_TTL / 3 - 1);
    }
    expect(lease.signal.aborted).toBe(false);
    await lease.release();
    expect(await left()).toEqual([]);
  });

  it('stay away when they are given back in the middle of being renewed', async () => {
    for (let turn = 0; turn < 20; turn += 1) {
      const lease = await take(open());
      const passing = clock.advance(LEASE_TTL / 3);
      for (let tick = 0; tick < turn; tick += 1) await Promise.resolve();
      await lease.release();
      await passing;
      await lease.release();
      expect(await left()).toEqual([]);
    }
    expect(clock.scheduled).toBe(0);
  });

  describe('of a process of this host', () => {
    it('are over at once when it has ended', async () => {
      const child = spawn('true');
      await once(child, 'exit');
      await plant(await tokenOf(child.pid ?? 0));
      await (await take(open())).release();
      expect(await left()).toEqual([]);
    });

    it('are over at once when another one has got its number', async () => {
      await plant(await tokenOf(process.pid, '1'));
      await (await take(open())).release();
    });

    it('are over at once when it has ended and its parent takes no note of it', async () => {
      const parent = spawn('bash', ['-c', 'sleep 0 & echo $!; exec sleep 60']);
      try {
        for await (const line of createInterface(parent.stdout)) {
          await plant(await tokenOf(Number(line)));
          break;
        }
        const leases = await open();
        let lease: Lease | undefined;
        await until(async () => (lease = await leases.take(KEY)) !== undefined);
        await lease?.release();
      } finally {
        parent.kill();
      }
    });

    it('are respected while it lives, and over when it has not renewed them for their time', async () => {
      await plant(await tokenOf(process.pid));
      await age(LEASE_TTL / 2);
      expect(await (await open()).take(KEY)).toBeUndefined();
      await age(LEASE_TTL + 2000);
      await (await take(open())).release();
    });
  });

  describe('of a process that cannot be seen from here', () => {
    it.each<[string, number]>([
      ['right', 0],
      ['an hour ahead', HOUR],
      ['an hour behind', -HOUR],
    ])('go by the time of the file system, though the clock is %s', async (_, wrong) => {
      const leases = await open(new FakeClock(Date.now() + wrong));
      await plant(ELSEWHERE);
      expect(await leases.take(KEY)).toBeUndefined();
      await age(LEASE_TTL / 2);
      expect(await leases.take(KEY)).toBeUndefined();
      await age(LEASE_TTL + 2000);
      await (await take(leases)).release();
      expect(await left()).toEqual([]);
    });

    it('go by the time of the file system as it is after a while', async () => {
      const leases = await open();
      await plant(ELSEWHERE);
      expect(await leases.take(KEY)).toBeUndefined();
      // Our clock runs fast: what was measured before is not the difference any more.
      await clock.advance(HOUR);
      expect(await leases.take(KEY)).toBeUndefined();
    });

    it.each(['', 'not ours'])('are respected until they are old, whatever is in them: "%s"', async (content) => {
      await mkdir(dirname(layout.lease(KEY)), { recursive: true });
      await writeFile(layout.lease(KEY), content);
      expect(await (await open()).take(KEY)).toBeUndefined();
      await age(LEASE_TTL + 2000);
      await (await take(open())).release();
      expect(await left()).toEqual([]);
    });
  });

  it('have one new holder when many find them over at once', async () => {
    for (let turn = 0; turn < 20; turn += 1) {
      await plant(ELSEWHERE);
      await age(HOUR);
      const takers = await Promise.all(Array.from({ length: 8 }, () => open()));
      const taken = (await Promise.all(takers.map((leases) => leases.take(KEY)))).filter((each) => each !== undefined);
      expect(taken).toHaveLength(1);
      await clock.advance(LEASE_TTL / 3);
      expect(taken[0]?.signal.aborted).toBe(false);
      await taken[0]?.release();
      expect(await left()).toEqual([]);
    }
  });

  it('are taken though one that was about to take them has crashed', async () => {
    await plant(ELSEWHERE);
    await age(HOUR);
    const crashed = layout.claimTo(layout.lease(KEY), ELSEWHERE);
    await symlink(await tokenOf(process.pid), crashed);
    expect(await (await open()).take(KEY)).toBeUndefined();
    await lutimes(crashed, 0, 0);
    await (await take(open())).release();
    expect(await left()).toEqual([]);
  });

  it('of a sweep come without what crashed processes have left beside them', async () => {
    const lease = await take(open(), 'sweep');
    const names = { old: join(layout.leases, 'old.tmp'), young: join(layout.leases, 'young.tmp') };
    for (const path of Object.values(names)) await writeFile(path, '');
    await lutimes(names.old, 0, 0);
    await lease.release();
    await (await take(open(), 'sweep')).release();
    expect(await left()).toEqual(['leases/young.tmp']);
  });

  it('are not taken from who has them by one who was late to take what was over', async () => {
    const [one, other] = [await open(), await open()];
    for (let turn = 0; turn < 20; turn += 1) {
      await plant(ELSEWHERE);
      await age(HOUR);
      const late = other.take(KEY);
      for (let tick = 0; tick < turn; tick += 1) await new Promise((resolve) => setImmediate(resolve));
      const lease = (await one.take(KEY)) ?? (await late);
      expect(lease).toBeDefined();
      const holders = [lease, await late].filter((each) => each !== undefined);
      expect(new Set(holders).size).toBe(1);
      await lease?.release();
    }
  });

  it('tell their holder that they are lost when another one has taken them, and are left to that one', async () => {
    const [one, other] = [await open(), await open()];
    const lost = await take(one);
    await age(LEASE_TTL + 2000);
    const lease = await take(other);
    expect(lost.signal.aborted).toBe(false);
    await clock.advance(LEASE_TTL / 3);
    await until(() => lost.signal.aborted);
    await lost.release();
    expect(await one.take(KEY)).toBeUndefined();
    expect(lease.signal.aborted).toBe(false);
    await lease.release();
    expect(await left()).toEqual([]);
    await clock.advance(HOUR);
    expect(clock.scheduled).toBe(0);
  });

  it('tell their holder that they are lost when they could not be renewed for their time', async () => {
    const lease = await take(open());
    makeReadOnly(directory.path);
    for (let third = 1; third <= 3; third += 1) {
      await clock.advance(LEASE_TTL / 3);
      await until(() => clock.scheduled === 1);
      expect(lease.signal.aborted).toBe(false);
    }
    await clock.advance(LEASE_TTL / 3);
    await until(() => lease.signal.aborted);
    expect(clock.scheduled).toBe(0);
  });

  it('tell their holder that they are lost when they were evicted with their image', async () => {
    const lost = await take(open());
    await rename(dirname(layout.lease(KEY)), `${directory.path}/trash`);
    const lease = await take(open());
    await clock.advance(LEASE_TTL / 3);
    await until(() => lost.signal.aborted);
    expect(lease.signal.aborted).toBe(false);
    await lost.release();
    expect(await (await open()).take(KEY)).toBeUndefined();
    await lease.release();
  });
});
