import { LRUCache } from 'lru-cache';
import { isImageCacheError, statusOf } from '../common/errors.js';
import { groupOf, keyString } from '../keys/entry-keys.js';
import type { Clock } from '../ports/clock.js';
import type { EntryKey, Generation } from '../ports/entry.js';
import type { ImageEvictor } from './image-evictor.js';
import type { CacheWishes } from './variant-request.js';

/** What {@link Absences} depend on. */
export interface AbsencesOptions {
  readonly clock: Clock;
  /** Milliseconds for which an absence is remembered, at most; 0 remembers none. */
  readonly ttl: number;
  readonly evictor: ImageEvictor;
}

/** Absences that are remembered at a time: whoever asks for names at random pushes out none but others of these. */
const REMEMBERED = 2000;

/** Part of the time by which the ends of absences differ, so that they do not come all at once. */
const JITTER = 0.2;

/** Statuses that say that there is no such thing; that nobody can tell is another matter. */
const ABSENT: readonly (number | undefined)[] = [404, 410];

interface Absence {
  readonly error: unknown;
  readonly until: number;
  /** An eviction, and be it of nothing, ends what was known before. */
  readonly generation: Generation;
}

/** What a request may find not to be there. */
export interface Sought {
  readonly identifier: string;
  readonly key: EntryKey;
  readonly wishes: CacheWishes;
}

/** Remembers for a while what is not there, so that sources and handlers are not asked for it again and again. */
export class Absences {
  readonly #options: AbsencesOptions;
  readonly #known = new LRUCache<string, Absence>({ max: REMEMBERED });

  constructor(options: AbsencesOptions) {
    this.#options = options;
  }

  /**
   * Does what may find that there is no such image or picture. Throws what it throws, or has thrown a while ago unless the
   * request wants to know what is there now. What goes past the cache is not remembered.
   */
  around<T>(sought: Sought, work: () => Promise<T>): Promise<T> {
    const isOn = this.#options.ttl > 0 && sought.wishes.use !== 'bypass';
    return isOn ? this.#knowing(sought, work) : work();
  }

  async #knowing<T>({ identifier, key, wishes }: Sought, work: () => Promise<T>): Promise<T> {
    const { evictor } = this.#options;
    const { use, maxAge } = wishes;
    const [ofImage, ofKey] = [groupOf(identifier), keyString(key)];
    const isAskedAnew = use === 'reload' || maxAge !== undefined;
    if (!isAskedAnew) for (const name of [ofImage, ofKey]) this.#refuse(name, identifier);
    const generation = evictor.knowledge(identifier);
    try {
      const found = await work();
      if (isAskedAnew) for (const name of [ofImage, ofKey]) this.#known.delete(name);
      return found;
    } catch (error) {
      // A source knows of the image, a handler of no more than what it was asked for.
      if (isImageCacheError(error, 'E_IMAGE_CACHE_NOT_FOUND')) this.#remember(ofImage, error, generation);
      else if (ABSENT.includes(statusOf(error))) this.#remember(ofKey, error, generation);
      throw error;
    }
  }

  #refuse(name: string, identifier: string): void {
    const { clock, evictor } = this.#options;
    const absence = this.#known.get(name);
    if (absence === undefined) return;
    if (absence.generation === evictor.knowledge(identifier) && clock.now() < absence.until) throw absence.error;
    this.#known.delete(name);
  }

  /** @param generation as it was before somebody was asked */
  #remember(name: string, error: unknown, generation: Generation): void {
    const { clock, ttl } = this.#options;
    const until = clock.now() + ttl * (1 - JITTER * Math.random());
    this.#known.set(name, { error, until, generation });
  }
}
