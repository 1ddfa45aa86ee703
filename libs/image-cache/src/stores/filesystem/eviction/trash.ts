import { lstat, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemCode } from '../../../common/errors.js';
import { ensureDirectory, ifPresent, isAbsence, stateOf } from '../files/file-access.js';
import { TEMPORARY, uniqueName } from '../files/layout.js';

/** What was found in a piece of trash. */
export interface TrashCount {
  /** Files of entries; parts of unfinished writes do not count. */
  readonly entries: number;
  readonly bytes: number;
  /** Files and directories that could not be removed. */
  readonly failed: number;
}

/** Looks at a directory that does not become empty. */
const ATTEMPTS = 5;

/** Parts of a piece that are removed at the same time: the threads that do it are those of the requests too. */
const LANES = 4;

const NOTHING: TrashCount = { entries: 0, bytes: 0, failed: 0 };

/**
 * Makes evictions invisible at once and gives their space back later. Whatever is moved here is moved by one rename, so
 * a write that is still under way in it fails instead of publishing.
 */
export class Trash {
  readonly #directory: string;
  readonly #onLeftover: (path: string, error: unknown) => void;
  readonly #inUse = new Set<string>();

  constructor(directory: string, onLeftover: (path: string, error: unknown) => void) {
    this.#directory = directory;
    this.#onLeftover = onLeftover;
  }

  /** Names of the pieces that whoever has taken them is about to remove. */
  get inUse(): readonly string[] {
    return [...this.#inUse];
  }

  /** Moves a file or a directory away, to be removed; returns where it is now, `undefined` when there was none. */
  async take(path: string): Promise<string | undefined> {
    const name = uniqueName() + (path.endsWith(TEMPORARY) ? TEMPORARY : '');
    const target = join(this.#directory, name);
    this.#inUse.add(name);
    const moved = await this.#move(path, target).catch((error: unknown) => {
      this.#inUse.delete(name);
      throw error;
    });
    if (moved === undefined) this.#inUse.delete(name);
    return moved;
  }

  /** Removes one piece of trash. What cannot be removed stays, is reported and never stops the rest; a signal does. */
  async remove(path: string, signal?: AbortSignal): Promise<TrashCount> {
    const count = await this.#remove(path, { signal, lanes: LANES });
    this.#inUse.delete(basename(path));
    return count;
  }

  async #move(path: string, target: string): Promise<string | undefined> {
    const move = async (): Promise<string> => {
      await rename(path, target);
      return target;
    };
    const moved = await ifPresent(move());
    if (moved !== undefined || (await stateOf(path)) === undefined) return moved;
    await ensureDirectory(this.#directory);
    return ifPresent(move());
  }

  async #remove(path: string, removal: Removal): Promise<TrashCount> {
    if (isAborted(removal)) return NOTHING;
    const count = { ...NOTHING };
    try {
      const stat = await lstat(path);
      if (stat.isDirectory()) await this.#removeDirectory(path, count, removal);
      else {
        await unlink(path);
        add(count, { entries: 1, bytes: stat.size, failed: 0 });
      }
    } catch (error) {
      if (!isAbsence(error)) {
        this.#onLeftover(path, error);
        count.failed += 1;
      }
    }
    return path.endsWith(TEMPORARY) ? { ...count, entries: 0 } : count;
  }

  /** Removes all trash, that of other processes too. */
  async empty(signal?: AbortSignal): Promise<TrashCount> {
    const names = await ifPresent(readdir(this.#directory));
    return this.#removeAll(names ?? [], this.#directory, { signal, lanes: LANES });
  }

  /** A writer that had found the directory before it was moved may still have put something into it. */
  async #removeDirectory(path: string, count: Counting, removal: Removal): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      add(count, await this.#removeAll(await readdir(path), path, removal));
      if (count.failed > 0 || isAborted(removal)) return;
      try {
        await rmdir(path);
        return;
      } catch (error) {
        if (systemCode(error) !== 'ENOTEMPTY' || attempt === ATTEMPTS) throw error;
      }
    }
  }

  async #removeAll(names: readonly string[], directory: string, { signal, lanes }: Removal): Promise<TrashCount> {
    const count = { ...NOTHING };
    const left = names.values();
    const removeSome = async (): Promise<void> => {
      for (const name of left) add(count, await this.#remove(join(directory, name), { signal, lanes: 1 }));
    };
    await Promise.all(Array.from({ length: lanes }, removeSome));
    return count;
  }
}

/** How a piece is removed. */
interface Removal {
  readonly signal: AbortSignal | undefined;
  /** Of what is in a directory, so much is removed at the same time. */
  readonly lanes: number;
}

type Counting = { -readonly [Field in keyof TrashCount]: TrashCount[Field] };

function add(count: Counting, { entries, bytes, failed }: TrashCount): void {
  count.entries += entries;
  count.bytes += bytes;
  count.failed += failed;
}

function isAborted({ signal }: Removal): boolean {
  return signal?.aborted === true;
}
