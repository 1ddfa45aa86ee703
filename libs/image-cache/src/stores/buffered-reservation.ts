import { ImageCacheError } from '../common/errors.js';
import { collect, digestOf } from '../common/streams.js';
import type { CommitBody, Reservation } from '../ports/cache-store.js';
import type { Clock } from '../ports/clock.js';
import type { EntryMeta, Generation, NewEntryMeta } from '../ports/entry.js';

/** An entry whose body has come to its end. */
export interface BufferedEntry {
  readonly meta: EntryMeta;
  readonly body: Buffer;
  /** Milliseconds since the epoch: that of the original where the entry is a copy, else the time of the commit. */
  readonly lastAccess: number;
}

/** What a {@link BufferedReservation} depends on. */
export interface BufferedReservationOptions {
  /** The generation of the image when the reservation was taken. */
  readonly generation: Generation;
  /** Bytes that a body may have. */
  readonly limit: number;
  /** The clock of the store's context. */
  readonly clock: Clock;
  /**
   * Makes the entry readable, or answers `false`: an eviction came in between. Comparing the generation and publishing
   * have to be one step. Called at most once.
   */
  readonly publish: (entry: BufferedEntry) => boolean | Promise<boolean>;
  /** Called once when the reservation ends without an entry. */
  readonly onUnused?: () => void;
}

/**
 * A write to a store that takes bodies whole: nothing is anywhere until the body has come to its clean end. Takes Buffers
 * and streams, checks the announced length and the limit, computes size and digest, and is used once.
 */
export class BufferedReservation implements Reservation {
  readonly generation: Generation;
  readonly #options: BufferedReservationOptions;
  #ended = false;

  constructor(options: BufferedReservationOptions) {
    this.#options = options;
    this.generation = options.generation;
  }

  /**
   * Publishes the entry, or answers `'fenced'`.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_LENGTH_MISMATCH` when the body has not the announced length,
   * `E_IMAGE_CACHE_TOO_LARGE` when it is larger than the limit, `E_IMAGE_CACHE_UNSUPPORTED` when it is in a file, or what
   * the body or `publish` threw
   */
  async commit(source: CommitBody, newMeta: NewEntryMeta): Promise<EntryMeta | 'fenced'> {
    const { announcedLength, lastAccess, ...description } = newMeta;
    const body = await this.#whole(source, announcedLength);
    if (this.#ended) return 'fenced';
    this.#ended = true;
    const { clock, publish } = this.#options;
    const meta = { ...description, size: body.byteLength, digest: digestOf(body) };
    let published = false;
    try {
      published = await publish({ meta, body, lastAccess: lastAccess ?? clock.now() });
      return published ? meta : 'fenced';
    } finally {
      if (!published) this.#options.onUnused?.();
    }
  }

  /** Waits for nobody: who gives up has a failure of its own to tell. */
  abort(): Promise<void> {
    this.#giveUp();
    return Promise.resolve();
  }

  #giveUp(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onUnused?.();
  }

  async #whole(source: CommitBody, announcedLength: number | undefined): Promise<Buffer> {
    try {
      const body = await this.#collect(source);
      if (announcedLength === undefined || announcedLength === body.byteLength) return body;
      throw new ImageCacheError(
        'E_IMAGE_CACHE_LENGTH_MISMATCH',
        `The body has ${body.byteLength} bytes, ${announcedLength} were announced.`,
      );
    } catch (error) {
      this.#giveUp();
      throw error;
    }
  }

  async #collect(source: CommitBody): Promise<Buffer> {
    const { limit } = this.#options;
    if ('file' in source) throw new ImageCacheError('E_IMAGE_CACHE_UNSUPPORTED', 'This reservation has no file.');
    if (!Buffer.isBuffer(source.body)) return collect(source.body, limit);
    if (source.body.byteLength <= limit) return source.body;
    throw new ImageCacheError('E_IMAGE_CACHE_TOO_LARGE', `The body is larger than the ${limit} bytes that fit in.`);
  }
}
