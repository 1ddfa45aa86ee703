import { statfsSync } from 'node:fs';
import type { FreeSpace } from './bounds.js';

/** Blocks are counted in this many bytes where the file system tells nothing of use. */
const USUAL_BLOCK = 4096;

/** What is free where the cache is. File systems without inodes have enough of them. */
export function freeSpace(root: string): FreeSpace {
  const { bavail, bsize, files, ffree } = statfsSync(root);
  return { bytes: bavail * bsize, inodes: files === 0 ? Infinity : ffree };
}

/** Bytes in which the file system hands out space. */
export function blockSize(root: string): number {
  const { bsize } = statfsSync(root);
  return bsize >= 512 && bsize <= 64 * 1024 ? bsize : USUAL_BLOCK;
}
