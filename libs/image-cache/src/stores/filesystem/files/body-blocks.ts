import { createHash, hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Readable, type TransformCallback } from 'node:stream';
import { ImageCacheError, toError } from '../../../common/errors.js';
import { Meter } from '../../../common/streams.js';
import type { ByteRange } from '../../../ports/entry.js';
import { readAt } from './file-access.js';

/** Bytes of a body that are verified at a time. */
export const BLOCK = 64 * 1024;

/** The first half of a SHA-256; bytes. */
export const CHECKSUM_LENGTH = 16;

/** What tells bytes from damaged ones. */
export function checksumOf(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer').subarray(0, CHECKSUM_LENGTH);
}

/** Bytes that the checksums of a body's blocks take. A single block needs none: it has the digest of the body. */
export function checksumsLength(bodyLength: number): number {
  return bodyLength > BLOCK ? Math.ceil(bodyLength / BLOCK) * CHECKSUM_LENGTH : 0;
}

/** The checksums of a body's blocks, one behind the other. */
export function checksumsOf(body: Buffer): Buffer {
  const meter = new BlockMeter();
  if (body.byteLength > BLOCK) meter.add(body);
  return meter.checksums();
}

/** Passes a body on, measures it and computes the checksums of its blocks. */
export class BlockMeter extends Meter {
  readonly #checksums: Buffer[] = [];
  #hash = createHash('sha256');
  #length = 0;

  override _transform(chunk: Buffer, encoding: BufferEncoding, done: TransformCallback): void {
    this.add(chunk);
    super._transform(chunk, encoding, done);
  }

  /** Adds what does not pass through the stream. */
  add(bytes: Buffer): void {
    for (let position = 0; position < bytes.byteLength;) {
      const part = bytes.subarray(position, position + BLOCK - this.#length);
      this.#hash.update(part);
      this.#length += part.byteLength;
      position += part.byteLength;
      if (this.#length === BLOCK) this.#finish();
    }
  }

  /** Of all that was there; can be asked once. */
  checksums(): Buffer {
    if (this.#length > 0) this.#finish();
    return Buffer.concat(this.#checksums.length > 1 ? this.#checksums : []);
  }

  #finish(): void {
    this.#checksums.push(this.#hash.digest().subarray(0, CHECKSUM_LENGTH));
    this.#hash = createHash('sha256');
    this.#length = 0;
  }
}

/** What a {@link VerifiedBody} depends on. */
export interface VerifiedBodyOptions {
  /** The file that begins with the body; closed with the stream. */
  readonly handle: FileHandle;
  /** Length of the body; bytes. */
  readonly size: number;
  /** SHA-256 of the body, base64url. */
  readonly digest: string;
  /** Those of the blocks, as {@link checksumsOf} gives them. */
  readonly checksums: Buffer;
  readonly range: ByteRange;
  /** Told before the stream breaks off, when the file cannot be read or is not what was written. */
  readonly onDamaged: () => void;
}

/** Streams a part of a stored body. No byte leaves before its block has been verified. */
export class VerifiedBody extends Readable {
  readonly #options: VerifiedBodyOptions;
  /** Verified, and not passed on yet. */
  #ready: Buffer | undefined;
  #position: number;

  private constructor(options: VerifiedBodyOptions, ready: Buffer | undefined) {
    super();
    this.#options = options;
    this.#ready = ready;
    this.#position = options.range.start + (ready?.byteLength ?? 0);
  }

  /**
   * Opens a body whose first bytes have been verified: whoever answers with it can begin.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_CORRUPT`, or what reading throws; the file is closed then
   */
  static async open(options: VerifiedBodyOptions): Promise<VerifiedBody> {
    try {
      return new VerifiedBody(options, await readVerified(options, options.range.start));
    } catch (error) {
      await options.handle.close();
      throw error;
    }
  }

  /** A body of which nothing has been verified yet. */
  static lazily(options: VerifiedBodyOptions): VerifiedBody {
    return new VerifiedBody(options, undefined);
  }

  override _read(): void {
    this.#next().then(
      (bytes) => this.push(bytes ?? null),
      (error: unknown) => {
        if (this.destroyed) return;
        this.#options.onDamaged();
        this.destroy(toError(error));
      },
    );
  }

  override _destroy(error: Error | null, finish: (error?: Error | null) => void): void {
    const { handle } = this.#options;
    const close = async (): Promise<Error | null> => {
      await handle.close();
      return error;
    };
    close().then(finish, finish);
  }

  async #next(): Promise<Buffer | undefined> {
    const ready = this.#ready;
    this.#ready = undefined;
    if (ready !== undefined) return ready;
    const bytes = await readVerified(this.#options, this.#position);
    this.#position += bytes?.byteLength ?? 0;
    return bytes;
  }
}

/**
 * Reads a body through to see whether it is what was written.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_CORRUPT`, or what reading throws
 */
export async function verifyBody(body: Omit<VerifiedBodyOptions, 'range' | 'onDamaged'>): Promise<void> {
  const whole = { ...body, range: { start: 0, end: body.size - 1 } };
  for (let position = 0; position < body.size; position += BLOCK) await readVerified(whole, position);
}

/** The bytes of the range from a position on, as far as its block goes; `undefined` behind the last. */
async function readVerified(
  { handle, size, digest, checksums, range }: Omit<VerifiedBodyOptions, 'onDamaged'>,
  position: number,
): Promise<Buffer | undefined> {
  if (position > range.end) return undefined;
  const index = Math.floor(position / BLOCK);
  const start = index * BLOCK;
  const block = await readAt(handle, start, Math.min(BLOCK, size - start));
  const all = checksums.byteLength > 0 ? checksums : Buffer.from(digest, 'base64url');
  if (!checksumOf(block).equals(all.subarray(index * CHECKSUM_LENGTH, (index + 1) * CHECKSUM_LENGTH)))
    throw new ImageCacheError('E_IMAGE_CACHE_CORRUPT', 'The stored body is not what was written.');
  return block.subarray(position - start, range.end + 1 - start);
}
