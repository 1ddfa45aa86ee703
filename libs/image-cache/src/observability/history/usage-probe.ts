import { withDeadline } from '../../common/deadline.js';
import { isImageCacheError } from '../../common/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Kind, Usage } from '../../ports/entry.js';
import type { Observed } from './observed.js';

/** What the stores hold, as far as they can tell. */
export type Usages = Readonly<Partial<Record<Kind, Usage>>>;

/** How many times as long as an answer took is not asked again: a store that has to count takes 2 % of the time at most … */
const REST = 50;

/** … unless it takes less than so many milliseconds. */
const QUICK = 50;

/** Milliseconds after which what was known before is told in place of an answer that takes long. */
const PATIENCE = 1000;

/**
 * Asks what the stores hold, as often as one likes: those who ask at the same time share an answer, and a store that has
 * to look at all of its files is left alone for a while, in which the last answer stands. Nobody waits for long.
 */
export class UsageProbe {
  readonly #cache: Observed;
  readonly #clock: Clock;
  #known: Usages = {};
  #answer: Promise<Usages> = Promise.resolve({});
  #isAsking = false;
  #notBefore = -Infinity;

  constructor(cache: Observed, clock: Clock) {
    this.#cache = cache;
    this.#clock = clock;
  }

  /**
   * Never fails: a store that cannot tell is left out, and one that fails has told so by itself. Empty until the stores
   * have told for the first time.
   */
  read(): Promise<Usages> {
    if (this.#isAsking || this.#clock.now() < this.#notBefore) return this.#answer;
    this.#isAsking = true;
    const asked = this.#ask().then((usages) => {
      this.#isAsking = false;
      this.#known = usages;
      return (this.#answer = Promise.resolve(usages));
    });
    const deadline = { clock: this.#clock, timeout: PATIENCE, expired: () => new Error('The stores are counting.') };
    this.#answer = withDeadline(asked, deadline).catch(() => this.#known);
    return this.#answer;
  }

  async #ask(): Promise<Usages> {
    const began = this.#clock.now();
    try {
      const usages = (await this.#cache.usage?.()) ?? {};
      const now = this.#clock.now();
      const took = now - began;
      this.#notBefore = took < QUICK ? now : now + REST * took;
      return usages;
    } catch (error) {
      if (isImageCacheError(error, 'E_IMAGE_CACHE_UNSUPPORTED')) this.#notBefore = Infinity;
      else if (!isImageCacheError(error))
        this.#cache.tell('background-failed', { what: 'measuring the stores', error });
      return this.#known;
    }
  }
}
