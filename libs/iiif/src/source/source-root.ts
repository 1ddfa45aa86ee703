import type { BigIntStats } from 'node:fs';
import { opendir, realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { IiifError } from '../errors.js';

/** The folder of the originals, where it really is. */
export interface RootIdentity {
  /** Without symbolic links. */
  readonly path: string;
  readonly device: bigint;
}

/**
 * Watches over the folder of the originals: what is not found in a folder that is not there is not "missing". Taking a
 * file system that is not mounted for one without images would evict everything that was made from them.
 */
export class SourceRoot {
  readonly #directory: string;
  #identity: RootIdentity | undefined;

  /** @param directory - absolute path */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Where the folder is; found out at the first use and kept.
   *
   * @throws IiifError `E_IIIF_SOURCE_UNAVAILABLE`
   */
  async identity(): Promise<RootIdentity> {
    if (this.#identity === undefined) {
      const path = await this.#attempt(() => realpath(this.#directory));
      const stats = await this.#attempt(() => stat(path, { bigint: true }));
      assertDirectory(stats);
      this.#identity = { path, device: stats.dev };
    }
    return this.#identity;
  }

  /**
   * Makes sure that the folder is there, is the one it was and is not empty, as a mount point without its mount is.
   *
   * @throws IiifError `E_IIIF_SOURCE_UNAVAILABLE`
   */
  async assertAvailable(): Promise<void> {
    const { path, device } = await this.identity();
    const stats = await this.#attempt(() => stat(path, { bigint: true }));
    assertDirectory(stats);
    if (stats.dev !== device) throw unavailable('The source folder is on another device than at the start.');
    if (await this.#attempt(() => isEmpty(path))) throw unavailable('The source folder is empty.');
  }

  /** Whether a path without symbolic links lies below the folder. */
  static contains(root: RootIdentity, path: string): boolean {
    return path.startsWith(root.path.endsWith(sep) ? root.path : root.path + sep);
  }

  async #attempt<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (cause) {
      throw unavailable('The source folder cannot be read.', cause);
    }
  }
}

/** The error for a source that cannot tell whether it has an image. */
export function unavailable(reason: string, cause?: unknown): IiifError {
  return new IiifError('E_IIIF_SOURCE_UNAVAILABLE', reason, { cause });
}

function assertDirectory(stats: BigIntStats): void {
  if (!stats.isDirectory()) throw unavailable('The source folder is not a folder.');
}

async function isEmpty(path: string): Promise<boolean> {
  const directory = await opendir(path);
  try {
    return (await directory.read()) === null;
  } finally {
    await directory.close();
  }
}
