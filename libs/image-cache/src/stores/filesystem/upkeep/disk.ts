import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
  type Dirent,
  type Stats,
} from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from '../../../common/errors.js';
import { isAbsence, type FileState } from '../files/file-access.js';
import type { FreeSpace } from '../space/bounds.js';
import { freeSpace } from '../space/free-space.js';

/** Links are not followed, and a FIFO in place of a file does not block. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** What is known of a file or directory. */
export interface DiskState extends FileState {
  /** Bytes that it takes on the disk. */
  readonly stored: number;
  readonly isDirectory: boolean;
}

/** A regular file that is open. */
export interface DiskFile {
  readonly state: DiskState;
  /** Reads into the buffer from a position of the file; returns the number of bytes, 0 at the end. */
  read(into: Buffer, position: number): number;
}

/** Synchronous access to files: several times faster than the asynchronous way, on a thread that may wait. */
export interface Disk {
  /** What is in a directory, in the order of the names; nothing when there is none. */
  list(directory: string): readonly Dirent[];
  /** The state of whatever has this path, links not followed; `undefined` when nothing has. */
  state(path: string): DiskState | undefined;
  remove(path: string): void;
  /** Removes a directory; false when something is in it. */
  removeDirectory(path: string): boolean;
  /** Moves a file or a directory in place of what has that path. A directory for it is made when it is missing. */
  move(path: string, target: string): void;
  /** Opens a regular file for as long as it is used; `undefined` when there is none. */
  use<T>(path: string, use: (file: DiskFile) => T): T | undefined;
  readText(path: string): string | undefined;
  /** What is free on the file system of a directory. */
  free(directory: string): FreeSpace;
  writeText(path: string, text: string): void;
}

/** The file system. */
export const localDisk: Disk = {
  list: (directory) => orAbsent(() => sorted(readdirSync(directory, { withFileTypes: true }))) ?? [],

  state: (path) => {
    const stat = orAbsent(() => lstatSync(path, { throwIfNoEntry: false }));
    return stat && stateOf(stat);
  },

  remove: unlinkSync,

  removeDirectory: (path) => {
    try {
      rmdirSync(path);
      return true;
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) return false;
      throw error;
    }
  },

  move: (path, target) => {
    try {
      renameSync(path, target);
    } catch (error) {
      const directory = dirname(target);
      if (systemCode(error) !== 'ENOENT' || localDisk.state(directory) !== undefined) throw error;
      makeDirectory(directory);
      renameSync(path, target);
    }
  },

  use: (path, use) => {
    const descriptor = orAbsent(() => openSync(path, READ));
    if (descriptor === undefined) return undefined;
    try {
      const stat = fstatSync(descriptor);
      const read = (into: Buffer, position: number): number => readFully(descriptor, into, position);
      return stat.isFile() ? use({ state: stateOf(stat), read }) : undefined;
    } finally {
      closeSync(descriptor);
    }
  },

  readText: (path) => orAbsent(() => readFileSync(path, 'utf8')),

  free: freeSpace,

  writeText: (path, text) => {
    writeFileSync(path, text, { flag: 'wx' });
  },
};

function stateOf(stat: Stats): DiskState {
  return {
    size: stat.size,
    stored: stat.blocks * 512,
    mtimeMs: Math.round(stat.mtimeMs),
    inode: stat.ino,
    isDirectory: stat.isDirectory(),
  };
}

function orAbsent<T>(operation: () => T): T | undefined {
  try {
    return operation();
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

function readFully(descriptor: number, into: Buffer, position: number): number {
  let filled = 0;
  while (filled < into.byteLength) {
    const read = readSync(descriptor, into, filled, into.byteLength - filled, position + filled);
    if (read === 0) break;
    filled += read;
  }
  return filled;
}

function sorted(children: Dirent[]): readonly Dirent[] {
  return children.sort((one, other) => (one.name < other.name ? -1 : 1));
}
