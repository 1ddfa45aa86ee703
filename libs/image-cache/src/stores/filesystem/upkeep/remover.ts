import type { EntryKey } from '../../../ports/entry.js';
import { TEMPORARY, uniqueName, type Layout } from '../files/layout.js';
import { KEPT } from '../eviction/quarantine.js';
import type { Disk, DiskState } from './disk.js';
import type { RemovedEntry } from './protocol.js';
import type { StepRun } from './step-run.js';
import type { EntryFile } from './tree-walk.js';

/** What a {@link Remover} depends on. */
export interface RemoverOptions {
  readonly disk: Disk;
  readonly layout: Layout;
  readonly run: StepRun;
  /** Counts what would go, and changes nothing. */
  readonly dryRun: boolean;
}

/** Looks at a directory that does not become empty. */
const ATTEMPTS = 5;

/** All that the sweep thread changes is changed here. Each method returns whether the thing is gone, or would be. */
export class Remover {
  readonly #options: RemoverOptions;

  constructor(options: RemoverOptions) {
    this.#options = options;
  }

  /** Removes an entry as it was seen a moment ago. */
  entry({ path, key }: EntryFile, seen: DiskState): boolean {
    const { disk, run, dryRun } = this.#options;
    if (!dryRun) disk.remove(path);
    run.removed(entryOf(key, seen));
    run.counts.bytes += seen.size;
    return true;
  }

  /** Removes an entry likewise, and the directories, which are not counted, that it was the last one in. */
  entryOfImage(file: EntryFile, seen: DiskState): boolean {
    const { disk, layout, run, dryRun } = this.#options;
    this.entry(file, seen);
    const directories = dryRun ? [] : layout.above(file.path);
    directories.every((directory) => run.attempt(directory, () => disk.removeDirectory(directory)));
    return true;
  }

  /** Whether a file is what it was: neither asked for nor rendered anew since it was seen. */
  isStill(path: string, seen: DiskState): boolean {
    const now = this.#options.disk.state(path);
    return now?.inode === seen.inode && now.mtimeMs === seen.mtimeMs && now.size === seen.size;
  }

  /** Moves a damaged entry to where somebody may look at it, unless it was replaced since it was read. */
  setAside({ path, key }: EntryFile, seen: DiskState): boolean {
    const { disk, layout, run, dryRun } = this.#options;
    const isKept = seen.size <= KEPT.largest;
    const keptAt = layout.aside(key);
    if (!dryRun) {
      if (!this.isStill(path, seen)) return false;
      if (isKept) this.#keep(path, keptAt);
      else disk.remove(path);
      run.incident('quarantined', `${path} was damaged and has been set aside.`);
    }
    run.removed({ ...entryOf(key, seen), ...(isKept && { keptAt }) });
    if (!isKept) run.counts.bytes += seen.size;
    return true;
  }

  /** Removes a file that is no entry. */
  file(path: string, state: DiskState): boolean {
    this.#file(path, state);
    this.#options.run.counts.removed += 1;
    return true;
  }

  /** Removes a directory, unless somebody has put something into it meanwhile. */
  emptyDirectory(path: string): boolean {
    const { disk, run, dryRun } = this.#options;
    if (!dryRun && !disk.removeDirectory(path)) return false;
    run.counts.removed += 1;
    return true;
  }

  /** Removes a directory with all that is in it, first of all from its place: whoever still writes in it then fails. */
  directory(path: string): boolean {
    const { disk, layout, run, dryRun } = this.#options;
    const target = `${layout.trash}/${uniqueName()}${TEMPORARY}`;
    if (!dryRun) disk.move(path, target);
    run.counts.removed += 1;
    this.trash(dryRun ? path : target, false);
    return true;
  }

  /** Removes whatever is in the trash at a path. Parts of unfinished writes count as bytes only. */
  trash(path: string, isCounted = !path.endsWith(TEMPORARY)): boolean {
    const { disk, run } = this.#options;
    run.look();
    const state = disk.state(path);
    if (state === undefined) return true;
    if (state.isDirectory) return this.#tree(path, isCounted);
    return isCounted ? this.file(path, state) : this.#file(path, state);
  }

  /** The latest are kept, and no more of them however much is damaged; their bytes and age are seen to in a step. */
  #keep(path: string, keptAt: string): void {
    const { disk, layout, run } = this.#options;
    disk.move(path, keptAt);
    const files = disk.list(layout.quarantine).filter((child) => child.isFile());
    for (const { name } of files.slice(0, -KEPT.files)) {
      const surplus = `${layout.quarantine}/${name}`;
      const isGone = run.attempt(surplus, () => {
        disk.remove(surplus);
        return true;
      });
      if (isGone) run.emptied(surplus);
    }
  }

  #file(path: string, state: DiskState): boolean {
    const { disk, run, dryRun } = this.#options;
    if (!dryRun) disk.remove(path);
    run.counts.bytes += state.size;
    return true;
  }

  /** A writer that had found the directory before it was moved may still have put something into it. */
  #tree(path: string, isCounted: boolean): boolean {
    const { disk, run, dryRun } = this.#options;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const gone = disk.list(path).map(({ name }) => {
        const child = `${path}/${name}`;
        return run.attempt(child, () => this.trash(child, isCounted && !name.endsWith(TEMPORARY)));
      });
      if (gone.includes(false)) return false;
      if (dryRun || disk.removeDirectory(path)) return true;
    }
    throw new Error(`${path} does not become empty.`);
  }
}

function entryOf(key: EntryKey, { mtimeMs, size, stored }: DiskState): RemovedEntry {
  return { key, lastAccess: mtimeMs, size, stored };
}
