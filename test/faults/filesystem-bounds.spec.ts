import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FilesystemStoreOptions } from 'nestjs-image-cache';
import { eventually } from '../support/async.js';
import { runChild } from '../support/child-process.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { bytesInUse, bytesOf, countFiles } from '../support/disk-usage.js';
import { openFiles } from '../support/filesystem-store.js';
import { MAY_MOUNT, mountSmall, release } from '../support/mounts.js';
import { put, variantOf } from '../support/stores.js';

const PROCESSES = 4;

/** Writes of a process at the same time. */
const LANES = 3;

/** Bytes of the largest entry that they write, with its trailer. */
const LARGEST = 64 * 1024;

/** Bytes that a cache takes without entries: the marker, the file of evictions, and the directories that are always there. */
const BESIDE = 12 * 4096;

type Bounds = Omit<FilesystemStoreOptions, 'directory'>;

interface Told {
  readonly stored: number;
  readonly full: number;
  readonly spoilt: number;
  readonly failures: readonly string[];
  readonly incidents: readonly string[];
}

/** Fills a directory from several processes at once; tells what they saw and the most that was measured meanwhile. */
async function fillTogether(
  directory: string,
  { turns, bounds, measure }: { turns: number; bounds: Bounds; measure: () => number },
): Promise<{ told: Told[]; most: number }> {
  const children = Array.from({ length: PROCESSES }, (_, index) =>
    runChild('faults/scenarios/filling-process.ts', [directory, `writer ${index}`, `${turns}`, JSON.stringify(bounds)]),
  );
  for (const child of children) await child.next();
  for (const child of children) child.tell('go');
  let most = 0;
  const measuring = setInterval(() => {
    most = Math.max(most, measure());
  }, 1);
  const ended = Promise.all(children.map((child) => child.end())).finally(() => {
    clearInterval(measuring);
  });
  return { told: (await ended).map(([told]) => told as Told), most };
}

function problemsOf(told: readonly Told[]): readonly string[] {
  return told.flatMap(({ failures, incidents, spoilt }) => [
    ...failures,
    ...incidents,
    ...(spoilt > 0 ? ['spoilt'] : []),
  ]);
}

/** What was counted in one go: files that are replaced while the machine has other things to do count twice. */
function atOnce(count: () => number): number {
  const started = performance.now();
  const counted = count();
  return performance.now() - started < 10 ? counted : 0;
}

describe('the bounds of a filesystem store', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
  });

  afterEach(async () => {
    release(directory.path);
    await directory.remove();
  });

  if (MAY_MOUNT)
    it('hold at any moment while four processes fill it with more', async () => {
      mountSmall(directory.path, '64m');
      const bounds = { maxSize: '2MB' };
      const { told, most } = await fillTogether(directory.path, {
        turns: 150,
        bounds,
        measure: () => bytesInUse(directory.path),
      });
      expect(problemsOf(told)).toEqual([]);
      expect(told.map(({ stored, full }) => stored + full)).toEqual([150, 150, 150, 150]);
      expect(told.reduce((sum, { stored }) => sum + stored, 0)).toBeGreaterThan(300);
      expect(most).toBeLessThanOrEqual(2 * 1024 * 1024 + PROCESSES * LARGEST);
      expect(most).toBeGreaterThan(1024 * 1024);
      const { store } = await openFiles(directory.path, bounds);
      let bytes = 0;
      for await (const { meta } of store.entries()) bytes += meta.size;
      expect((await store.usage()).bytes).toBe(bytes);
      await store.close?.();
    });

  it('hold on a disk, where the directories of many small images take more than their files', async () => {
    const maxSize = 1024 * 1024;
    const { store, incidents } = await openFiles(directory.path, { maxSize });
    let most = 0;
    for (let image = 0; image < 200; image += 1) {
      await put(store, variantOf(`image ${image}`), Buffer.alloc(3000, 'body'));
      if (image % 5 === 0) most = Math.max(most, bytesOf(directory.path, ['index']));
    }
    expect(most).toBeLessThanOrEqual(maxSize + BESIDE);
    expect(most).toBeGreaterThan(maxSize / 2);
    await store.clear();
    await eventually(() => {
      expect(bytesOf(directory.path, ['index'])).toBeLessThanOrEqual(BESIDE);
    });
    await store.close?.();
    expect(incidents).toEqual([]);
  });

  it('are counted in entries too', async () => {
    const { told, most } = await fillTogether(directory.path, {
      turns: 60,
      bounds: { maxEntries: 20 },
      measure: () => atOnce(() => countFiles(directory.path, ['index'])),
    });
    expect(problemsOf(told)).toEqual([]);
    expect(most).toBeGreaterThan(10);
    // Two files say what the directory is. What is replaced while the files are counted may count twice.
    expect(most).toBeLessThanOrEqual(20 + 2 + PROCESSES * LANES);
  });

  it('are not undercut by a sweep that begins while room is being made', async () => {
    const filling = await openFiles(directory.path, { maxEntries: 100 });
    for (const name of 'abcdefgh') await put(filling.store, variantOf(name), name);
    await filling.store.close?.();
    // Room is made from the moment on that it is opened.
    const { store } = await openFiles(directory.path, { maxEntries: 5 });
    await store.maintain?.('bounds', { stall: 86_400_000 });
    expect((await store.usage()).entries).toBe(4);
    await store.close?.();
  });
});
