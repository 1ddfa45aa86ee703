import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import type { Background } from '../common/background.js';
import { abortError, untilAborted } from '../common/deadline.js';
import { ImageCacheError, isImageCacheError } from '../common/errors.js';
import { toBuffer } from '../common/streams.js';
import type { RenderedImage } from '../ports/image-info.js';
import { FilePlace, MemoryPlace } from './body-places.js';
import { PlacesInTurn, type NextPlace } from './places-in-turn.js';
import { SharedBody } from './shared-body.js';

/** A picture that has been rendered: whole in memory, or to be read from where it is, also while it grows. */
export type RenderedBody = Buffer | SharedBody;

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
  /** Told when a file takes no more of a body, which goes elsewhere then; with the name of the file, if it was given. */
  readonly onUnwritable: (error: ImageCacheError, file: string) => void;
  readonly background: Background;
}

/** Bytes of a body that may be held in memory when no file takes them. */
export const MEMORY_WITHOUT_FILE = 64 * 1024 * 1024;

/**
 * Takes a picture as the renderer returned it. A stream that turns out to be longer than the limit is given at once: it
 * grows in the file, or where else there is room, and what ends it uncleanly breaks the body.
 *
 * @throws what the stream threw; ImageCacheError `E_IMAGE_CACHE_LENGTH_MISMATCH` when it has not the announced length,
 * `E_IMAGE_CACHE_TOO_LARGE` when it does not end
 */
export async function materialize(image: RenderedImage, options: MaterializeOptions): Promise<RenderedBody> {
  const { body, announcedLength } = image;
  if (body instanceof Readable) {
    const { maxSize, signal } = options;
    return fromStream(bytesOf(body, { maxSize, signal, announcedLength }), options);
  }
  const made = Buffer.isBuffer(body) ? body : await SharedBody.ofFile(body.file, options.background);
  try {
    requireLength(Buffer.isBuffer(made) ? made.byteLength : made.size, announcedLength);
    return made;
  } catch (error) {
    releaseBody(made);
    throw error;
  }
}

/** Says that a body is needed no more by the one who made it. */
export function releaseBody(body: RenderedBody): void {
  if (!Buffer.isBuffer(body)) body.release();
}

async function fromStream(bytes: AsyncGenerator<Buffer>, options: MaterializeOptions): Promise<RenderedBody> {
  const chunks: Buffer[] = [];
  let size = 0;
  for (let next = await bytes.next(); next.done !== true; next = await bytes.next()) {
    chunks.push(next.value);
    size += next.value.byteLength;
    if (size > options.limit) return growing(Buffer.concat(chunks, size), bytes, options);
  }
  return Buffer.concat(chunks, size);
}

async function growing(
  start: Buffer,
  rest: AsyncGenerator<Buffer>,
  { file, onUnwritable, background }: MaterializeOptions,
): Promise<SharedBody> {
  const place = new PlacesInTurn(placesFor(file), onUnwritable);
  try {
    return await SharedBody.growing(place, { start, rest, background });
  } catch (error) {
    await rest.return(undefined);
    throw error;
  }
}

/** Where a body may be kept: what has begun to be answered is not to fail of a disk that is full. */
function placesFor(file: string | undefined): readonly NextPlace[] {
  return [
    ...(file === undefined ? [] : [{ name: file, open: () => FilePlace.create(file) }]),
    { name: tmpdir(), open: () => FilePlace.temporary() },
    { name: 'memory', open: () => Promise.resolve(new MemoryPlace(MEMORY_WITHOUT_FILE)) },
  ];
}

/** What holds of the bytes of a stream. */
type StreamLimits = Pick<MaterializeOptions, 'maxSize' | 'signal'> & {
  readonly announcedLength: number | undefined;
};

/**
 * The bytes of a stream, to its clean end. Whatever ends it otherwise, the stream is destroyed; a stream that does not
 * heed that is not waited for.
 */
async function* bytesOf(stream: Readable, { maxSize, signal, announcedLength }: StreamLimits): AsyncGenerator<Buffer> {
  const chunks: AsyncIterator<unknown> = stream[Symbol.asyncIterator]();
  const next = (): Promise<IteratorResult<unknown>> => untilAborted(chunks.next(), signal);
  let isOver = false;
  let size = 0;
  try {
    for (let chunk = await next(); chunk.done !== true; chunk = await next()) {
      const bytes = toBuffer(chunk.value);
      size += bytes.byteLength;
      if (size > maxSize)
        throw new ImageCacheError('E_IMAGE_CACHE_TOO_LARGE', `The picture is larger than ${maxSize} bytes.`);
      if (announcedLength !== undefined && size > announcedLength) requireLength(size, announcedLength);
      yield bytes;
    }
    isOver = true;
    requireLength(size, announcedLength);
  } finally {
    // Without an error, a stream that was taken over would go on.
    stream.destroy(isOver ? undefined : abortError(signal));
  }
}

function requireLength(size: number, announced = size): void {
  if (size === announced) return;
  const message = `The handler announced ${announced} bytes and gave ${size}.`;
  throw new ImageCacheError('E_IMAGE_CACHE_LENGTH_MISMATCH', message);
}

/** Whether a file could not be written, whatever the picture is. */
export function isUnwritable(error: unknown): boolean {
  return isImageCacheError(error, 'E_IMAGE_CACHE_STORE_UNAVAILABLE');
}

/** Whether a renderer got as far as writing its file, or its directory cannot be written to, or is gone. */
export async function wasTouched(file: string): Promise<boolean> {
  const [there, directory] = await Promise.allSettled([access(file), access(dirname(file), constants.W_OK)]);
  return there.status === 'fulfilled' || directory.status === 'rejected';
}
