import { ImageCacheError, messageOf } from '../common/errors.js';
import type { Place } from './body-places.js';

/** A place that is made when it is needed. */
export interface NextPlace {
  /** Names it in messages. */
  readonly name: string;
  readonly open: () => Promise<Place>;
}

interface Part {
  readonly name: string;
  readonly place: Place;
  /** Position of its first byte in the whole. */
  readonly start: number;
}

/** Several places for one body: when one of them cannot be made, or takes no more, the next one takes the rest. */
export class PlacesInTurn implements Place {
  readonly #next: NextPlace[];
  readonly #onUnwritable: (error: ImageCacheError, name: string) => void;
  readonly #parts: Part[] = [];
  #length = 0;

  /** @param onUnwritable told of every place that takes no more, but for the last one, which fails the body */
  constructor(places: readonly NextPlace[], onUnwritable: (error: ImageCacheError, name: string) => void) {
    this.#next = [...places];
    this.#onUnwritable = onUnwritable;
  }

  get path(): string | undefined {
    return this.#parts.length === 1 ? this.#parts[0]?.place.path : undefined;
  }

  async append(bytes: Buffer): Promise<number> {
    for (let part = this.#parts.at(-1) ?? (await this.#open()); ; part = await this.#open()) {
      try {
        const taken = await part.place.append(bytes);
        this.#length += taken;
        return taken;
      } catch (error) {
        this.#giveUp(part.name, error);
      }
    }
  }

  read(position: number, length: number): Promise<Buffer> {
    const index = this.#parts.findLastIndex(({ start }) => start <= position);
    const part = this.#parts[index];
    if (part === undefined) return Promise.reject(new RangeError(`There is nothing at ${position}.`));
    const end = this.#parts[index + 1]?.start ?? this.#length;
    return part.place.read(position - part.start, Math.min(length, end - position));
  }

  async close(): Promise<void> {
    await Promise.all(this.#parts.map(({ place }) => place.close()));
  }

  /** The next place that can be made; without one, the failure of the last has been thrown. */
  async #open(): Promise<Part> {
    for (let next = this.#next.shift(); next !== undefined; next = this.#next.shift()) {
      try {
        const part = { name: next.name, place: await next.open(), start: this.#length };
        this.#parts.push(part);
        return part;
      } catch (error) {
        this.#giveUp(next.name, error);
      }
    }
    throw unwritable('The picture', new Error('there is no place for it.'));
  }

  #giveUp(name: string, cause: unknown): void {
    const error = unwritable(name, cause);
    if (this.#next.length === 0) throw error;
    this.#onUnwritable(error, name);
  }
}

/** The error for a picture that could not be written; the picture itself may be well. */
export function unwritable(name: string, cause: unknown): ImageCacheError {
  const message = `${name} could not be written: ${messageOf(cause)}`;
  return new ImageCacheError('E_IMAGE_CACHE_STORE_UNAVAILABLE', message, { cause });
}
