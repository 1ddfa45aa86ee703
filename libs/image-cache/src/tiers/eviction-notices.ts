import { withDeadline } from '../common/deadline.js';
import { ImageCacheError } from '../common/errors.js';
import { LinkedController } from '../common/linked-controller.js';
import { sleep } from '../common/sleep.js';
import { CACHE_TAG, tagOfGroup } from '../http/cache-tags.js';
import type { CacheEvents } from '../observability/events.js';
import type { Clock } from '../ports/clock.js';
import type { EvictionHook, EvictionNotice } from '../ports/eviction-hook.js';

/** What {@link EvictionNotices} depend on. */
export interface EvictionNoticesOptions {
  readonly hook: EvictionHook | undefined;
  readonly clock: Clock;
  readonly events: CacheEvents;
  /** Aborted when the cache closes and does not wait any longer. */
  readonly closing: AbortSignal;
}

/** What was evicted: all entries of an image, or everything. */
export type Scope = { readonly group: string; readonly identifier?: string } | 'everything';

/** Attempts to tell of an eviction. */
const ATTEMPTS = 6;

/** Milliseconds that an attempt may take. */
const TIMEOUT = 10_000;

/** Milliseconds before the second attempt; before each further one, twice as long. */
const PAUSE = 1000;

/** Part of a pause that is left to chance, so that many do not come again together. */
const JITTER = 0.5;

/** Notices that are given at a time. */
const CONCURRENCY = 4;

/** Notices that may wait; an outage of the other side takes no more memory. */
const QUEUE = 10_000;

/** A notice on its way. What it is about may be evicted once more before it has arrived. */
interface Errand {
  notice: EvictionNotice;
  isUnderWay: boolean;
}

/**
 * Tells caches in front of the application of evictions, until they have heard: once for several evictions of an image
 * that come before it is told, again when one comes while it is told.
 */
export class EvictionNotices {
  readonly #options: EvictionNoticesOptions;
  readonly #errands = new Map<string, Errand>();
  #running = 0;
  #idle: (() => void)[] = [];

  constructor(options: EvictionNoticesOptions) {
    this.#options = options;
  }

  tell(reason: string, scope: Scope): void {
    if (this.#options.hook === undefined) return;
    const notice = noticeOf(reason, scope);
    const known = this.#errands.get(notice.tag);
    if (known !== undefined) {
      known.notice = notice;
      return;
    }
    if (this.#errands.size >= QUEUE) {
      this.#fail(notice, new ImageCacheError('E_IMAGE_CACHE_OVERLOADED', `${QUEUE} others wait to be told.`), 0);
      return;
    }
    this.#errands.set(notice.tag, { notice, isUnderWay: false });
    this.#next();
  }

  /** Waits until everything has been told, or given up. */
  async settled(): Promise<void> {
    while (this.#errands.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #next(): void {
    for (const errand of this.#errands.values()) {
      if (this.#running >= CONCURRENCY) return;
      if (errand.isUnderWay) continue;
      this.#running += 1;
      errand.isUnderWay = true;
      void this.#run(errand);
    }
  }

  async #run(errand: Errand): Promise<void> {
    const { closing } = this.#options;
    let told: EvictionNotice;
    do {
      told = errand.notice;
      await this.#deliver(told);
    } while (told !== errand.notice && !closing.aborted);
    this.#errands.delete(errand.notice.tag);
    this.#running -= 1;
    this.#next();
    if (this.#errands.size === 0) for (const wake of this.#idle.splice(0)) wake();
  }

  async #deliver(notice: EvictionNotice): Promise<void> {
    const { clock, events, closing: signal } = this.#options;
    for (let attempt = 1, pause = PAUSE; ; attempt += 1, pause *= 2) {
      try {
        await this.#attempt(notice);
        events.emit('told', { notice, attempts: attempt });
        return;
      } catch (error) {
        const isLast = attempt === ATTEMPTS || signal.aborted;
        if (isLast) {
          this.#fail(notice, error, attempt);
          return;
        }
        events.emit('telling-failed', { notice, error, attempts: attempt, isGivenUp: false });
      }
      await sleep(clock, pause * (1 - JITTER * Math.random()), { signal }).catch(ignore);
    }
  }

  async #attempt(notice: EvictionNotice): Promise<void> {
    const { hook, clock, closing } = this.#options;
    const end = new LinkedController(closing);
    const expired = (): Error => {
      end.abort();
      return new ImageCacheError('E_IMAGE_CACHE_ABORTED', `onEvict has not answered within ${TIMEOUT} ms.`);
    };
    const work = Promise.resolve().then(() => hook?.(notice, { signal: end.signal }));
    try {
      await withDeadline(work, { clock, timeout: TIMEOUT, expired, signal: closing });
    } finally {
      end.release();
    }
  }

  #fail(notice: EvictionNotice, error: unknown, attempts: number): void {
    this.#options.events.emit('telling-failed', { notice, error, attempts, isGivenUp: true });
  }
}

function noticeOf(reason: string, scope: Scope): EvictionNotice {
  if (scope === 'everything') return { reason, scope: 'everything', tag: CACHE_TAG };
  const { group, identifier } = scope;
  return { reason, scope: 'image', tag: tagOfGroup(group), ...(identifier !== undefined && { identifier }) };
}

function ignore(): void {
  // the cache closes: the next attempt is the last one
}
