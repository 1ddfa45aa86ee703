import { createHash } from 'node:crypto';
import type { EntryKey, EntryMeta } from '../../../ports/entry.js';
import { decodeFooter, decodeMetadata, FOOTER_LENGTH } from '../files/entry-file.js';
import { LARGEST_INFO } from '../files/entry-reader.js';
import { decodeInfoFile } from '../files/info-file.js';
import type { Disk, DiskFile, DiskState } from './disk.js';

/** What was found in the file of an entry. */
export interface Probed {
  readonly state: DiskState;
  /** Missing in a file that is not the entry it should be. */
  readonly meta?: EntryMeta | undefined;
}

/** Bytes that are read at a time. */
const CHUNK = 256 * 1024;

/** Reads what an entry says of itself; `undefined` when there is no such file. The body of a variant is not read. */
export function probe(disk: Disk, path: string, key: EntryKey): Probed | undefined {
  return disk.use(path, (file) => ({ state: file.state, meta: metaOf(file, key) }));
}

/** Reads all of an entry and compares it with its digest; tells of the bytes as they are read. */
export function verify(
  disk: Disk,
  { path, key }: { readonly path: string; readonly key: EntryKey },
  onRead: (bytes: number) => void,
): Probed | undefined {
  return disk.use(path, (file) => {
    const { state } = file;
    const meta = metaOf(file, key);
    if (key.kind === 'info' || meta === undefined) {
      onRead(key.kind === 'info' ? state.size : 0);
      return { state, meta };
    }
    return { state, meta: digestOfBody(file, meta.size, onRead) === meta.digest ? meta : undefined };
  });
}

function metaOf(file: DiskFile, key: EntryKey): EntryMeta | undefined {
  const { size } = file.state;
  if (key.kind === 'info') return size > LARGEST_INFO ? undefined : decodeInfoFile(readPart(file, 0, size), key)?.meta;
  const footer =
    size < FOOTER_LENGTH ? undefined : decodeFooter(readPart(file, size - FOOTER_LENGTH, FOOTER_LENGTH), size);
  return footer && decodeMetadata(readPart(file, footer.bodyLength, footer.metadataLength), footer, key)?.meta;
}

function digestOfBody(file: DiskFile, size: number, onRead: (bytes: number) => void): string {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafeSlow(Math.min(size, CHUNK));
  for (let position = 0; position < size;) {
    const part = buffer.subarray(0, Math.min(CHUNK, size - position));
    const read = file.read(part, position);
    // Cut short meanwhile.
    if (read === 0) break;
    hash.update(part.subarray(0, read));
    position += read;
    onRead(read);
  }
  return hash.digest('base64url');
}

function readPart(file: DiskFile, position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafeSlow(length);
  return buffer.subarray(0, file.read(buffer, position));
}
