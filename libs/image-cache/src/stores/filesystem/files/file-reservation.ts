import { createReadStream } from 'node:fs';
import { appendFile, mkdir, open, rename, stat, utimes, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ImageCacheError, systemCode } from '../../../common/errors.js';
import { collect, digestOf, takeOver, toBuffer, type Measured } from '../../../common/streams.js';
import { removeTemporary } from '../../../common/temporary-file.js';
import type { CommitBody, OnGrowth, Reservation } from '../../../ports/cache-store.js';
import type { EntryKey, EntryMeta, Generation, NewEntryMeta } from '../../../ports/entry.js';
import { BlockMeter, checksumsOf } from './body-blocks.js';
import { encodeTrailer } from './entry-file.js';
import { isAbsence, stateOf } from './file-access.js';
import { encodeInfoFile } from './info-file.js';
import type { Layout } from './layout.js';
import { removeEmptyParents, withParents } from './with-parents.js';
import type { Claim, Published, Space } from '../space/space.js';

/** An info larger than this is refused; bytes. */
const LARGEST_INFO = 8 * 1024 * 1024;

/** What the making of a directory says that has no room. */
const NO_ROOM: readonly (string | undefined)[] = ['ENOSPC', 'EDQUOT'];

/** What a {@link FileReservation} depends on. */
export interface FileReservationOptions {
  readonly layout: Layout;
  readonly key: EntryKey;
  readonly generation: Generation;
  readonly durable: boolean;
  readonly space: Space;
}

/**
 * An unfinished write: a directory of its own inside the image's directory. Evicting the image moves it away, and since
 * nobody makes it again, whatever the writer does after that fails with ENOENT: the fence.
 */
export class FileReservation implements Reservation {
  readonly generation: Generation;
  readonly #options: FileReservationOptions;
  readonly #directory: string;
  readonly #file: string;
  readonly #claim: Claim;

  private constructor(options: FileReservationOptions, directory: string) {
    this.#options = options;
    this.#directory = directory;
    this.generation = options.generation;
    this.#file = join(directory, `body.${options.key.extension}`);
    this.#claim = options.space.claim(options.key, basename(directory));
  }

  get file(): string | undefined {
    return this.#claim.isOpenEnded ? this.#file : undefined;
  }

  /**
   * Takes a reservation by making its directory.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_STORE_FULL`
   */
  static async take(options: FileReservationOptions): Promise<FileReservation> {
    const { layout, key, space } = options;
    const directory = layout.write(key);
    await space.prepare();
    try {
      await withParents(layout, directory, () => mkdir(directory));
    } catch (cause) {
      if (!NO_ROOM.includes(systemCode(cause))) throw cause;
      space.ranOut(cause);
      const message = `${layout.root} has no room for another directory: bytes or inodes of its file system are used up.`;
      throw new ImageCacheError('E_IMAGE_CACHE_STORE_FULL', message, { cause });
    }
    return new FileReservation(options, directory);
  }

  async commit(source: CommitBody, newMeta: NewEntryMeta): Promise<EntryMeta | 'fenced'> {
    const { announcedLength, lastAccess, ...description } = newMeta;
    const finish = (measured: Measured): EntryMeta => {
      if (announcedLength !== undefined && announcedLength !== measured.size) {
        throw new ImageCacheError(
          'E_IMAGE_CACHE_LENGTH_MISMATCH',
          `The body of ${description.identifier} has ${measured.size} bytes, ${announcedLength} were announced.`,
        );
      }
      return { ...description, ...measured };
    };
    if ('body' in source && source.body instanceof Readable) takeOver(source.body);
    try {
      if (announcedLength !== undefined) await this.#claim.reach(announcedLength);
      const { meta, ...file } = await this.#write(source, finish);
      const at = lastAccess ?? meta.createdAt;
      await this.#publish(at);
      this.#claim.publish({ at, size: meta.size, ...file });
      return meta;
    } catch (error) {
      if (NO_ROOM.includes(systemCode(error))) this.#claim.ranOut();
      if (isAbsence(error) && (await stateOf(this.#directory)) === undefined) return 'fenced';
      throw error;
    } finally {
      await this.abort();
    }
  }

  async abort(): Promise<void> {
    await removeTemporary(this.#file);
    await removeEmptyParents(this.#options.layout, this.#directory);
    this.#claim.end();
  }

  /** Writes body and metadata. */
  async #write(source: CommitBody, finish: (measured: Measured) => EntryMeta): Promise<Written> {
    const { key } = this.#options;
    if (key.kind === 'info' || ('body' in source && Buffer.isBuffer(source.body))) {
      const body = await this.#whole(source);
      const meta = finish({ size: body.byteLength, digest: digestOf(body) });
      const parts =
        key.kind === 'info' ? [encodeInfoFile(key, meta, body)] : [body, encodeTrailer(key, meta, checksumsOf(body))];
      return { meta, ...(await this.#writeWhole(parts)) };
    }
    const meter = new BlockMeter();
    const meta = finish(await this.#measure(source, meter));
    const trailer = encodeTrailer(key, meta, meter.checksums());
    const fileSize = meta.size + trailer.byteLength;
    await this.#claim.reach(fileSize);
    await appendFile(this.#file, trailer);
    if (this.#options.durable) await syncPath(this.#file);
    return { meta, fileSize, inode: (await stat(this.#file)).ino };
  }

  async #whole(source: CommitBody): Promise<Buffer> {
    if ('file' in source) return collect(createReadStream(this.#file), LARGEST_INFO);
    const { body } = source;
    if (!Buffer.isBuffer(body)) return collect(body, LARGEST_INFO);
    if (this.#options.key.kind !== 'info' || body.byteLength <= LARGEST_INFO) return body;
    throw new ImageCacheError('E_IMAGE_CACHE_TOO_LARGE', `An info is not larger than ${LARGEST_INFO} bytes.`);
  }

  async #writeWhole(parts: Buffer[]): Promise<WrittenFile> {
    const length = parts.reduce((sum, part) => sum + part.byteLength, 0);
    await this.#claim.reach(length);
    const handle = await open(this.#file, 'w');
    try {
      await handle.writev(parts);
      const { size, ino } = await handle.stat();
      if (size !== length)
        throw new ImageCacheError('E_IMAGE_CACHE_STORE_UNAVAILABLE', `${this.#file} was written in part only.`);
      if (this.#options.durable) await handle.sync();
      return { fileSize: length, inode: ino };
    } finally {
      await handle.close();
    }
  }

  /** Measures a body in `file`, or writes it there. */
  async #measure(source: CommitBody, meter: BlockMeter): Promise<Measured> {
    if ('file' in source) {
      await this.#claim.reach((await stat(this.#file)).size);
      meter.resume();
      await pipeline(createReadStream(this.#file), meter);
    } else {
      await pipeline(
        source.body as Readable,
        (body) => withSpace(body, this.#claim),
        meter,
        (chunks: AsyncIterable<Buffer>) => writeGrowing(this.#file, chunks, source.onGrowth),
      );
    }
    return meter.result();
  }

  async #publish(lastAccess: number): Promise<void> {
    const { layout, key, durable } = this.#options;
    await utimes(this.#file, lastAccess / 1000, lastAccess / 1000);
    const target = layout.file(key);
    // Whoever has made them may not have come so far, and with one of them the entry would be lost.
    if (durable)
      for (const directory of [...layout.above(target), layout.tree(key.kind)]) await syncPath(dirname(directory));
    await rename(this.#file, target);
    if (durable) await syncPath(dirname(target));
  }
}

/** The file that has been written. */
type WrittenFile = Pick<Published, 'fileSize' | 'inode'>;

interface Written extends WrittenFile {
  readonly meta: EntryMeta;
}

/** Passes a body on as space is set apart for it. */
async function* withSpace(body: AsyncIterable<unknown>, claim: Claim): AsyncGenerator<Buffer> {
  let length = 0;
  for await (const chunk of body) {
    const bytes = toBuffer(chunk);
    length += bytes.byteLength;
    await claim.reach(length);
    yield bytes;
  }
}

/**
 * Writes a body to a file, and tells how far it has come. There is no file before space has been set apart for its
 * beginning: until then, nobody would know of it if this process died.
 */
async function writeGrowing(file: string, chunks: AsyncIterable<Buffer>, onGrowth?: OnGrowth): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    let length = 0;
    for await (const chunk of chunks) {
      handle ??= await open(file, 'w');
      await handle.writeFile(chunk);
      length += chunk.byteLength;
      onGrowth?.(file, length);
    }
  } finally {
    await handle?.close();
  }
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
