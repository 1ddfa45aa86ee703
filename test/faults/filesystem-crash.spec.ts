import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { bytesInUse } from '../support/disk-usage.js';
import { MAY_MOUNT, mountSmall, release } from '../support/mounts.js';
import { randomOf } from '../support/random.js';
import { expectSound } from './scenarios/crashed-cache.js';
import { CrashingProcesses } from './scenarios/crashing-processes.js';
import { LARGEST } from './scenarios/workload.js';

const ROUNDS = Number(process.env['SOAK_ROUNDS'] ?? 40);

/** What is done, and when who is killed. How far the others are by then is up to the machine. */
const SEED = Number(process.env['SOAK_SEED'] ?? 1);

const PROCESSES = 4;

/** Bytes. */
const MAX_SIZE = 2 * 1024 * 1024;

/** How many processes are killed at once. */
const VICTIMS = [1, 1, 1, 1, 1, 1, 1, 2, 2, 4];

/** One render of each process may write a file without asking for space before. */
const UNCOUNTED = PROCESSES * (LARGEST + 8 * 1024);

describe(`a filesystem store whose users are killed (seed ${SEED})`, () => {
  const random = randomOf(SEED);
  const processes = new CrashingProcesses({ count: PROCESSES, maxSize: MAX_SIZE, random });
  let disk: TestDirectory;
  let directory: string;
  let most = 0;

  beforeEach(async () => {
    disk = await makeDirectory(DISK);
    if (MAY_MOUNT) mountSmall(disk.path, '64m');
    directory = join(disk.path, 'cache');
  });

  afterEach(async () => {
    await processes.end();
    release(disk.path);
    await disk.remove();
  });

  /** Measures the most bytes that were ever in use while something goes on. */
  const measuring = async (work: () => Promise<void>): Promise<void> => {
    const measure = (): void => void (most = Math.max(most, bytesInUse(disk.path, directory)));
    const timer = MAY_MOUNT ? setInterval(measure, 1) : undefined;
    await work().finally(() => {
      clearInterval(timer);
    });
  };

  const beginAnew = async (): Promise<void> => {
    expect(await processes.leave(directory)).toBe(0);
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory);
  };

  const useAndKill = async (): Promise<void> => {
    await processes.use(directory, random(4) === 0 ? random(10) : random(300));
    for (let turns = random(20); turns > 0; turns -= 1) await new Promise(setImmediate);
    expect(await processes.kill(VICTIMS[random(VICTIMS.length)] ?? 1, directory)).toBe(0);
  };

  it(
    `is whole, counts what there is and keeps its bounds in ${ROUNDS} rounds`,
    async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        if (round === 0 || random(4) === 0) await beginAnew();
        await measuring(useAndKill);
        expect(processes.problems).toEqual([]);
        expect(most).toBeLessThanOrEqual(MAX_SIZE + UNCOUNTED);
        await expectSound(directory, MAX_SIZE);
      }
      if (MAY_MOUNT && ROUNDS >= 40) expect(most).toBeGreaterThan(MAX_SIZE / 2);
    },
    120_000 + ROUNDS * 20_000,
  );
});
