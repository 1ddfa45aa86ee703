import { constants, type BigIntStats } from 'node:fs';
import { open, readlink, realpath, type FileHandle } from 'node:fs/promises';
import type { SourceStamp } from 'nestjs-image-cache';
import { errnoOf } from '../errors.js';
import { SourceRoot, unavailable, type RootIdentity } from './source-root.js';
import type { Original } from './original-source.js';

/** How to open an original. */
export interface OpenOptions {
  readonly root: RootIdentity;
  readonly stampOf: (stats: BigIntStats) => SourceStamp;
}

// A FIFO must not block the opening, and a link must not be followed that took the place of a file just checked.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/**
 * Opens a file that was found below the root. Between finding and opening, names may have changed hands, so what is
 * open is checked again, and read through its descriptor rather than by name.
 *
 * @returns `undefined` when it is no regular file below the root any more
 */
export async function openOriginal(path: string, options: OpenOptions): Promise<Original | undefined> {
  const handle = await open(path, FLAGS);
  try {
    const stats = await handle.stat({ bigint: true });
    const file = stats.isFile() ? await pathOfDescriptor(handle, path, options.root) : undefined;
    if (file !== undefined) return describe(handle, file, { stats, stamp: options.stampOf(stats) });
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return undefined;
}

async function pathOfDescriptor(handle: FileHandle, path: string, root: RootIdentity): Promise<string | undefined> {
  const descriptor = `/proc/self/fd/${handle.fd}`;
  try {
    return SourceRoot.contains(root, await readlink(descriptor)) ? descriptor : undefined;
  } catch {
    // No such view of descriptors on this system: make sure that the name still leads here without a detour.
    return (await realpath(path)) === path ? path : undefined;
  }
}

function describe(
  handle: FileHandle,
  file: string,
  { stats, stamp }: { readonly stats: BigIntStats; readonly stamp: SourceStamp },
): Original {
  const size = Number(stats.size);
  return {
    file,
    stamp,
    size,
    lastModified: stats.mtime,
    stream: (range) => handle.createReadStream({ start: range?.start ?? 0, end: range?.end ?? Math.max(0, size - 1) }),
    close: () => handle.close(),
  };
}

const MISSING: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO']);

/**
 * `undefined` when the operation failed because there is no such file.
 *
 * @param what is read, for the message
 * @throws IiifError when it failed otherwise
 */
export async function unlessMissing<T>(operation: () => Promise<T>, what = 'The source image'): Promise<T | undefined> {
  try {
    return await operation();
  } catch (error) {
    if (MISSING.has(errnoOf(error) ?? '')) return undefined;
    throw unavailable(`${what} cannot be read.`, error);
  }
}
