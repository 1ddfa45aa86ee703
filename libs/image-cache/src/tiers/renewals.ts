import { LRUCache } from 'lru-cache';
import type { Background } from '../common/background.js';
import { isImageCacheError } from '../common/errors.js';
import type { CacheEvents } from '../observability/events.js';
import type { Clock } from '../ports/clock.js';

/** What {@link Renewals} depend on. */
export interface RenewalsOptions {
  readonly clock: Clock;
  readonly events: CacheEvents;
  readonly background: Background;
}

/** Milliseconds after a renewal that failed, in which the next is not tried. */
const PAUSE = 10_000;

/** Renewals under way: each keeps the request that it was begun for in memory until it has its turn. */
const AT_A_TIME = 1000;

/** Renewals that have failed, of which so many are remembered. */
const REMEMBERED = 1000;

/** Renews what was served past its time, once for all who ask meanwhile; nobody waits for it. */
export class Renewals {
  readonly #options: RenewalsOptions;
  readonly #underWay = new Set<string>();
  readonly #failedAt = new LRUCache<string, number>({ max: REMEMBERED });

  constructor(options: RenewalsOptions) {
    this.#options = options;
  }

  /** Renews something by a name, unless that is under way already, as many are, or it has failed a short time ago. */
  start(name: string, identifier: string, renew: () => Promise<void>): void {
    const { background, clock } = this.#options;
    const failedAt = this.#failedAt.get(name);
    if (this.#underWay.size >= AT_A_TIME) return;
    if (this.#underWay.has(name) || (failedAt !== undefined && clock.now() - failedAt < PAUSE)) return;
    this.#underWay.add(name);
    background.run('renewing a variant', async () => {
      try {
        await renew();
        this.#failedAt.delete(name);
      } catch (error) {
        this.#note(name, identifier, error);
      } finally {
        this.#underWay.delete(name);
      }
    });
  }

  /** What was served is served on, until its time is over for good. */
  #note(name: string, identifier: string, error: unknown): void {
    const { clock, events } = this.#options;
    if (isImageCacheError(error, 'E_IMAGE_CACHE_CLOSED')) return;
    this.#failedAt.set(name, clock.now());
    events.emit('renew-failed', { identifier, error });
  }
}
