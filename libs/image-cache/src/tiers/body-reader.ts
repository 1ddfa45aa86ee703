import { Readable } from 'node:stream';
import { toError } from '../common/errors.js';

/** Bytes that are read at a time. */
export const CHUNK = 64 * 1024;

/** What a {@link BodyReader} reads. */
export interface Readings {
  /** @default 0 */
  readonly start?: number | undefined;
  /** The bytes from a position on, `undefined` behind the last, or `'later'` when they have not come yet. */
  readonly bytesAt: (position: number) => Promise<Buffer | undefined> | 'later';
  /** Wakes when something has changed, unless the result is called before. */
  readonly onNews: (wake: () => void) => () => void;
  /** Told when all has been read, or is not wanted any more. */
  readonly onDone: () => void;
}

/** One reader. When it leaves, nothing that it waits for keeps it. */
export class BodyReader extends Readable {
  readonly #readings: Readings;
  #position: number;
  #leave: (() => void) | undefined;

  constructor(readings: Readings) {
    super({ highWaterMark: CHUNK });
    this.#readings = readings;
    this.#position = readings.start ?? 0;
  }

  override _read(): void {
    const bytes = this.#readings.bytesAt(this.#position);
    if (bytes === 'later') {
      this.#leave = this.#readings.onNews(() => {
        this._read();
      });
      return;
    }
    bytes.then(
      (chunk) => {
        if (this.destroyed) return;
        this.#position += chunk?.byteLength ?? 0;
        this.push(chunk ?? null);
      },
      (error: unknown) => {
        this.destroy(toError(error));
      },
    );
  }

  override _destroy(error: Error | null, finish: (error?: Error | null) => void): void {
    this.#leave?.();
    this.#readings.onDone();
    finish(error);
  }
}
