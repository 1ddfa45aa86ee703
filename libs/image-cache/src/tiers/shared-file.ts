import { open, type FileHandle } from 'node:fs/promises';
import { finished, Readable } from 'node:stream';
import type { Background } from '../common/background.js';
import { ImageCacheError } from '../common/errors.js';
import { removeTemporary } from '../common/temporary-file.js';

/** Bytes that are read at a time. */
const CHUNK = 64 * 1024;

/**
 * An open file that several readers share, each at its own position. It is closed when the one who made it and all
 * readers are done, and can be read until then whatever becomes of its name. A reader that leaves disturbs nobody.
 */
export class SharedFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly #handle: FileHandle;
  readonly #background: Background;
  #users = 1;

  private constructor(path: string, opened: { handle: FileHandle; size: number; background: Background }) {
    this.path = path;
    this.size = opened.size;
    this.#handle = opened.handle;
    this.#background = opened.background;
  }

  static async open(path: string, background: Background): Promise<SharedFile> {
    const handle = await open(path, 'r');
    return new SharedFile(path, { handle, size: (await handle.stat()).size, background });
  }

  /** Opens a file and takes it and its directory away: it lives as long as it is open, and no crash leaves it behind. */
  static async openTemporary(path: string, background: Background): Promise<SharedFile> {
    const file = await SharedFile.open(path, background);
    await removeTemporary(path).catch((error: unknown) => {
      file.release();
      throw error;
    });
    return file;
  }

  /** The body from its start. */
  read(): Readable {
    this.#users += 1;
    const stream = Readable.from(this.#chunks(), { objectMode: false });
    finished(stream, () => {
      this.release();
    });
    return stream;
  }

  /** Says that the one who made it needs it no more. */
  release(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#background.run('closing a picture', () => this.#handle.close());
  }

  /** Not a stream of the handle: those close it when they are destroyed, for all. */
  async *#chunks(): AsyncGenerator<Buffer> {
    for (let position = 0; position < this.size;) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, this.size - position));
      const { bytesRead } = await this.#handle.read(chunk, 0, chunk.byteLength, position);
      if (bytesRead === 0)
        throw new ImageCacheError('E_IMAGE_CACHE_LENGTH_MISMATCH', `${this.path} has become shorter.`);
      position += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  }
}
