import type { Background } from '../common/background.js';
import { withDeadline } from '../common/deadline.js';
import { ImageCacheError } from '../common/errors.js';
import { infoKey } from '../keys/entry-keys.js';
import { encodeInfo, INFO_CONTENT_TYPE } from '../keys/info-codec.js';
import type { CacheEvents } from '../observability/events.js';
import type { CacheStore, Reservation } from '../ports/cache-store.js';
import type { Clock } from '../ports/clock.js';
import type { ImageInfo } from '../ports/image-info.js';
import type { HeapInfoCache } from './heap-info-cache.js';
import type { ImageEvictor } from './image-evictor.js';
import type { Filling } from './shared-fills.js';
import type { SourceMonitor } from './source-monitor.js';
import { sameState } from './source-state.js';
import { commitToStore } from './store-commit.js';

/** What {@link InfoReading} depends on. */
export interface InfoReadingOptions {
  readonly heapInfos: HeapInfoCache | undefined;
  readonly store: CacheStore | undefined;
  readonly monitor: SourceMonitor;
  readonly evictor: ImageEvictor;
  /** Milliseconds after which a reading is given up; 0 = never. */
  readonly deadline: number;
  /** Aborted when the cache closes and does not wait any longer. */
  readonly closing: AbortSignal;
  readonly clock: Clock;
  readonly events: CacheEvents;
  readonly background: Background;
}

/** An info that was read from its image. */
export interface ReadInfo extends Filling {
  readonly info: ImageInfo;
}

/** A state of the source that changes while it is read is read again so often. */
const READS = 3;

/** Reads infos from their source images, and keeps them in heap and store. */
export class InfoReading {
  readonly #options: InfoReadingOptions;

  constructor(options: InfoReadingOptions) {
    this.#options = options;
  }

  /** Reads an info and keeps it, if its source has not changed meanwhile. Throws what `read` throws. */
  async run(identifier: string, read: () => Promise<ImageInfo>): Promise<ReadInfo> {
    const { heapInfos } = this.#options;
    const fence = heapInfos?.generation(identifier) ?? '';
    const reservation = await this.#reserve(identifier);
    try {
      const { info, stable } = await this.#readStable(identifier, read);
      if (stable) heapInfos?.set(identifier, info, fence);
      if (stable && reservation) return { info, written: this.#store(info, reservation) };
      this.#giveBack(reservation);
      return { info, written: Promise.resolve(false) };
    } catch (error) {
      this.#giveBack(reservation);
      throw error;
    }
  }

  /** Reads an info for one caller, and keeps it nowhere. Throws what `read` throws. */
  async alone(identifier: string, read: () => Promise<ImageInfo>): Promise<ImageInfo> {
    return (await this.#readStable(identifier, read)).info;
  }

  /** The answer does not wait for the store. */
  #giveBack(reservation: Reservation | undefined): void {
    this.#options.background.run('giving a reservation back', async () => reservation?.abort());
  }

  /** Reads until the source is in the same state before and after. */
  async #readStable(identifier: string, read: () => Promise<ImageInfo>): Promise<{ info: ImageInfo; stable: boolean }> {
    const { monitor, evictor, clock, deadline: timeout, closing: signal } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      const before = await monitor.whileReading(identifier);
      await evictor.refuseAbsent(identifier, before);
      const info = await withDeadline(read(), { clock, timeout, expired: overdue, signal });
      const stable = sameState(before, await monitor.whileReading(identifier));
      const stamped = before.status === 'found' ? { ...info, source: before.stamp } : info;
      if (stable || attempt === READS) return { info: stamped, stable };
    }
  }

  async #reserve(identifier: string): Promise<Reservation | undefined> {
    const { store, events } = this.#options;
    try {
      return await store?.reserve(infoKey(identifier));
    } catch (error) {
      events.emit('not-stored', { tier: 'info', identifier, reason: 'no-reservation', error });
      return undefined;
    }
  }

  #store(info: ImageInfo, reservation: Reservation): Promise<boolean> {
    const { background, clock, events } = this.#options;
    const { identifier, source } = info;
    const meta = { identifier, contentType: INFO_CONTENT_TYPE, createdAt: clock.now(), ...(source && { source }) };
    const body = { body: encodeInfo(info) };
    return new Promise((resolve) => {
      background.run('storing an info', async () => {
        resolve(await commitToStore({ tier: 'info', reservation, body, meta }, events));
      });
    });
  }
}

/** The error for who has waited long enough. */
export function overdue(): ImageCacheError {
  return new ImageCacheError('E_IMAGE_CACHE_OVERLOADED', 'The image could not be read in time; try again later.');
}
