import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { digestOf, resolveRange } from '../../../common/streams.js';
import type { ReadOptions } from '../../../ports/cache-store.js';
import type { OpenedEntry } from '../../../ports/opened-entry.js';
import type { ByteRange, EntryKey, EntryMeta, NotModified, StoredEntry } from '../../../ports/entry.js';
import { VerifiedBody } from './body-blocks.js';
import { decodeFooter, decodeMetadata, FOOTER_LENGTH, LONGEST_METADATA, type Metadata } from './entry-file.js';
import { openFile, readAt, type FileState, type OpenedFile } from './file-access.js';
import { decodeInfoFile } from './info-file.js';
import type { Layout } from './layout.js';
import { openedEntry } from './opened-entry.js';

/** Beyond this size a file is not an info. */
export const LARGEST_INFO = 16 * 1024 * 1024;

/** No file is so small that it is read when it is opened. */
const NEVER_WHOLE = -1;

/** What the reader depends on. */
export interface EntryReaderOptions {
  readonly layout: Layout;
  /** Bodies up to this many bytes are read into one Buffer. */
  readonly maxBufferedEntry: number;
  /** The root is on a local file system. */
  readonly local: boolean;
  /** Told of a file that is not the entry it should be. */
  readonly onDamaged: (key: EntryKey, file: FileState) => Promise<void>;
}

interface Described extends FileState {
  readonly meta: EntryMeta;
}

interface Streamed extends Described {
  readonly handle: FileHandle;
  readonly checksums: Buffer;
}

type Opened = (Described & { readonly body: Buffer }) | Streamed;

/** Reads entries from their files and checks all that it reads. A file that is not what it should be is no entry. */
export class EntryReader {
  readonly #options: EntryReaderOptions;

  constructor(options: EntryReaderOptions) {
    this.#options = options;
  }

  async read(key: EntryKey, options: ReadOptions): Promise<StoredEntry | NotModified | undefined> {
    const opened = await this.#open(key);
    if (opened === undefined) return undefined;
    const { meta, mtimeMs: lastAccess } = opened;
    if (options.ifNoneMatch?.includes(meta.digest) === true) {
      if ('handle' in opened) await opened.handle.close();
      return { notModified: true, meta, lastAccess };
    }
    const range = options.range === undefined ? undefined : resolveRange(options.range, meta.size);
    const entry = { meta, lastAccess, ...(range && { range }) };
    if ('handle' in opened) {
      const body = await this.#stream(key, opened, range);
      return body && { ...entry, body };
    }
    return { ...entry, body: range ? opened.body.subarray(range.start, range.end + 1) : opened.body };
  }

  /** Opens the file of an entry with a body of its own. */
  async openFile(key: EntryKey): Promise<OpenedEntry | undefined> {
    const opened = await this.#open(key, NEVER_WHOLE);
    if (opened === undefined || !('handle' in opened)) return undefined;
    return openedEntry({
      ...opened,
      path: this.#options.layout.file(key),
      onDamaged: () => this.#options.onDamaged(key, opened),
    });
  }

  /** Describes an entry; checks its metadata, not its body. */
  async describe(key: EntryKey): Promise<Described | undefined> {
    const opened = await this.#open(key, 0);
    if (opened !== undefined && 'handle' in opened) await opened.handle.close();
    return opened;
  }

  async #open(key: EntryKey, wholeUpTo?: number): Promise<Opened | undefined> {
    const { layout, local, maxBufferedEntry, onDamaged } = this.#options;
    const whole = key.kind === 'info' ? LARGEST_INFO : (wholeUpTo ?? maxBufferedEntry + LONGEST_METADATA);
    const file = await openFile(layout.file(key), { wholeUpTo: whole, sync: local && whole >= 0 });
    if (file === undefined) return undefined;
    const opened = await decode(file, key).catch(async (error: unknown) => {
      if ('handle' in file) await file.handle.close();
      throw error;
    });
    if (opened !== undefined) return opened;
    if ('handle' in file) await file.handle.close();
    await onDamaged(key, file);
    return undefined;
  }

  /** A body whose very beginning is damaged is none. */
  async #stream(key: EntryKey, file: Streamed, range?: ByteRange): Promise<Readable | undefined> {
    const { onDamaged } = this.#options;
    const { meta, handle, checksums } = file;
    const { size, digest } = meta;
    try {
      return await VerifiedBody.open({
        handle,
        size,
        digest,
        checksums,
        range: range ?? { start: 0, end: size - 1 },
        onDamaged: () => void onDamaged(key, file),
      });
    } catch {
      await onDamaged(key, file);
      return undefined;
    }
  }
}

async function decode(file: OpenedFile, key: EntryKey): Promise<Opened | undefined> {
  if (key.kind === 'info') {
    const info = 'bytes' in file ? decodeInfoFile(file.bytes, key) : undefined;
    return info && { ...file, ...info };
  }
  const trailer = await decodeTrailer(file, key);
  if (trailer === undefined) return undefined;
  if ('handle' in file) return { ...file, ...trailer };
  const { meta } = trailer;
  const body = file.bytes.subarray(0, meta.size);
  return digestOf(body) === meta.digest ? { ...file, meta, body } : undefined;
}

async function decodeTrailer(file: OpenedFile, key: EntryKey): Promise<Metadata | undefined> {
  const tailStart = 'bytes' in file ? 0 : Math.max(0, file.size - 4096);
  const tail = 'bytes' in file ? file.bytes : await readAt(file.handle, tailStart, file.size - tailStart);
  if (tail.byteLength !== file.size - tailStart || tail.byteLength < FOOTER_LENGTH) return undefined;
  const footer = decodeFooter(tail.subarray(-FOOTER_LENGTH), file.size);
  if (footer === undefined) return undefined;
  const start = footer.bodyLength - tailStart;
  const metadata =
    start < 0 && 'handle' in file
      ? await readAt(file.handle, footer.bodyLength, footer.metadataLength)
      : tail.subarray(start, start + footer.metadataLength);
  return decodeMetadata(metadata, footer, key);
}
