import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { ImageCacheError, messageOf, systemCode } from '../../common/errors.js';

/** Symlinks are not followed, and a FIFO in place of a file does not block. */
const FOLLOW = constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Bytes that are read at a time. */
const BLOCK = 256 * 1024;

const NO_ROOM: readonly (string | undefined)[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** A file that is only appended to, followed to its end by all who have it open. */
export class LogFile {
  readonly #handle: FileHandle;
  #position = 0;
  #size = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Opens a log; `undefined` when there is none. */
  static async open(path: string): Promise<LogFile | undefined> {
    try {
      return new LogFile(await open(path, FOLLOW));
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Bytes, at the last look. */
  get size(): number {
    return this.#size;
  }

  /**
   * Writes at the end, wherever that is by then. A write that is cut short leaves a part of a line behind, that is none.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_STORE_FULL`, `E_IMAGE_CACHE_STORE_UNAVAILABLE`
   */
  async append(text: string, { durable }: { readonly durable: boolean }): Promise<void> {
    const bytes = Buffer.from(text);
    try {
      const { bytesWritten } = await this.#handle.write(bytes);
      if (bytesWritten < bytes.byteLength) throw noRoom();
      if (durable) await this.#handle.datasync();
    } catch (cause) {
      if (cause instanceof ImageCacheError) throw cause;
      if (isNoRoom(cause)) throw noRoom(cause);
      const message = `The queue of the prefetcher cannot be written: ${messageOf(cause)}`;
      throw new ImageCacheError('E_IMAGE_CACHE_STORE_UNAVAILABLE', message, { cause });
    }
  }

  /** Whole lines behind those that have been read; none when there are no more. The last one may still be written. */
  async read(): Promise<readonly string[]> {
    this.#size = (await this.#handle.stat()).size;
    const left = this.#size - this.#position;
    // A line may be longer than a block.
    for (let length = Math.min(left, BLOCK); length > 0; length = length === left ? 0 : Math.min(left, 2 * length)) {
      const buffer = Buffer.allocUnsafe(length);
      const { bytesRead } = await this.#handle.read(buffer, 0, length, this.#position);
      const end = buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1;
      if (end === 0) continue;
      this.#position += end;
      return buffer.toString('utf8', 0, end - 1).split('\n');
    }
    return [];
  }

  /** Whether nobody can find the file any more, or it is not what has been read. */
  async isGone(): Promise<boolean> {
    try {
      const { nlink, size } = await this.#handle.stat();
      return nlink === 0 || size < this.#position;
    } catch (error) {
      if (systemCode(error) === 'ESTALE') return true;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** Whether a write says that the disk is full. */
export function isNoRoom(error: unknown): boolean {
  return NO_ROOM.includes(systemCode(error));
}

/** The error for a disk that is full. */
export function noRoom(cause?: unknown): ImageCacheError {
  return new ImageCacheError('E_IMAGE_CACHE_STORE_FULL', 'There is no room for the queue of the prefetcher.', {
    cause,
  });
}
