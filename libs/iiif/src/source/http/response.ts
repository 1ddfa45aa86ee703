import { parseHttpDate, type SourceStamp } from 'nestjs-image-cache';
import { Readable } from 'node:stream';
import { IiifError } from '../../errors.js';
import { detectFormat, SIGNATURE_LENGTH } from '../../render/signature.js';
import { unavailable } from '../source-root.js';

/** Header fields as they come. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Statuses that say that there is no such image. */
export const MISSING: readonly number[] = [404, 410];

/** The first value of a field. */
export function field(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/**
 * What tells one state of an original from the next: its ETag where there is one, since servers differ in what else they
 * say in answer to HEAD; else the date, with the length where it is told.
 */
export function stampOf(headers: Headers, size: number | undefined): SourceStamp {
  const etag = field(headers, 'etag');
  if (etag !== undefined && etag !== '') return { etag };
  const modified = parseHttpDate(field(headers, 'last-modified') ?? '');
  return {
    ...(modified !== undefined && { lastModified: (BigInt(modified) * 1_000_000n).toString() }),
    ...(size !== undefined && { size }),
  };
}

/** The time of a stamp. */
export function modifiedAt({ lastModified }: SourceStamp): number | undefined {
  return lastModified === undefined ? undefined : Number(BigInt(lastModified) / 1_000_000n);
}

/** Bytes of the body that is announced, or of the whole of which it is a part. */
export function sizeOf(headers: Headers): number | undefined {
  const whole = /^bytes (?:\d+-\d+|\*)\/(\d+)$/.exec(field(headers, 'content-range') ?? '')?.[1];
  const length = whole ?? field(headers, 'content-length');
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

/**
 * A body that has begun as an image does. It breaks beyond `limit` bytes, and when it does not come whole.
 *
 * @throws IiifError `E_IIIF_SOURCE_UNSUPPORTED` when it does not begin so, whatever the server calls it
 */
export async function imageBody(body: Readable, limit: number): Promise<Readable> {
  const chunks = limited(body, limit);
  const head: Buffer[] = [];
  try {
    for (let length = 0; length < SIGNATURE_LENGTH;) {
      const next = await chunks.next();
      if (next.done === true) break;
      head.push(next.value);
      length += next.value.byteLength;
    }
    if (detectFormat(Buffer.concat(head)) === undefined) {
      throw new IiifError('E_IIIF_SOURCE_UNSUPPORTED', 'The source is not a JPEG, PNG, WebP, TIFF, GIF or AVIF image.');
    }
  } catch (error) {
    discard(body);
    throw error;
  }
  // A generator that nobody has begun to read does not learn that its reader has gone.
  return Readable.from(begun(head, chunks), { objectMode: false }).once('close', () => {
    discard(body);
  });
}

/** Gives an answer up with its connection. What that breaks off is nobody's any more. */
export function discard(body: Readable): void {
  body.on('error', () => undefined).destroy();
}

async function* begun(head: readonly Buffer[], rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  yield* head;
  yield* rest;
}

async function* limited(body: Readable, limit: number): AsyncGenerator<Buffer> {
  let size = 0;
  try {
    for await (const chunk of body) {
      const bytes = chunk as Buffer;
      size += bytes.byteLength;
      if (size > limit) throw tooLarge();
      yield bytes;
    }
  } catch (error) {
    throw error instanceof IiifError ? error : unavailable('The source image did not come whole.', error);
  }
}

/** The error for an original of more bytes than are fetched. */
export function tooLarge(): IiifError {
  return new IiifError('E_IIIF_SOURCE_TOO_LARGE', 'The source image has too many bytes.');
}
