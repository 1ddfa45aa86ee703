import { statfsSync } from 'node:fs';
import type { FreeSpace } from './bounds.js';

/** Blocks are counted in this many bytes where the file system tells nothing of use. */
const USUAL_BLOCK = 4096;

/** What is free where the cache is. File systems without inodes have enough of them. */
export function freeSpace(root: string): FreeSpace {
  const { bavail, bsize, files, ffree } = statfsSync(root);
  return { bytes: bavail * bsize, inodes: files === 0 ? Infinity : ffree };
}

/** The file system in memory, where a directory takes no block. */
const TMPFS = 0x01021994;

/** Bytes in which the file system hands out space. */
export function blockSize(root: string): number {
  const { bsize } = statfsSync(root);
  return bsize >= 512 && bsize <= 64 * 1024 ? bsize : USUAL_BLOCK;
}

/** Bytes that a directory takes which few names are in. */
export function directorySize(root: string): number {
  return statfsSync(root).type === TMPFS ? 0 : blockSize(root);
}
