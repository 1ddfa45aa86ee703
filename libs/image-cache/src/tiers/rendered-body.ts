import { createWriteStream } from 'node:fs';
import { access, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { addAbortSignal, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Background } from '../common/background.js';
import { ImageCacheError, isError, isImageCacheError, messageOf } from '../common/errors.js';
import { toBuffer } from '../common/streams.js';
import { removeTemporary } from '../common/temporary-file.js';
import type { RenderedImage } from '../ports/image-info.js';
import { SharedFile } from './shared-file.js';

/** A picture that has been rendered whole: in memory, or in a file that is open. */
export type RenderedBody = Buffer | SharedFile;

/** How {@link materialize} treats a body. */
export interface MaterializeOptions {
  /** Bodies up to this many bytes become one Buffer. */
  readonly limit: number;
  /** A path that a larger body may be written to. */
  readonly file?: string | undefined;
  /** Most bytes that a stream may give. */
  readonly maxSize: number;
  /** Ends the wait for a stream. */
  readonly signal: AbortSignal;
  readonly background: Background;
}

/**
 * Takes a picture as the renderer returned it to its clean end. A stream that is longer than the limit goes to the file,
 * or to one in the directory for temporary files.
 *
 * @throws what the stream threw; ImageCacheError `E_IMAGE_CACHE_LENGTH_MISMATCH` when it has not the announced length,
 * `E_IMAGE_CACHE_TOO_LARGE` when it does not end
 */
export async function materialize(image: RenderedImage, options: MaterializeOptions): Promise<RenderedBody> {
  const body = await wholeBody(image.body, options);
  const size = Buffer.isBuffer(body) ? body.byteLength : body.size;
  if (image.announcedLength === undefined || image.announcedLength === size) return body;
  if (!Buffer.isBuffer(body)) body.release();
  const message = `The handler announced ${image.announcedLength} bytes and gave ${size}.`;
  throw new ImageCacheError('E_IMAGE_CACHE_LENGTH_MISMATCH', message);
}

async function wholeBody(body: RenderedImage['body'], options: MaterializeOptions): Promise<RenderedBody> {
  if (Buffer.isBuffer(body)) return body;
  if (!(body instanceof Readable)) return SharedFile.open(body.file, options.background);
  const chunks: Buffer[] = [];
  let size = 0;
  const iterator = bytesOf(addAbortSignal(options.signal, body), options.maxSize);
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    chunks.push(next.value);
    size += next.value.byteLength;
    if (size > options.limit) return spool(Buffer.concat(chunks, size), iterator, options);
  }
  return Buffer.concat(chunks, size);
}

/** The bytes of a stream, up to a number; whatever ends it, the stream is destroyed. */
async function* bytesOf(stream: Readable, maxSize: number): AsyncGenerator<Buffer> {
  let left = maxSize;
  try {
    for await (const chunk of stream) {
      const bytes = toBuffer(chunk);
      left -= bytes.byteLength;
      if (left < 0)
        throw new ImageCacheError('E_IMAGE_CACHE_TOO_LARGE', `The picture is larger than ${maxSize} bytes.`);
      yield bytes;
    }
  } finally {
    stream.destroy();
  }
}

/** Writes what has been read of a stream and the rest of it to a file. */
async function spool(start: Buffer, rest: AsyncIterator<Buffer>, options: MaterializeOptions): Promise<SharedFile> {
  const { file, background } = options;
  const path = file ?? join(await mkdtemp(join(tmpdir(), 'image-cache-')), 'body');
  let broken: Error | undefined;
  const whole = async function* (): AsyncGenerator<Buffer> {
    yield start;
    try {
      yield* { [Symbol.asyncIterator]: () => rest };
    } catch (error) {
      broken = isError(error) ? error : new Error(String(error));
      throw broken;
    }
  };
  try {
    await pipeline(whole, createWriteStream(path));
    return await (file === undefined ? SharedFile.openTemporary(path, background) : SharedFile.open(path, background));
  } catch (error) {
    if (file === undefined) await removeTemporary(path);
    throw broken ?? unwritable(path, error);
  }
}

/** The error for a picture whose file could not be written; the picture itself may be well. */
export function unwritable(path: string, cause: unknown): ImageCacheError {
  const message = `${path} could not be written: ${messageOf(cause)}`;
  return new ImageCacheError('E_IMAGE_CACHE_STORE_UNAVAILABLE', message, { cause });
}

/** Whether an error is of {@link unwritable}'s kind. */
export function isUnwritable(error: unknown): boolean {
  return isImageCacheError(error, 'E_IMAGE_CACHE_STORE_UNAVAILABLE');
}

/** Whether a renderer got as far as writing its file, or its directory has been taken away. */
export async function wasTouched(file: string): Promise<boolean> {
  const [there, directory] = await Promise.allSettled([access(file), access(dirname(file))]);
  return there.status === 'fulfilled' || directory.status === 'rejected';
}
