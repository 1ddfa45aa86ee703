import type { Readable } from 'node:stream';
import type { ByteRange, EntryMeta } from './entry.js';

/** What is known of an original before all of it is there. */
export type OriginalMeta = Omit<EntryMeta, 'digest'>;

/** An original that can be read until it is closed, though all of it may not be there yet. */
export interface ReadableOriginal {
  readonly meta: OriginalMeta;
  /**
   * The body, or a part of it; what is not there yet is waited for, and breaks the stream when it does not come. The
   * original is closed when the stream ends or is destroyed.
   */
  stream(range?: ByteRange): Readable;
  /** Gives the file back; harmless when that is done already. */
  close(): Promise<void>;
}

/** An entry with its file open: it can be read until it is closed, whatever becomes of the entry meanwhile. */
export interface OpenedEntry {
  readonly meta: EntryMeta;
  /** Milliseconds since the epoch. */
  readonly lastAccess: number;
  /** A path at which decoders can open the body, until {@link close}. The file may have more behind the body. */
  readonly file: string;
  /** Reads the whole body; `false` when it is not what was written, and has been set aside. */
  verify(): Promise<boolean>;
  /** The body, or a part of it. No byte leaves unverified; the entry is closed when the stream ends or is destroyed. */
  stream(range?: ByteRange): Readable;
  /** Gives the file back; harmless when that is done already. */
  close(): Promise<void>;
}
