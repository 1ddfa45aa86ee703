import type { EntryKey, Kind } from '../../../ports/entry.js';

/** What the index knows of an entry. */
export interface IndexRecord {
  /** Last access; milliseconds since the epoch. */
  readonly at: number;
  readonly hits: number;
  /** Length of the body; bytes. */
  readonly size: number;
  /** What the file takes on the disk; bytes. */
  readonly stored: number;
}

/** Bytes of a hash, and of its hexadecimal digits. */
const HASH = 32;

/** Hexadecimal digits of an image's hash. */
export const HASH_DIGITS = 2 * HASH;

const HEXADECIMAL = /^[0-9a-f]{64}$/;

/** Bytes of a number below 2^48: of a time until the year 10889, of a size up to 256 TB. */
const NUMBER = 6;

const HITS = 4;

/**
 * An entry's key within its kind: the hash of the image, that of the operations, the extension. Sorts as the files do.
 * `undefined` for what is no entry of ours.
 */
export function encodeKey({ kind, group, id, extension }: EntryKey): Buffer | undefined {
  if (!HEXADECIMAL.test(group)) return undefined;
  if (kind === 'info') return Buffer.concat([Buffer.from(group, 'hex'), Buffer.from(extension)]);
  if (!HEXADECIMAL.test(id)) return undefined;
  return Buffer.concat([Buffer.from(group, 'hex'), Buffer.from(id, 'hex'), Buffer.from(extension)]);
}

/** Whether an entry can be in the index: others may have put files with names like those of entries into the trees. */
export function isIndexable(key: EntryKey): boolean {
  return encodeKey(key) !== undefined;
}

/** Reverses {@link encodeKey}. */
export function decodeKey(kind: Kind, bytes: Buffer): EntryKey {
  const group = bytes.toString('hex', 0, HASH);
  if (kind === 'info') return { kind, group, id: 'info', extension: bytes.toString('latin1', HASH) };
  return { kind, group, id: bytes.toString('hex', HASH, 2 * HASH), extension: bytes.toString('latin1', 2 * HASH) };
}

/** How many hexadecimal digits the hashes of two entries' images begin with alike. */
export function commonDigits(one: Buffer, other: Buffer): number {
  const [digits, others] = [one.toString('hex', 0, HASH), other.toString('hex', 0, HASH)];
  let common = 0;
  while (common < HASH_DIGITS && digits[common] === others[common]) common += 1;
  return common;
}

/** The keys of an image's entries lie from here … */
export function firstOf(group: string): Buffer {
  return Buffer.from(group, 'hex');
}

/** … up to here, exclusive. An extension is ASCII, and an entry's hash of all ones is none. */
export function endOf(group: string): Buffer {
  return Buffer.concat([Buffer.from(group, 'hex'), Buffer.alloc(HASH, 0xff)]);
}

/** The position of an entry in the order of last access. */
export function encodePosition(at: number, key: Buffer): Buffer {
  const position = Buffer.allocUnsafe(NUMBER + key.byteLength);
  position.writeUIntBE(at, 0, NUMBER);
  key.copy(position, NUMBER);
  return position;
}

/** Reverses {@link encodePosition}. */
export function decodePosition(position: Buffer): { readonly at: number; readonly key: Buffer } {
  return { at: position.readUIntBE(0, NUMBER), key: position.subarray(NUMBER) };
}

/** A record in 22 bytes. */
export function encodeRecord({ at, hits, size, stored }: IndexRecord): Buffer {
  const bytes = Buffer.allocUnsafe(3 * NUMBER + HITS);
  bytes.writeUIntBE(at, 0, NUMBER);
  bytes.writeUIntBE(size, NUMBER, NUMBER);
  bytes.writeUIntBE(stored, 2 * NUMBER, NUMBER);
  bytes.writeUInt32BE(Math.min(hits, 0xffffffff), 3 * NUMBER);
  return bytes;
}

/** Reverses {@link encodeRecord}. */
export function decodeRecord(bytes: Buffer): IndexRecord {
  return {
    at: bytes.readUIntBE(0, NUMBER),
    size: bytes.readUIntBE(NUMBER, NUMBER),
    stored: bytes.readUIntBE(2 * NUMBER, NUMBER),
    hits: bytes.readUInt32BE(3 * NUMBER),
  };
}
