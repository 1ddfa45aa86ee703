import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EntryKey } from '../../../ports/entry.js';
import { ensureDirectory, ifPresent, isAbsence, type FileState } from '../files/file-access.js';
import type { Layout } from '../files/layout.js';
import { removeEmptyParents } from '../files/with-parents.js';

/** What is kept for somebody to look at. */
export const KEPT = {
  /** Damaged files. */
  files: 64,
  /** Size of the largest of them; bytes. */
  largest: 16 * 1024 * 1024,
  /** Size of all; bytes. */
  bytes: 256 * 1024 * 1024,
  /** Milliseconds since they were set aside. */
  age: 30 * 86_400_000,
} as const;

/** What has become of a damaged file, and of others. */
export interface SetAside {
  /** Where it was put. */
  readonly path: string;
  /** What was removed, so that no more is kept than is to be; the file itself may be among it. */
  readonly removed: readonly string[];
}

/** Where damaged files are put aside, the latest of them. */
export class Quarantine {
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** Puts the file of an entry aside; `undefined` when it has been replaced or has gone since it was read. */
  async take(key: EntryKey, seen: FileState): Promise<SetAside | undefined> {
    const path = this.#layout.file(key);
    const target = this.#layout.aside(key);
    try {
      if ((await lstat(path)).ino !== seen.inode) return undefined;
      await ensureDirectory(this.#layout.quarantine);
      await rename(path, target);
      await removeEmptyParents(this.#layout, path);
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
    const removed = seen.size > KEPT.largest ? [target] : await this.#surplus();
    for (const file of removed) await rm(file, { force: true });
    return { path: target, removed };
  }

  /** Removes what is kept of an image, or all; who evicts it does not want it to be looked at. Returns the paths. */
  async remove(group?: string): Promise<readonly string[]> {
    const names = await this.#names();
    const paths = this.#paths(names.filter((name) => group === undefined || this.#layout.isAsideOf(group, name)));
    for (const path of paths) await rm(path, { recursive: true, force: true });
    return paths;
  }

  async #surplus(): Promise<readonly string[]> {
    const names = await this.#names();
    return this.#paths([...names].sort().slice(0, Math.max(0, names.length - KEPT.files)));
  }

  async #names(): Promise<readonly string[]> {
    return (await ifPresent(readdir(this.#layout.quarantine))) ?? [];
  }

  #paths(names: readonly string[]): readonly string[] {
    return names.map((name) => join(this.#layout.quarantine, name));
  }
}
