import { ImageCacheError } from '../../../common/errors.js';
import { keyString } from '../../../keys/entry-keys.js';
import type { EntryKey, EntryMeta } from '../../../ports/entry.js';
import { CHECKSUM_LENGTH, checksumOf, checksumsLength } from './body-blocks.js';

/**
 * Files of variants and originals: the body first, so that the file opens in any viewer, then a trailer:
 *
 * | bytes | |
 * |---|---|
 * | 16 each | SHA-256 of the body's blocks of 64 KB, first halves; of a body of several blocks |
 * | n | metadata and key, JSON |
 * | 16 | SHA-256 of all of that, first half |
 * | 8 | length of the body |
 * | 4 | length of the JSON |
 * | 4 | format version |
 * | 8 | magic |
 */
const MAGIC = Buffer.from('NJIMGC\r\n', 'latin1');

const VERSION = 1;

/** Length of the fixed end of a trailer; bytes. */
export const FOOTER_LENGTH = 40;

/** Metadata larger than this is not ours. */
export const LONGEST_METADATA = 64 * 1024;

/** What a footer says. */
export interface Footer {
  readonly bodyLength: number;
  /** Of what lies between body and footer: checksums and metadata. */
  readonly metadataLength: number;
  readonly checksum: Buffer;
}

/** What lies between body and footer. */
export interface Metadata {
  readonly meta: EntryMeta;
  /** Of the body's blocks. */
  readonly checksums: Buffer;
}

/**
 * What is written behind the body.
 *
 * @param checksums of the body's blocks
 * @throws ImageCacheError `E_IMAGE_CACHE_TOO_LARGE` when the metadata could not be read again
 */
export function encodeTrailer(key: EntryKey, meta: EntryMeta, checksums: Buffer): Buffer {
  const metadata = Buffer.from(JSON.stringify({ key: keyString(key), meta }));
  if (metadata.byteLength > LONGEST_METADATA)
    throw new ImageCacheError('E_IMAGE_CACHE_TOO_LARGE', `The metadata of ${keyString(key)} are too large.`);
  const footer = Buffer.alloc(FOOTER_LENGTH);
  checksumOf(Buffer.concat([checksums, metadata])).copy(footer, 0);
  footer.writeBigUInt64BE(BigInt(meta.size), 16);
  footer.writeUInt32BE(metadata.byteLength, 24);
  footer.writeUInt32BE(VERSION, 28);
  MAGIC.copy(footer, 32);
  return Buffer.concat([checksums, metadata, footer]);
}

/** Reads the last bytes of a file of `fileSize` bytes; `undefined` when they are not a footer that fits the file. */
export function decodeFooter(footer: Buffer, fileSize: number): Footer | undefined {
  if (
    footer.byteLength !== FOOTER_LENGTH ||
    !footer.subarray(32).equals(MAGIC) ||
    footer.readUInt32BE(28) !== VERSION
  ) {
    return undefined;
  }
  const bodyLength = Number(footer.readBigUInt64BE(16));
  const documentLength = footer.readUInt32BE(24);
  const metadataLength = checksumsLength(bodyLength) + documentLength;
  if (documentLength > LONGEST_METADATA || bodyLength + metadataLength + FOOTER_LENGTH !== fileSize) return undefined;
  return { bodyLength, metadataLength, checksum: footer.subarray(0, CHECKSUM_LENGTH) };
}

/** Reads the metadata that a footer announces; `undefined` when they are damaged or of another entry. */
export function decodeMetadata(metadata: Buffer, footer: Footer, key: EntryKey): Metadata | undefined {
  if (!checksumOf(metadata).equals(footer.checksum)) return undefined;
  const start = checksumsLength(footer.bodyLength);
  const document = JSON.parse(metadata.toString('utf8', start)) as { readonly key: string; readonly meta: EntryMeta };
  const { key: written, meta } = document;
  return written === keyString(key) && meta.size === footer.bodyLength
    ? { meta, checksums: metadata.subarray(0, start) }
    : undefined;
}
