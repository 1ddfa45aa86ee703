import type { CachedImage } from 'nestjs-image-cache';
import { lstat, readdir, readFile, readlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { FoundFile } from '../../libs/image-cache/src/stores/filesystem/files/walk.js';
import type { Brake } from '../../libs/image-cache/src/stores/filesystem/upkeep/brake.js';
import { localDisk, type Disk } from '../../libs/image-cache/src/stores/filesystem/upkeep/disk.js';
import type { News, StepRequest, ThreadStep } from '../../libs/image-cache/src/stores/filesystem/upkeep/protocol.js';
import { runStep } from '../../libs/image-cache/src/stores/filesystem/upkeep/run-step.js';

export const DAY = 86_400_000;

/** How a step is run in a test. */
export interface SweepSetup extends Partial<Omit<StepRequest, 'step' | 'root'>> {
  /** Does something of its own beside the real access to files. */
  readonly disk?: Partial<Disk>;
  /** Things that are looked at before the step is told to stop. */
  readonly stopAfter?: number;
}

/** What a step has done and told. */
export interface Swept extends News {
  readonly images: readonly CachedImage[];
  readonly files: readonly FoundFile[];
}

/** Runs a step in this thread, on the files of a cache with the usual geometry. */
export function sweepHere(root: string, step: ThreadStep, { disk, stopAfter, ...setup }: SweepSetup = {}): Swept {
  const images: CachedImage[] = [];
  const files: FoundFile[] = [];
  const news: News[] = [];
  let left = stopAfter ?? Infinity;
  const brake: Brake = { isStopped: () => left-- <= 0, sleep: () => undefined, takeCredit: () => undefined };
  const last = runStep(
    {
      step,
      root,
      geometry: { depth: 3, nameLength: 2 },
      now: Date.now(),
      stall: DAY,
      dryRun: false,
      rate: {},
      trash: { names: [], from: '~' },
      budget: Infinity,
      ...setup,
    },
    {
      disk: { ...localDisk, ...disk },
      brake,
      now: () => performance.now(),
      tell: (some) => news.push(some),
      send: (batch) => {
        if ('images' in batch) images.push(...batch.images);
        else files.push(...batch.files);
      },
    },
  );
  const all = [...news, last];
  return {
    counts: last.counts,
    removed: all.flatMap(({ removed }) => removed),
    emptied: all.flatMap(({ emptied }) => emptied),
    incidents: all.flatMap(({ incidents }) => incidents),
    images,
    files,
  };
}

/** Makes everything below a path, and the path itself, look as if nothing had happened to it for some days. */
export async function age(path: string, days = 2): Promise<void> {
  const past = (Date.now() - days * DAY) / 1000;
  const below = (await lstat(path)).isDirectory() ? await readdir(path, { recursive: true }) : [];
  for (const each of [...below.map((name) => join(path, name)), path]) await utimes(each, past, past);
}

/** All that is below a directory, as one text: names, kinds, contents, times, inodes. Two trees with one are the same. */
export async function portrayTree(directory: string): Promise<string> {
  const all = await readdir(directory, { recursive: true, withFileTypes: true });
  const lines = all.map(async (each) => {
    const path = join(each.parentPath, each.name);
    const { mode, mtimeMs, ino, nlink } = await lstat(path);
    const content = each.isFile()
      ? (await readFile(path)).toString('base64')
      : each.isSymbolicLink()
        ? await readlink(path)
        : '';
    return `${path} ${mode} ${mtimeMs} ${ino} ${nlink} ${content}`;
  });
  return (await Promise.all(lines)).sort().join('\n');
}
