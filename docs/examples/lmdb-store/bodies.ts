import type { Database, GetOptions, RootDatabase } from 'lmdb';
import { ImageCacheError, type ByteRange } from 'nestjs-image-cache';
import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';

/** Bytes. A range is found without reading what is before it, and no large body is in memory whole. */
const CHUNK = 256 * 1024;

/** What is required of a body, and when it is written. */
export interface WriteOptions {
  readonly at: number;
  readonly limit: number;
  readonly announcedLength: number | undefined;
}

/** Bodies in chunks. A body is written before an entry has it, and never changes. */
export class Bodies {
  readonly #root: RootDatabase;
  readonly #chunks: Database<Buffer, [string, number]>;
  /** Bodies that no entry has yet, with the time when they were begun. */
  readonly #unfinished: Database<number, string>;
  readonly #streams = new Set<Readable>();

  constructor(root: RootDatabase) {
    this.#root = root;
    this.#chunks = root.openDB({ name: 'chunks', encoding: 'binary' });
    this.#unfinished = root.openDB({ name: 'unfinished' });
  }

  /** Writes a body for an entry to come; nothing remains of one that fails. */
  async write(body: Buffer | Readable, { at, limit, announcedLength }: WriteOptions) {
    const id = randomUUID();
    const hash = createHash('sha256');
    let [size, number] = [0, 0];
    await this.#unfinished.put(id, at);
    try {
      for await (const chunk of inChunks(body)) {
        size += chunk.byteLength;
        if (size > limit) throw new ImageCacheError('E_IMAGE_CACHE_TOO_LARGE', `More than ${limit} bytes`);
        hash.update(chunk);
        await this.#chunks.put([id, number++], chunk);
      }
      if (size === (announcedLength ?? size)) return { id, size, digest: hash.digest('base64url') };
      throw new ImageCacheError('E_IMAGE_CACHE_LENGTH_MISMATCH', `${size} bytes, ${announcedLength ?? 0} announced`);
    } catch (error) {
      await this.#root.childTransaction(() => {
        this.discard(id);
      });
      throw error;
    }
  }

  /** Says that an entry has a body now, within a transaction; `false` when the body was taken for abandoned. */
  finish(id: string): boolean {
    return this.#unfinished.removeSync(id);
  }

  /** Removes a body, within a transaction. */
  discard(id: string): void {
    this.#unfinished.removeSync(id);
    for (let number = 0; this.#chunks.removeSync([id, number]); number += 1);
  }

  /** The bodies that were begun before some time and that no entry has. */
  abandoned(before: number): readonly string[] {
    return [...this.#unfinished.getRange()].filter(({ value }) => value < before).map(({ key }) => key);
  }

  /** A part of a body in memory. */
  read(id: string, range: ByteRange): Buffer {
    return Buffer.concat([...this.#pieces(id, range)]);
  }

  /** A part of a body, chunk by chunk, out of one snapshot: whoever replaces or evicts it meanwhile. */
  stream(id: string, range: ByteRange): Readable {
    const transaction = this.#root.useReadTransaction();
    const pieces = this.#pieces(id, range, { transaction });
    const streams = this.#streams;
    const stream: Readable = new Readable({
      read() {
        const { value, done } = pieces.next();
        this.push(done === true ? null : value);
      },
      // Not on 'close', which comes later: an environment must not be closed before its transactions.
      destroy(error, callback) {
        transaction.done();
        streams.delete(stream);
        callback(error);
      },
    });
    streams.add(stream);
    return stream;
  }

  /** Ends what is being read: readers see that the body breaks off. */
  close(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  *#pieces(id: string, { start, end }: ByteRange, options?: GetOptions) {
    for (let number = Math.floor(start / CHUNK); number * CHUNK <= end; number += 1) {
      const chunk = this.#chunks.get([id, number], options);
      if (chunk === undefined) throw new ImageCacheError('E_IMAGE_CACHE_CORRUPT', `Chunk ${number} is missing`);
      yield chunk.subarray(Math.max(0, start - number * CHUNK), end + 1 - number * CHUNK);
    }
  }
}

/** Cuts a body into chunks of one size, but for the last one. */
async function* inChunks(body: Buffer | Readable): AsyncGenerator<Buffer> {
  let held: Buffer = Buffer.alloc(0);
  for await (const piece of Buffer.isBuffer(body) ? [body] : (body as AsyncIterable<Buffer>)) {
    held = held.byteLength === 0 ? piece : Buffer.concat([held, piece]);
    for (; held.byteLength >= CHUNK; held = held.subarray(CHUNK)) yield held.subarray(0, CHUNK);
  }
  if (held.byteLength > 0) yield held;
}
