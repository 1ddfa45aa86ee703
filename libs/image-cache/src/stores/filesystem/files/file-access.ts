import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { lstat, lutimes, mkdir, open, type FileHandle } from 'node:fs/promises';
import { systemCode } from '../../../common/errors.js';

/** Symlinks are not followed, and a FIFO in place of a file does not block. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** A file that is read synchronously is at most this large: the event loop waits for it. */
const LARGEST_SYNC_READ = 64 * 1024;

/** What is known of an open file. */
export interface FileState {
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch; our clock of last access. */
  readonly mtimeMs: number;
  readonly inode: number;
}

/** A file that was read whole, or one that is too large for that, open. */
export type OpenedFile = FileState & ({ readonly bytes: Buffer } | { readonly handle: FileHandle });

/** How {@link openFile} reads. */
export interface OpenFileOptions {
  /** Files up to this many bytes are read whole. */
  readonly wholeUpTo: number;
  /** Small files are read synchronously, which costs a fraction of the asynchronous way on a local file system. */
  readonly sync: boolean;
}

/** Opens a regular file, and reads it when it is small; `undefined` when there is none. */
export async function openFile(path: string, options: OpenFileOptions): Promise<OpenedFile | undefined> {
  try {
    const small = options.sync ? readSmall(path, Math.min(options.wholeUpTo, LARGEST_SYNC_READ)) : 'large';
    return small === 'large' ? await readOrOpen(path, options.wholeUpTo) : small;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** Whether an error says that there is no such file; a link in its place is none of ours. */
export function isAbsence(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes(systemCode(error) ?? '');
}

/** The state of whatever has this path; `undefined` when nothing has. */
export async function stateOf(path: string): Promise<FileState | undefined> {
  const stat = await ifPresent(lstat(path));
  return stat && fileState(stat);
}

/** The result of an operation on a path; `undefined` when there was nothing to operate on. */
export async function ifPresent<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** Records an access, unless a later one is recorded already. */
export async function touchFile(path: string, at: number): Promise<void> {
  const state = await stateOf(path);
  if (state !== undefined && state.mtimeMs < at) await ifPresent(lutimes(path, at / 1000, at / 1000));
}

/** Makes a directory, unless there is one. A recursive `mkdir` tells of a read-only or full file system as of an absent parent. */
export async function ensureDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

/** Reads `length` bytes at `position`; less at the end of the file. */
export async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

function readSmall(path: string, limit: number): OpenedFile | 'large' | undefined {
  const descriptor = openSync(path, READ);
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) return undefined;
    if (stat.size > limit) return 'large';
    const bytes = Buffer.allocUnsafeSlow(stat.size);
    const read = readSync(descriptor, bytes, 0, stat.size, 0);
    return { ...fileState(stat), bytes: bytes.subarray(0, read) };
  } finally {
    closeSync(descriptor);
  }
}

async function readOrOpen(path: string, wholeUpTo: number): Promise<OpenedFile | undefined> {
  const handle = await open(path, READ);
  let keep = false;
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) return undefined;
    const state = fileState(stat);
    keep = stat.size > wholeUpTo;
    return keep ? { ...state, handle } : { ...state, bytes: await readAt(handle, 0, stat.size) };
  } finally {
    if (!keep) await handle.close();
  }
}

/** What was written as a whole millisecond may come back as a little less: the time travels as a fraction of seconds. */
function fileState({ size, mtimeMs, ino }: Stats): FileState {
  return { size, mtimeMs: Math.round(mtimeMs), inode: ino };
}
