import { Writable, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Background } from '../common/background.js';
import { toError } from '../common/errors.js';
import { News } from '../common/news.js';
import { FilePlace, type Place } from './body-places.js';
import { BodyReader, CHUNK } from './body-reader.js';

/** Bytes that wait to be written. */
const UNWRITTEN = 64 * 1024;

/** How a body comes. */
export interface Growth {
  readonly start: Buffer;
  readonly rest: AsyncIterable<Buffer>;
  readonly background: Background;
}

/**
 * A body in a file, or where else there is room for it, that several readers share, each at its own position, also while
 * it grows. It is closed when the one who made it and all readers are done, and can be read until then whatever becomes
 * of the file's name. A reader that is slow, or leaves, disturbs nobody; a body that breaks, breaks for all.
 */
export class SharedBody {
  readonly #place: Place;
  readonly #background: Background;
  readonly #news = new News();
  #size = 0;
  #isComplete = false;
  #failure: Error | undefined;
  #users = 1;

  private constructor(place: Place, background: Background) {
    this.#place = place;
    this.#background = background;
  }

  /** The body in a file that has been written. */
  static async ofFile(path: string, background: Background): Promise<SharedBody> {
    const file = await FilePlace.open(path);
    const body = new SharedBody(file, background);
    try {
      body.#size = await file.size();
    } catch (error) {
      body.release();
      throw error;
    }
    body.#complete();
    return body;
  }

  /**
   * A body that is appended to a place from now on; what fails the rest of it breaks it.
   *
   * @throws what the place throws when it has no room for the start; the rest is not touched then
   */
  static async growing(place: Place, { start, rest, background }: Growth): Promise<SharedBody> {
    const body = new SharedBody(place, background);
    try {
      await body.#append(start);
    } catch (error) {
      body.release();
      throw error;
    }
    body.#appendAll(rest);
    return body;
  }

  /** The file that has all of it, if one has. */
  get path(): string | undefined {
    return this.#place.path;
  }

  /** Bytes that are there. */
  get size(): number {
    return this.#size;
  }

  /** Whether all of it is there. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Waits until all of it is there. Throws what breaks it. */
  async completed(): Promise<void> {
    while (this.#isGrowing) await this.#news.next();
    this.#requireSound();
  }

  /** The body from its start, as far as it is there and then as it grows. Throws what has broken it. */
  read(): Readable {
    this.#requireSound();
    this.#users += 1;
    return new BodyReader({
      bytesAt: (position) => (position === this.#size && this.#isGrowing ? 'later' : this.#bytesAt(position)),
      onNews: (wake) => this.#news.wait(wake),
      onDone: () => {
        this.release();
      },
    });
  }

  /** Says that the one who made it needs it no more. */
  release(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#background.run('closing a picture', () => this.#place.close());
  }

  /** Says that it will never be whole. */
  break(error: unknown): void {
    if (!this.#isGrowing) return;
    this.#failure = toError(error);
    this.#news.tell();
  }

  get #isGrowing(): boolean {
    return !this.#isComplete && this.#failure === undefined;
  }

  #requireSound(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The place stays open for as long as something may be added. */
  #appendAll(rest: AsyncIterable<Buffer>): void {
    this.#users += 1;
    const complete = (): void => {
      this.#complete();
      this.release();
    };
    const fail = (error: unknown): void => {
      this.break(error);
      this.release();
    };
    pipeline(rest, this.#appender()).then(complete, fail);
  }

  /** Takes as much at a time as has come while the last was written. */
  #appender(): Writable {
    return new Writable({
      highWaterMark: UNWRITTEN,
      writev: (chunks, done) => {
        const succeed = (): void => {
          done();
        };
        // The rest may not come for long: who reads is told now.
        const fail = (error: unknown): void => {
          this.break(error);
          done(toError(error));
        };
        this.#append(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer))).then(succeed, fail);
      },
    });
  }

  async #append(bytes: Buffer): Promise<void> {
    for (let start = 0; start < bytes.byteLength;) {
      this.#requireSound();
      const taken = await this.#place.append(bytes.subarray(start));
      start += taken;
      this.#size += taken;
      this.#news.tell();
    }
  }

  #complete(): void {
    this.#isComplete = this.#isGrowing;
    this.#news.tell();
  }

  async #bytesAt(position: number): Promise<Buffer | undefined> {
    this.#requireSound();
    if (position === this.#size) return undefined;
    return this.#place.read(position, Math.min(CHUNK, this.#size - position));
  }
}
