import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFile, mkdir, readdir, readFile, rmdir, stat, statfs, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DiskReserve } from '../../libs/image-cache/src/prefetch/queue/disk-reserve.js';
import { encodeOperation } from '../../libs/image-cache/src/prefetch/queue/queue-operation.js';
import { runChild, type Child } from '../support/child-process.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { MAY_MOUNT, makeReadOnly, mountSmall, release } from '../support/mounts.js';
import { openDescriptors } from '../support/open-descriptors.js';
import { openQueue } from '../support/prefetch-queues.js';

const SCRIPT = 'faults/scenarios/prefetching-process.ts';

/** Variants, in jobs of this many. */
const [JOBS, EACH] = [10, 100];

describe('the queue of a prefetcher in files', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(async () => {
    if (MAY_MOUNT) release(directory.path);
    await directory.remove();
  });

  const start = async (concurrency = 1): Promise<Child> => {
    const child = runChild(SCRIPT, [directory.path, `${concurrency}`]);
    expect(await child.next()).toEqual({ ready: true });
    return child;
  };

  const tell = (child: Child, order: object): void => {
    child.tell(JSON.stringify(order));
  };

  const logOf = async (path = directory.path): Promise<string> =>
    join(path, (await readdir(path)).find((name) => name.endsWith('.log')) ?? '');

  const fill = async (child: Child): Promise<void> => {
    const queue = Array.from({ length: JOBS }, (_, index) => `image ${index}`);
    const variants = Array.from({ length: EACH }, (_, index) => `jpg:${index}`);
    tell(child, { queue, variants });
    expect(await child.next()).toMatchObject({ status: { queued: JOBS } });
  };

  const rendersOf = (lines: readonly unknown[]): string[] =>
    lines.flatMap((line) =>
      (line as { renders?: string }).renders === undefined ? [] : [(line as { renders: string }).renders],
    );

  const imageOf = (render = ''): string => render.split('/')[0] ?? '';

  it('has every variant rendered once when the process is killed in the middle, but for what was under way', async () => {
    const renders: string[] = [];
    const first = await start();
    await fill(first);
    tell(first, { run: true });
    while (renders.length < 350) renders.push(...rendersOf([await first.next()]));
    first.process.kill('SIGKILL');
    renders.push(...rendersOf(await first.end()));
    expect(renders.length).toBeLessThan(JOBS * EACH);
    const second = await start();
    tell(second, { run: true });
    tell(second, { end: true });
    const lines = await second.end();
    // What was under way was the first, and is again.
    expect(imageOf(rendersOf(lines)[0])).toBe(imageOf(renders.at(-1)));
    renders.push(...rendersOf(lines));
    expect(lines.at(-1)).toMatchObject({ report: { failed: 0, dead: 0, retried: 0, aborted: false } });
    expect(new Set(renders).size).toBe(JOBS * EACH);
    // One variant at a time.
    expect(renders.length - JOBS * EACH).toBeLessThanOrEqual(1);
  }, 60_000);

  it('is worked off by two processes together, each job by one of them', async () => {
    const [one, other] = [await start(2), await start(2)];
    await fill(one);
    for (const child of [one, other]) {
      tell(child, { run: true });
      tell(child, { end: true });
    }
    const lines = [...(await one.end()), ...(await other.end())];
    const renders = rendersOf(lines);
    expect([renders.length, new Set(renders).size]).toEqual([JOBS * EACH, JOBS * EACH]);
    const reports = lines.flatMap((line) => (line as { report?: { completed: number } }).report?.completed ?? []);
    expect(reports.reduce((sum, each) => sum + each, 0)).toBe(JOBS);
  }, 60_000);

  it('takes a log over that a write has left torn, at whatever byte', async () => {
    const { queue } = await openQueue(directory.path, 'writer');
    await queue.add({ identifier: 'a', priority: 0 });
    const file = await logOf();
    const whole = await readFile(file);
    await queue.add({ identifier: 'b', priority: 0 });
    await queue.close();
    const both = await readFile(file);
    for (let length = whole.byteLength; length < both.byteLength - 1; length += 7) {
      await writeFile(file, both.subarray(0, length));
      const again = await openQueue(directory.path, `reader-${length}`);
      await again.queue.add({ identifier: 'c', priority: 0 });
      const names = again.queue.page({}).jobs.map(({ identifier }) => identifier);
      // They came at one time, from two processes.
      expect([length, names.sort()]).toEqual([length, ['a', 'c']]);
      await again.queue.close();
    }
  });

  it('reads on behind bytes that a power cut has left', async () => {
    const { queue } = await openQueue(directory.path, 'writer');
    await queue.add({ identifier: 'a', priority: 0 });
    await appendFile(await logOf(), Buffer.alloc(5000));
    await queue.add({ identifier: 'b', priority: 0 });
    const other = await openQueue(directory.path, 'reader');
    expect(other.queue.counts.queued).toBe(2);
    expect(other.told).toEqual(['1 damaged']);
    await other.queue.close();
    await queue.close();
  });

  it('stays short, and loses nothing when several processes take a log over at the same time', async () => {
    const short = 4096;
    const opened: Awaited<ReturnType<typeof openQueue>>[] = [];
    for (const name of ['one', 'two', 'three']) opened.push(await openQueue(directory.path, name, { short }));
    const add = async (index: number): Promise<void> => {
      const { queue } = opened[index % 3] ?? opened[0] ?? (await openQueue(directory.path, 'none'));
      await queue.add({ identifier: `image ${index}`, priority: 0 });
      for (let turn = 0; turn < 12; turn += 1) {
        const { job } = await queue.add({ identifier: `cancelled ${index}`, priority: 0 });
        await queue.remove(job.id);
      }
    };
    for (let round = 0; round < 30; round += 1)
      await Promise.all(Array.from({ length: 10 }, (_, index) => add(round * 10 + index)));
    const last = await openQueue(directory.path, 'last');
    for (const { queue } of [...opened, last]) {
      await queue.sync();
      expect(queue.counts.queued).toBe(300);
    }
    const files = (await readdir(directory.path)).filter((name) => name.endsWith('.log'));
    expect(files).toHaveLength(1);
    expect(Number(/(\d+)/.exec(files[0] ?? '')?.[1])).toBeGreaterThan(2);
    for (const { queue } of [...opened, last]) await queue.close();
  });

  it('goes on in the next log when what is over cannot be removed, and says so', async () => {
    const { queue, told } = await openQueue(directory.path, 'writer', { short: 1024 });
    const stays = join(directory.path, 'prefetch-000000000000.log');
    await mkdir(stays);
    await queue.add({ identifier: 'stays', priority: 0 });
    for (let index = 0; index < 20; index += 1) {
      const { job } = await queue.add({ identifier: `image ${index}`, priority: 0 });
      expect(await queue.remove(job.id)).toBe(true);
    }
    expect(new Set(told)).toEqual(new Set(['removing former logs of the queue']));
    const logs = (await readdir(directory.path)).filter((name) => name.endsWith('.log'));
    expect(logs.length).toBe(2);
    expect(logs).not.toContain('prefetch-000000000001.log');
    const other = await openQueue(directory.path, 'reader');
    expect([other.queue.counts.queued, other.told]).toEqual([1, ['removing former logs of the queue']]);
    await rmdir(stays);
    await other.queue.close();
    await queue.close();
    expect(await openDescriptors(directory.path)).toBe(0);
  });

  it('goes on when its log is taken away or cut', async () => {
    const { queue } = await openQueue(directory.path, 'writer');
    await queue.add({ identifier: 'a', priority: 0 });
    await truncate(await logOf(), 10);
    await queue.add({ identifier: 'b', priority: 0 });
    const other = await openQueue(directory.path, 'reader');
    expect(other.queue.page({}).jobs.map(({ identifier }) => identifier)).toContain('b');
    await other.queue.close();
    await queue.close();
  });

  if (MAY_MOUNT) {
    it('says at the start that its directory cannot be written', async () => {
      makeReadOnly(directory.path);
      await expect(openQueue(directory.path, 'writer')).rejects.toMatchObject({
        code: 'E_IMAGE_CACHE_STORE_REFUSED',
        message: expect.stringMatching(/^prefetch\.directory: .*(EROFS|EACCES)/) as unknown,
      });
    });

    it('takes no directory that cannot be written for a disk that is full', async () => {
      mountSmall(directory.path, '1m');
      expect(await new DiskReserve(directory.path).keep()).toBe(true);
      makeReadOnly(directory.path);
      expect(await new DiskReserve(directory.path).keep()).toBe(true);
      expect(await new DiskReserve(join(directory.path, 'gone')).keep()).toBe(true);
      release(directory.path);
      mountSmall(directory.path, '128k');
      expect(await new DiskReserve(directory.path).keep()).toBe(false);
    });

    it('takes in and begins no job when the disk is full, and has those that it has ended, cancelled and cleared', async () => {
      mountSmall(directory.path, '2m');
      const { queue, journal } = await openQueue(directory.path, 'writer', { maxJobs: 10_000 });
      const other = await openQueue(directory.path, 'other', { maxJobs: 10_000 });
      for (let index = 0; index < 3000; index += 1)
        await queue.add({ identifier: `image ${index}`, priority: 0, variants: ['full/400,/0/default.jpg'] });
      const running = [await queue.claim(), await other.queue.claim()];
      const filling = join(directory.path, 'filling');
      const { bavail, bsize } = await statfs(directory.path);
      await writeFile(filling, Buffer.alloc(bavail * bsize));
      const full = { code: 'E_IMAGE_CACHE_STORE_FULL' };
      for (const each of [queue, other.queue]) {
        const fill = async (): Promise<void> => {
          for (let index = 0; index < 1000; index += 1) await each.add({ identifier: `more ${index}`, priority: 0 });
        };
        await expect(fill()).rejects.toMatchObject(full);
        const begin = async (): Promise<void> => {
          for (let index = 0; index < 1000; index += 1) await each.claim();
        };
        await expect(begin()).rejects.toMatchObject(full);
      }
      const [one, two] = running;
      if (one === undefined || two === undefined) throw new Error('there is no job');
      expect([await queue.complete(one), await other.queue.fail(two, 'no luck')]).toEqual([true, true]);
      expect(await queue.pause()).toBe(true);
      for (const { id } of queue.page({ limit: 50 }).jobs) expect(await queue.remove(id)).toBe(true);
      expect(await other.queue.clear()).toBeGreaterThan(2900);
      await truncate(filling, 0);
      expect(await queue.resume()).toBe(true);
      await queue.add({ identifier: 'again', priority: 0 });
      expect((await other.queue.claim())?.identifier).toBe('again');
      for (const each of [journal, other.journal]) await each.close();
    });

    it('keeps what is set aside for what ends jobs when others who take more find the disk full', async () => {
      mountSmall(directory.path, '1m');
      const { queue, journal } = await openQueue(directory.path, 'writer');
      const other = await openQueue(directory.path, 'other', { ended: ['writer'] });
      for (const identifier of ['a', 'b']) await queue.add({ identifier, priority: 0 });
      const job = await queue.claim();
      const filling = join(directory.path, 'filling');
      const fill = async (): Promise<void> => {
        const { bavail, bsize } = await statfs(directory.path);
        await appendFile(filling, Buffer.alloc(bavail * bsize));
      };
      await fill();
      const full = { code: 'E_IMAGE_CACHE_STORE_FULL' };
      const beats = async (): Promise<void> => {
        for (let beat = 0; beat < 200; beat += 1) await journal.submit({ op: 'beat', holder: 'writer', progress: {} });
      };
      await expect(beats()).rejects.toMatchObject(full);
      await expect(queue.add({ identifier: 'c', priority: 0 })).rejects.toMatchObject(full);
      await expect(other.queue.claim()).rejects.toMatchObject(full);
      await fill();
      expect(job && (await queue.complete(job))).toBe(true);
      expect(await queue.clear()).toBe(1);
      for (const each of [journal, other.journal]) await each.close();
    });

    it('has a log that was sealed on a disk that got full then followed by another one', async () => {
      mountSmall(directory.path, '1m');
      const { queue, journal } = await openQueue(directory.path, 'writer');
      for (let index = 0; index < 100; index += 1) await queue.add({ identifier: `image ${index}`, priority: 0 });
      await appendFile(await logOf(), encodeOperation({ name: 'somebody', operation: { op: 'seal' } }));
      const { bavail, bsize } = await statfs(directory.path);
      await writeFile(join(directory.path, 'filling'), Buffer.alloc(bavail * bsize));
      await queue.sync();
      expect(await queue.clear()).toBe(100);
      await journal.close();
    });
  }

  it('gives the room back that the jobs of an emptied queue took', async () => {
    const { queue } = await openQueue(directory.path, 'writer', { maxJobs: 20_000 });
    const names = Array.from({ length: 20_000 }, (_, index) => `image ${index}`);
    await Promise.all(names.map((identifier) => queue.add({ identifier, priority: 0 })));
    expect((await stat(await logOf())).size).toBeGreaterThan(2 * 1024 * 1024);
    await queue.clear();
    expect((await stat(await logOf())).size).toBeLessThan(1024);
    await queue.close();
  });
});
