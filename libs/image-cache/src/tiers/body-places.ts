import { mkdtemp, open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageCacheError } from '../common/errors.js';
import { removeTemporary } from '../common/temporary-file.js';

/** Where bytes are kept, one behind the other, and read at any position. */
export interface Place {
  /** The file that has all of them, if one has. */
  readonly path?: string | undefined;
  /** Adds bytes, or the first of them: resolves with how many there was room for. Throws when there is none. */
  append(bytes: Buffer): Promise<number>;
  /** Reads from a position on; gives at least a byte and at most `length`, all of which have been added. */
  read(position: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** A file that is open, whatever becomes of its name. */
export class FilePlace implements Place {
  readonly path: string;
  readonly #handle: FileHandle;
  #length = 0;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** Opens a file that has been written. */
  static async open(path: string): Promise<FilePlace> {
    return new FilePlace(path, await open(path, 'r'));
  }

  /** Makes a file, or empties it. */
  static async create(path: string): Promise<FilePlace> {
    return new FilePlace(path, await open(path, 'w+'));
  }

  /** Makes a file that has no name any more: it lives as long as it is open, and no crash leaves it behind. */
  static async temporary(): Promise<FilePlace> {
    const path = join(await mkdtemp(join(tmpdir(), 'image-cache-')), 'body');
    const file = await FilePlace.create(path).catch(async (error: unknown) => {
      await removeTemporary(path);
      throw error;
    });
    await removeTemporary(path).catch(async (error: unknown) => {
      await file.close();
      throw error;
    });
    return file;
  }

  /** Bytes that are in the file now. */
  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  async append(bytes: Buffer): Promise<number> {
    const { bytesWritten } = await this.#handle.write(bytes, 0, bytes.byteLength, this.#length);
    if (bytesWritten === 0) throw new Error('There is no room.');
    this.#length += bytesWritten;
    return bytesWritten;
  }

  /** Not by a stream of the handle: those close it when they are destroyed, for all. */
  async read(position: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    const { bytesRead } = await this.#handle.read(bytes, 0, length, position);
    if (bytesRead > 0) return bytes.subarray(0, bytesRead);
    throw new ImageCacheError('E_IMAGE_CACHE_LENGTH_MISMATCH', `${this.path} has become shorter.`);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Bytes of a block of a {@link MemoryPlace}. */
const BLOCK = 64 * 1024;

/** So many bytes of memory, taken as they are needed. */
export class MemoryPlace implements Place {
  readonly #limit: number;
  readonly #blocks: Buffer[] = [];
  #length = 0;

  /** @param limit in bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  append(bytes: Buffer): Promise<number> {
    const offset = this.#length % BLOCK;
    const room = Math.min(BLOCK - offset, this.#limit - this.#length);
    if (room <= 0) return Promise.reject(new Error(`More than ${this.#limit} bytes are not held in memory.`));
    if (offset === 0) this.#blocks.push(Buffer.allocUnsafeSlow(BLOCK));
    const taken = bytes.copy(this.#blockOf(this.#length), offset, 0, room);
    this.#length += taken;
    return Promise.resolve(taken);
  }

  read(position: number, length: number): Promise<Buffer> {
    const offset = position % BLOCK;
    const end = Math.min(offset + length, BLOCK);
    return Promise.resolve(this.#blockOf(position).subarray(offset, end));
  }

  close(): Promise<void> {
    this.#blocks.length = 0;
    return Promise.resolve();
  }

  #blockOf(position: number): Buffer {
    return this.#blocks[Math.floor(position / BLOCK)] ?? Buffer.alloc(0);
  }
}
