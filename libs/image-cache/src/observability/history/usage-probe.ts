import { isImageCacheError } from '../../common/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Kind, Usage } from '../../ports/entry.js';
import type { Observed } from './observed.js';

/** What the stores hold, as far as they can tell. */
export type Usages = Readonly<Partial<Record<Kind, Usage>>>;

/** How many times as long as an answer took is not asked again: a store that has to count takes 1 % of the time at most. */
const REST = 100;

/**
 * Asks what the stores hold, as often as one likes: those who ask at the same time share an answer, and a store that has
 * to look at all of its files is left alone for a while, in which the last answer stands.
 */
export class UsageProbe {
  readonly #cache: Observed;
  readonly #clock: Clock;
  #last: Promise<Usages> = Promise.resolve({});
  #isAsking = false;
  #notBefore = -Infinity;

  constructor(cache: Observed, clock: Clock) {
    this.#cache = cache;
    this.#clock = clock;
  }

  /** Never fails: a store that cannot tell is left out, and one that fails has told so by itself. */
  read(): Promise<Usages> {
    if (this.#isAsking || this.#clock.now() < this.#notBefore) return this.#last;
    this.#isAsking = true;
    this.#last = this.#ask().finally(() => {
      this.#isAsking = false;
    });
    return this.#last;
  }

  async #ask(): Promise<Usages> {
    const began = this.#clock.now();
    try {
      const usages = (await this.#cache.usage?.()) ?? {};
      const now = this.#clock.now();
      this.#notBefore = now + REST * (now - began);
      return usages;
    } catch (error) {
      if (isImageCacheError(error, 'E_IMAGE_CACHE_UNSUPPORTED')) this.#notBefore = Infinity;
      else if (!isImageCacheError(error))
        this.#cache.tell('background-failed', { what: 'measuring the stores', error });
      return {};
    }
  }
}
