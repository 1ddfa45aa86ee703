import { ImageCacheError } from '../../../common/errors.js';
import type { Clock, ScheduledCall } from '../../../ports/clock.js';
import type { Lease } from '../../../ports/lease.js';
import type { Layout } from '../files/layout.js';
import { removeEmptyParents } from '../files/with-parents.js';
import { removeLease, renewLease } from './lease-file.js';

/**
 * Milliseconds after which a lease that is not renewed is over. Who waits for a process of another host that has crashed
 * gets the lease before the wait is given up.
 */
export const LEASE_TTL = 15_000;

/** What a {@link HeldLease} depends on. */
export interface HeldLeaseOptions {
  readonly path: string;
  readonly token: string;
  readonly layout: Layout;
  readonly clock: Clock;
  /** Called when it is held no longer. */
  readonly onEnd: (lease: HeldLease) => void;
}

/** A lease that this process has, renewed until it is given back or lost. A short one is never renewed. */
export class HeldLease implements Lease {
  readonly #options: HeldLeaseOptions;
  readonly #lost = new AbortController();
  #timer: ScheduledCall | undefined;
  #renewing: Promise<void> | undefined;
  #renewedAt: number;
  #over = false;

  constructor(options: HeldLeaseOptions) {
    this.#options = options;
    this.#renewedAt = options.clock.now();
    this.#schedule();
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  async release(): Promise<void> {
    if (this.#over) return;
    this.#end();
    // A renewal that is under way would make it again.
    await this.#renewing;
    const { path, token, layout } = this.#options;
    await removeLease(path, token);
    await removeEmptyParents(layout, path);
  }

  #schedule(): void {
    this.#timer = this.#options.clock.schedule(LEASE_TTL / 3, () => {
      this.#renewing = this.#renew();
    });
  }

  async #renew(): Promise<void> {
    const { path, token, layout, clock } = this.#options;
    const began = clock.now();
    try {
      if (!(await renewLease(path, token, layout.draftOf(path)))) this.#lose();
      this.#renewedAt = began;
    } catch {
      // Nobody can tell now. When that goes on for long, others hold it for abandoned.
      if (clock.now() - this.#renewedAt > LEASE_TTL) this.#lose();
    }
    if (!this.#over) this.#schedule();
  }

  #lose(): void {
    this.#end();
    this.#lost.abort(new ImageCacheError('E_IMAGE_CACHE_ABORTED', 'Another process has taken the lease.'));
  }

  #end(): void {
    this.#over = true;
    this.#timer?.cancel();
    this.#options.onEnd(this);
  }
}
