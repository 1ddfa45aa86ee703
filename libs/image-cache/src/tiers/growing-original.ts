import type { Readable } from 'node:stream';
import { systemCode, toError } from '../common/errors.js';
import { News } from '../common/news.js';
import type { ByteRange } from '../ports/entry.js';
import type { OriginalMeta, ReadableOriginal } from '../ports/opened-entry.js';
import { FilePlace } from './body-places.js';
import { BodyReader, CHUNK } from './body-reader.js';

/** An original of known length while it is written to its file: what is there can be read, and the rest as it comes. */
export class GrowingOriginal {
  readonly #meta: OriginalMeta;
  readonly #news = new News();
  #file = '';
  #length = 0;
  #failure: Error | undefined;

  constructor(meta: OriginalMeta) {
    this.#meta = meta;
  }

  /** Says how many bytes the file has by now. */
  grow(file: string, bytes: number): void {
    this.#file = file;
    this.#length = bytes;
    this.#news.tell();
  }

  /** Says that no more will come: who waits for more is broken off. */
  break(error: unknown): void {
    this.#failure = toError(error);
    this.#news.tell();
  }

  /** Opens it, each reader for itself; `undefined` when its file has another name by now. */
  async open(): Promise<ReadableOriginal | undefined> {
    try {
      const file = await FilePlace.open(this.#file);
      return { meta: this.#meta, stream: (range) => this.#stream(file, range), close: () => file.close() };
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #stream(file: FilePlace, { start, end }: ByteRange = { start: 0, end: this.#meta.size - 1 }): Readable {
    return new BodyReader({
      start,
      bytesAt: (position) => {
        if (position > end) return Promise.resolve(undefined);
        const there = Math.min(end + 1, this.#length) - position;
        if (there > 0) return file.read(position, Math.min(CHUNK, there));
        return this.#failure === undefined ? 'later' : Promise.reject(this.#failure);
      },
      onNews: (wake) => this.#news.wait(wake),
      onDone: () => void file.close(),
    });
  }
}
