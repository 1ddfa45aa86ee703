import { createHash, hash } from 'node:crypto';
import { Readable, Transform, type TransformCallback } from 'node:stream';
import type { ByteRange, RangeRequest } from '../ports/entry.js';
import { ImageCacheError } from './errors.js';

/** SHA-256 of a body, base64url: what entries carry as digest and clients see as ETag. */
export function digestOf(body: Buffer): string {
  return hash('sha256', body, 'base64url');
}

/**
 * A buffer that owns its memory. A small slice of a pool would keep the whole pool alive for as long as it is cached.
 */
export function ownBuffer(body: Buffer): Buffer {
  if (body.buffer.byteLength <= body.byteLength * 1.25 + 512) return body;
  const copy = Buffer.allocUnsafeSlow(body.byteLength);
  body.copy(copy);
  return copy;
}

/**
 * Reads a stream to its clean end.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_TOO_LARGE` beyond `limit` bytes; the stream is destroyed
 */
export async function collect(stream: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = toBuffer(chunk);
    size += bytes.byteLength;
    if (size > limit) throw new ImageCacheError('E_IMAGE_CACHE_TOO_LARGE', `The body is larger than ${limit} bytes.`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, size);
}

/** A chunk of a stream of bytes or strings as bytes. */
export function toBuffer(chunk: unknown): Buffer {
  if (Buffer.isBuffer(chunk)) return chunk;
  if (ArrayBuffer.isView(chunk)) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (typeof chunk === 'string') return Buffer.from(chunk);
  throw new TypeError('The stream of a body gives neither bytes nor strings.');
}

/** A stream of a body that is at hand; one chunk, no copy. */
export function streamOf(body: Buffer): Readable {
  return Readable.from([body], { objectMode: false });
}

/** Passes on a body of a known length, and breaks off when it is shorter or longer: nobody is to take it for whole. */
export class ExactLength extends Transform {
  #left: number;

  constructor(length: number) {
    super();
    this.#left = length;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#left -= chunk.byteLength;
    if (this.#left < 0) done(wrongLength());
    else done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    done(this.#left === 0 ? null : wrongLength());
  }
}

function wrongLength(): ImageCacheError {
  return new ImageCacheError('E_IMAGE_CACHE_LENGTH_MISMATCH', 'The body has not the length that was announced.');
}

/**
 * Takes a body over that is not read at once. One that breaks before would end the process, since nobody listens; whoever
 * reads it later learns of it.
 */
export function takeOver(body: Readable): Readable {
  return body.once('error', () => undefined);
}

/**
 * Passes a body on and tells when it breaks by itself, not because the one who reads it gave up.
 *
 * @param turns told whose turn it is, that of the body or of the one who reads it
 */
export function tellBreak(
  body: Readable,
  onBreak: (error: unknown) => void,
  turns?: { readonly waits: () => void; readonly goesOn: () => void },
): Readable {
  const taken = takeOver(body);
  const chunks = async function* (): AsyncGenerator {
    const iterator: AsyncIterator<unknown> = taken[Symbol.asyncIterator]();
    const next = async (): Promise<IteratorResult<unknown>> => {
      turns?.waits();
      try {
        return await iterator.next();
      } catch (error) {
        onBreak(error);
        throw error;
      } finally {
        turns?.goesOn();
      }
    };
    try {
      for (let chunk = await next(); chunk.done !== true; chunk = await next()) yield chunk.value;
    } finally {
      taken.destroy();
    }
  };
  return Readable.from(chunks(), { objectMode: false });
}

/** What a {@link Meter} has seen. */
export interface Measured {
  readonly size: number;
  /** SHA-256, base64url. */
  readonly digest: string;
}

/** Passes bytes on and measures them. */
export class Meter extends Transform {
  #size = 0;
  readonly #hash = createHash('sha256');

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#size += chunk.byteLength;
    this.#hash.update(chunk);
    done(null, chunk);
  }

  /** Size and digest of all that has passed; can be asked once. */
  result(): Measured {
    return { size: this.#size, digest: this.#hash.digest('base64url') };
  }
}

/**
 * The bytes that a request for a range means (RFC 9110, 14.1.2), as a store gives them; `undefined` when it cannot be
 * satisfied, and the whole body is given.
 *
 * @param size of the whole body, in bytes
 */
export function resolveRange(request: RangeRequest, size: number): ByteRange | undefined {
  if ('suffix' in request) {
    return request.suffix > 0 && size > 0 ? { start: Math.max(0, size - request.suffix), end: size - 1 } : undefined;
  }
  const end = Math.min(request.end ?? size - 1, size - 1);
  return request.start <= end ? { start: request.start, end } : undefined;
}
