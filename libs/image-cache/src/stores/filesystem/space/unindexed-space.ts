import { ImageCacheError } from '../../../common/errors.js';
import type { StoreIncident } from '../../../ports/cache-store.js';
import { fullIncident, type Bounds, type FreeSpace } from './bounds.js';
import type { Claim, Space } from './space.js';

/** What an {@link UnindexedSpace} depends on. */
export interface UnindexedSpaceOptions {
  readonly bounds: Bounds;
  readonly free: () => FreeSpace;
  readonly report: (incident: StoreIncident) => void;
}

/**
 * Without an index nobody knows what there is: `maxSize` and `maxEntries` are kept by each sweep, which looks at all files.
 * A write is refused when it is too large or the disk has too little left.
 */
export class UnindexedSpace implements Space {
  readonly index = undefined;
  readonly steps = undefined;
  readonly #options: UnindexedSpaceOptions;

  constructor(options: UnindexedSpaceOptions) {
    this.#options = options;
  }

  prepare(): Promise<void> {
    this.#require(0);
    return Promise.resolve();
  }

  ranOut(cause: unknown): void {
    this.#options.report(fullIncident(cause));
  }

  claim(): Claim {
    return {
      isOpenEnded: true,
      reach: (bytes) => {
        this.#require(bytes);
        return Promise.resolve();
      },
      ranOut: nothing,
      publish: nothing,
      end: nothing,
    };
  }

  touched(): void {
    nothing();
  }

  discarded(): void {
    nothing();
  }

  removed(): void {
    nothing();
  }

  emptied(): void {
    nothing();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #require(bytes: number): void {
    const { maxEntrySize, minFree, minFreeInodes } = this.#options.bounds;
    if (bytes > maxEntrySize)
      throw new ImageCacheError('E_IMAGE_CACHE_TOO_LARGE', `${bytes} bytes are more than an entry may have.`);
    if (minFree === 0 && minFreeInodes === 0) return;
    const free = this.#options.free();
    if (free.bytes - bytes >= minFree && free.inodes > minFreeInodes) return;
    throw new ImageCacheError('E_IMAGE_CACHE_STORE_FULL', `The disk has no room for ${bytes} bytes.`);
  }
}

function nothing(): void {
  // nobody keeps account
}
