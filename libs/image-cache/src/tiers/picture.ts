import type { Readable } from 'node:stream';
import { digestOf } from '../common/streams.js';
import type { CommitBody, Reservation } from '../ports/cache-store.js';
import type { EntryMeta } from '../ports/entry.js';
import type { RenderedBody } from './rendered-body.js';

/** Metadata of a picture that may not be in any store; the digest is there where the body is in memory. */
export type PictureMeta = Omit<EntryMeta, 'digest'> & { readonly digest?: string };

/** A picture that has been rendered. */
export interface Picture {
  readonly meta: PictureMeta;
  readonly body: RenderedBody;
  /** Whether the store has accepted it for storing. */
  readonly stored: boolean;
  /** Resolves when it is in the store, with `false` when it will not be. */
  readonly written: Promise<boolean>;
}

/** A picture with its body open for one reader. */
export interface Opened {
  readonly meta: PictureMeta;
  readonly body: Buffer | Readable;
}

/** Opens the body of a picture for one more reader. */
export function opened({ meta, body }: Pick<Picture, 'meta' | 'body'>): Opened {
  return { meta, body: Buffer.isBuffer(body) ? body : body.read() };
}

/** What is known of a body by itself; the digest, where it is in memory. */
export function measure(body: RenderedBody): Pick<PictureMeta, 'size' | 'digest'> {
  return Buffer.isBuffer(body) ? { size: body.byteLength, digest: digestOf(body) } : { size: body.size };
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
