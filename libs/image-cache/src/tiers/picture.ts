import type { Readable } from 'node:stream';
import { digestOf } from '../common/streams.js';
import type { CommitBody, Reservation } from '../ports/cache-store.js';
import type { EntryMeta } from '../ports/entry.js';
import type { RenderedBody } from './rendered-body.js';

/**
 * Metadata of a picture that may not be in any store: the digest is there where the body is in memory, the size where it
 * has been announced or all of the body is there.
 */
export type PictureMeta = Omit<EntryMeta, 'digest' | 'size'> & Partial<Pick<EntryMeta, 'digest' | 'size'>>;

/** A picture that has been rendered. */
export interface Picture {
  readonly meta: PictureMeta;
  readonly body: RenderedBody;
  /** Whether the store has accepted it for storing. */
  readonly stored: boolean;
  /** Resolves when it is in the store, with `false` when it will not be, without a value when its body broke. */
  readonly written: Promise<boolean | undefined>;
  /** Resolves when its body grows no more, and what is to become of it is known; absent when that was so before. */
  readonly ended?: Promise<void>;
}

/** A picture with its body open for one reader. */
export interface Opened {
  readonly meta: PictureMeta;
  readonly body: Buffer | Readable;
}

/** Opens the body of a picture for one more reader. Throws what has broken it. */
export function opened({ meta, body }: Pick<Picture, 'meta' | 'body'>): Opened {
  return Buffer.isBuffer(body) ? { meta, body } : { meta: { ...meta, ...measure(body) }, body: body.read() };
}

/** What is known of a body by itself; the digest, where it is in memory. */
export function measure(body: RenderedBody): Pick<PictureMeta, 'size' | 'digest'> {
  if (Buffer.isBuffer(body)) return { size: body.byteLength, digest: digestOf(body) };
  return body.isComplete ? { size: body.size } : {};
}

/** Bytes in memory while it is stored; a store without files takes bodies whole. */
export function bytesHeld(body: RenderedBody, { file }: Reservation): number {
  if (Buffer.isBuffer(body)) return body.byteLength;
  return file === undefined ? body.size : 0;
}

/** The body as a store takes it. */
export function commitBody(body: RenderedBody, { file }: Reservation): CommitBody {
  if (Buffer.isBuffer(body)) return { body };
  return body.path === file ? { file: true } : { body: body.read() };
}
