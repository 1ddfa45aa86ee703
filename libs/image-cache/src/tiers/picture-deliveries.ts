import { setImmediate } from 'node:timers/promises';
import type { Background } from '../common/background.js';
import type { CacheEvents } from '../observability/events.js';
import type { Reservation } from '../ports/cache-store.js';
import type { NewEntryMeta } from '../ports/entry.js';
import { PendingWrites } from './pending-writes.js';
import { bytesHeld, commitBody, measure, type Picture } from './picture.js';
import { releaseBody } from './rendered-body.js';
import { isGrowing, type Rendered } from './rendering.js';
import type { SharedBody } from './shared-body.js';
import type { SourceMonitor } from './source-monitor.js';
import { sameState, type SourceState } from './source-state.js';
import { commitToStore } from './store-commit.js';

/** What {@link PictureDeliveries} depend on. */
export interface PictureDeliveriesOptions {
  readonly monitor: SourceMonitor;
  readonly events: CacheEvents;
  readonly background: Background;
}

/** A picture to be delivered. */
export interface Delivery extends Rendered {
  /** The name under which it is asked for until it is in the store. */
  readonly flight: string;
  readonly meta: NewEntryMeta;
  /** The state of the source before the render. */
  readonly before: SourceState;
  readonly reservation: Reservation | undefined;
}

/** Hands pictures to those who wait for them, and to the store meanwhile, if their source has not changed. */
export class PictureDeliveries {
  readonly #options: PictureDeliveriesOptions;
  readonly #pending = new PendingWrites<Picture>();

  constructor(options: PictureDeliveriesOptions) {
    this.#options = options;
  }

  /** A picture that has been rendered and is being stored; `'stored'` when that has just ended. */
  pending(flight: string): Picture | 'stored' | undefined {
    return this.#pending.get(flight) ?? (this.#pending.hasEnded(flight) ? 'stored' : undefined);
  }

  /** Waits until what has been rendered up to now is in the store. */
  written(): Promise<void> {
    return this.#pending.settled();
  }

  /**
   * Delivers a picture; from then on, body and reservation are taken care of.
   *
   * @throws what the source threw when it refuses the identifier by now; the body is closed then
   */
  async deliver(delivery: Delivery): Promise<Picture> {
    const { body } = delivery;
    return isGrowing(body) ? this.#deliverGrowing(delivery, body) : this.#deliverWhole(delivery);
  }

  /** Whoever waits reads it as it grows; what is to become of it is decided when all of it is there. */
  #deliverGrowing(delivery: Delivery, body: SharedBody): Picture {
    const { meta, image, reservation } = delivery;
    const size = image.announcedLength;
    const end = this.#completed(delivery, body);
    return {
      meta: { ...meta, ...(size !== undefined && { size }) },
      body,
      stored: reservation !== undefined && delivery.isStorable(),
      written: end.then((picture) => picture?.written),
      ended: end.then(() => undefined),
    };
  }

  async #completed(delivery: Delivery, body: SharedBody): Promise<Picture | undefined> {
    const { meta, reservation } = delivery;
    const { identifier } = meta;
    try {
      await body.completed();
    } catch {
      // That it broke has been told where it is rendered.
      body.release();
      this.giveBack(reservation);
      return undefined;
    }
    try {
      return await this.#deliverWhole(delivery);
    } catch (error) {
      this.#options.events.emit('not-stored', { tier: 'variant', identifier, reason: 'failed', error });
      this.giveBack(reservation);
      return undefined;
    }
  }

  /** Storing goes on while the picture is on its way to those who wait. */
  async #deliverWhole(delivery: Delivery): Promise<Picture> {
    const { events, background } = this.#options;
    const { meta, body, reservation } = delivery;
    const refusal = this.#reasonNotToStore(delivery, await this.#stateAfter(delivery));
    if (refusal !== undefined)
      events.emit('not-stored', { tier: 'variant', identifier: meta.identifier, reason: refusal });
    const target = refusal === undefined && delivery.isStorable() ? reservation : undefined;
    let tell: (written: boolean) => void = () => undefined;
    const written = new Promise<boolean>((resolve) => (tell = resolve));
    const picture = { meta: { ...meta, ...measure(body) }, body, stored: target !== undefined, written };
    background.run('storing a variant', async () => {
      tell(target !== undefined && (await this.#store(delivery, picture, target)));
      if (target === undefined) await reservation?.abort();
      // All who wait began to read in the microtasks after the delivery; now the file may close behind them.
      await setImmediate();
      releaseBody(body);
    });
    return picture;
  }

  /** Gives up the right to store something; the answer does not wait for the store. */
  giveBack(reservation: Reservation | undefined): void {
    this.#options.background.run('giving a reservation back', async () => reservation?.abort());
  }

  async #stateAfter({ meta, body }: Delivery): Promise<SourceState> {
    try {
      return await this.#options.monitor.whileReading(meta.identifier);
    } catch (error) {
      releaseBody(body);
      throw error;
    }
  }

  #reasonNotToStore(
    { body, reservation, before }: Delivery,
    after: SourceState,
  ): 'source-changed' | 'busy' | undefined {
    if (!sameState(before, after)) return 'source-changed';
    if (reservation !== undefined && !this.#pending.admits(bytesHeld(body, reservation))) return 'busy';
    return undefined;
  }

  #store({ flight, meta }: Delivery, picture: Picture, reservation: Reservation): Promise<boolean> {
    const { body } = picture;
    const held = { value: picture, bytes: bytesHeld(body, reservation) };
    const commit = { tier: 'variant', reservation, body: commitBody(body, reservation), meta } as const;
    return this.#pending.hold(flight, held, () => commitToStore(commit, this.#options.events));
  }
}
