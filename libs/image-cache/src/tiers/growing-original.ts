import type { Readable } from 'node:stream';
import type { Background } from '../common/background.js';
import { ImageCacheError, toError } from '../common/errors.js';
import { News } from '../common/news.js';
import type { ByteRange } from '../ports/entry.js';
import type { OriginalMeta, ReadableOriginal } from '../ports/opened-entry.js';
import { FilePlace } from './body-places.js';
import { BodyReader, CHUNK } from './body-reader.js';

/**
 * An original of known length while it is written to its file: what is there can be read, and the rest as it comes. Its last
 * byte is given when all of it has proved to be there, so that nobody takes another length for the whole.
 */
export class GrowingOriginal {
  readonly #meta: OriginalMeta;
  readonly #background: Background;
  readonly #news = new News();
  #file = '';
  #length = 0;
  #isWhole = false;
  #failure: Error | undefined;

  constructor(meta: OriginalMeta, background: Background) {
    this.#meta = meta;
    this.#background = background;
  }

  /** Whether nothing more will come. */
  get isOver(): boolean {
    return this.#isWhole || this.#failure !== undefined;
  }

  /** Says how many bytes the file has by now. */
  grow(file: string, bytes: number): void {
    this.#file = file;
    this.#length = bytes;
    if (bytes > this.#meta.size) this.end(new Error('More has come than was announced.'));
    else this.#news.tell();
  }

  /** Says that no more will come. Without a failure, and when as much has come as was announced, it is whole. */
  end(failure?: unknown): void {
    if (this.isOver) return;
    const { identifier, size } = this.#meta;
    if (failure !== undefined) this.#failure = toError(failure);
    else if (this.#length === size) this.#isWhole = true;
    else
      this.#failure = new ImageCacheError(
        'E_IMAGE_CACHE_LENGTH_MISMATCH',
        `${this.#length} bytes of ${identifier} have come, ${size} were announced.`,
      );
    this.#news.tell();
  }

  /** Opens it, each reader for itself; `undefined` when it cannot be, as when its file has another name by now. */
  async open(): Promise<ReadableOriginal | undefined> {
    const file = await FilePlace.open(this.#file).catch(() => undefined);
    return file && { meta: this.#meta, stream: (range) => this.#stream(file, range), close: () => file.close() };
  }

  #stream(file: FilePlace, { start, end }: ByteRange = { start: 0, end: this.#meta.size - 1 }): Readable {
    return new BodyReader({
      start,
      bytesAt: (position) => {
        if (position > end) return Promise.resolve(undefined);
        const there = Math.min(end + 1, this.#readable) - position;
        if (there > 0) return file.read(position, Math.min(CHUNK, there));
        return this.#failure === undefined ? 'later' : Promise.reject(this.#failure);
      },
      onNews: (wake) => this.#news.wait(wake),
      onDone: () => {
        this.#background.run('closing an original', () => file.close());
      },
    });
  }

  get #readable(): number {
    return this.#isWhole ? this.#length : Math.min(this.#length, this.#meta.size - 1);
  }
}
