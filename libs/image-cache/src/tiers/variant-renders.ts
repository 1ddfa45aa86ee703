import { setImmediate } from 'node:timers/promises';
import type { Admission } from '../common/admission.js';
import { ImageCacheError } from '../common/errors.js';
import type { Landed } from '../common/single-flight.js';
import { keyString } from '../keys/entry-keys.js';
import type { CacheStore, Reservation } from '../ports/cache-store.js';
import type { EntryKey, NewEntryMeta, SourceStamp } from '../ports/entry.js';
import type { Render, RenderedImage } from '../ports/image-info.js';
import type { ImageEvictor, ImageGenerations } from './image-evictor.js';
import { PendingWrites } from './pending-writes.js';
import { bytesHeld, commitBody, measure, opened, type Opened, type Picture } from './picture.js';
import { Rendering, type Rendered, type RenderingOptions } from './rendering.js';
import type { RenderTurn, RenderTurns } from './render-turns.js';
import { SharedFlights, type MadeElsewhere } from './shared-flights.js';
import type { SourceMonitor } from './source-monitor.js';
import { commitToStore } from './store-commit.js';
import { sameStamp, sameState, type SourceState } from './source-state.js';

/** What {@link VariantRenders} depend on. */
export interface VariantRendersOptions extends RenderingOptions {
  readonly store: CacheStore | undefined;
  readonly monitor: SourceMonitor;
  readonly evictor: ImageEvictor;
  readonly admission: Admission;
  readonly turns: RenderTurns;
  /** Milliseconds that a request waits for a picture. */
  readonly timeout: number;
}

/** What is to be rendered. */
export interface RenderOrder<F> extends RenderTurn {
  readonly key: EntryKey;
  readonly operations: string;
  /** The generations in which it was not found. */
  readonly seen: ImageGenerations;
  /** The state of the source image that the operations were made for. */
  readonly expected?: SourceStamp | undefined;
  readonly render: Render;
  /** Whether the store has it by now, made by another process. */
  readonly isThere: () => Promise<boolean>;
  /** Reads what another process has made; `undefined` when it has gone since, or is damaged. */
  readonly find: () => Promise<F | undefined>;
}

/**
 * Renders what is in no store: once for all that want it at the same time, as many at a time as are admitted, behind a
 * reservation that is taken before the source is read, and stored only if the source has not changed meanwhile.
 */
export class VariantRenders {
  readonly #options: VariantRendersOptions;
  readonly #flights: SharedFlights<Picture>;
  readonly #pending = new PendingWrites<Picture>();
  readonly #rendering: Rendering;

  constructor(options: VariantRendersOptions) {
    this.#options = options;
    this.#rendering = new Rendering(options);
    this.#flights = new SharedFlights({ ...options, tier: 'variant' });
  }

  /** A picture that has been rendered and is being stored; `'stored'` when that has just ended. */
  pending(key: EntryKey, seen: ImageGenerations): Picture | 'stored' | undefined {
    const flight = flightOf(key, seen);
    return this.#pending.get(flight) ?? (this.#pending.hasEnded(flight) ? 'stored' : undefined);
  }

  /** The generations are part of the flight: a request that comes after an eviction never joins an older render. */
  async join<F>(request: RenderOrder<F>): Promise<Landed<Picture> | MadeElsewhere<F>> {
    const { clock, turns } = this.#options;
    const { key, seen, signal, client, priority = 'interactive' } = request;
    const timeout = priority === 'background' ? 0 : this.#options.timeout;
    const name = flightOf(key, seen);
    const make = (): Promise<Picture> => this.#behindFence({ ...request, flight: name });
    const charge = (): (() => void) => turns.charge(client);
    const wait = { clock, timeout, expired: overdue, signal, priority, charge };
    return turns.telling(request, () => this.#flights.join({ ...request, name, make }, wait));
  }

  /**
   * Renders for one caller alone, when its turn among the renders has come; nothing is looked up or kept.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_NOT_FOUND`, `E_IMAGE_CACHE_SOURCE_UNAVAILABLE`,
   * `E_IMAGE_CACHE_SOURCE_CHANGED`, `E_IMAGE_CACHE_OVERLOADED`, `E_IMAGE_CACHE_TOO_MANY`, `E_IMAGE_CACHE_ABORTED`, or
   * what the renderer threw
   */
  async alone(order: LoneOrder): Promise<Opened> {
    const work = async (): Promise<Rendered & Pick<Delivery['stamps'], 'before'>> => {
      const before = await this.#requireExpected(order);
      return { ...(await this.#rendering.run(order.identifier, order.render, undefined)), before };
    };
    const { image, body, before } = await this.#options.turns.admit(work, order);
    const picture = { meta: { ...this.#describe(image, order, before), ...measure(body) }, body };
    const result = opened(picture);
    if (!Buffer.isBuffer(body)) body.release();
    return result;
  }

  /** Waits until nothing is being rendered. */
  settled(): Promise<void> {
    return this.#flights.settled();
  }

  /** Waits until what has been rendered up to now is in the store. */
  written(): Promise<void> {
    return this.#pending.settled();
  }

  async #behindFence(order: Order): Promise<Picture> {
    const reservation = await this.#reserve(order);
    try {
      const before = await this.#requireExpected(order);
      const rendered = await this.#rendering.run(order.identifier, order.render, reservation?.file);
      const after = await this.#stateAfter(order, rendered);
      return this.#deliver({ ...rendered, order, reservation, stamps: { before, after } });
    } catch (error) {
      // The answer does not wait for the store.
      this.#options.background.run('giving a reservation back', async () => reservation?.abort());
      throw error;
    }
  }

  async #stateAfter({ identifier }: Order, { body }: Rendered): Promise<SourceState> {
    try {
      return await this.#options.monitor.current(identifier);
    } catch (error) {
      if (!Buffer.isBuffer(body)) body.release();
      throw error;
    }
  }

  async #reserve({ key, identifier }: Order): Promise<Reservation | undefined> {
    const { store, events } = this.#options;
    try {
      return await store?.reserve(key);
    } catch (error) {
      events.emit('not-stored', { tier: 'variant', identifier, reason: 'no-reservation', error });
      return undefined;
    }
  }

  /** The operations were made for an image of a certain size; of another one they would be another picture. */
  async #requireExpected({ identifier, expected, seen }: LoneOrder): Promise<SourceState> {
    const { monitor, evictor } = this.#options;
    const state = await monitor.current(identifier);
    await evictor.refuseAbsent(identifier, state);
    if (state.status === 'found' && expected !== undefined && !sameStamp(state.stamp, expected)) {
      await evictor.evict(identifier, 'changed', seen);
      throw new ImageCacheError('E_IMAGE_CACHE_SOURCE_CHANGED', `${identifier} has changed since its info was read.`);
    }
    return state;
  }

  /** Storing goes on while the picture is on its way to those who wait. */
  #deliver(delivery: Delivery): Picture {
    const { order, image, body, storable, reservation, stamps } = delivery;
    const { identifier } = order;
    const description = this.#describe(image, order, stamps.before);
    const refusal = this.#reasonNotToStore(delivery);
    if (refusal !== undefined)
      this.#options.events.emit('not-stored', { tier: 'variant', identifier, reason: refusal });
    const stored = refusal === undefined && storable && reservation !== undefined;
    let tell: (written: boolean) => void = () => undefined;
    const written = new Promise<boolean>((resolve) => (tell = resolve));
    const picture = { meta: { ...description, ...measure(body) }, body, stored, written };
    this.#options.background.run('storing a variant', async () => {
      tell(stored && (await this.#store(order.flight, picture, { reservation, description })));
      if (!stored) await reservation?.abort();
      // All who wait began to read in the microtasks after the delivery; now the file may close behind them.
      await setImmediate();
      if (!Buffer.isBuffer(body)) body.release();
    });
    return picture;
  }

  #describe(
    { contentType, headers }: RenderedImage,
    { identifier, operations }: LoneOrder,
    before: SourceState,
  ): NewEntryMeta {
    const createdAt = this.#options.clock.now();
    const source = before.status === 'found' ? { source: before.stamp } : {};
    return { identifier, operations, contentType, createdAt, ...(headers && { headers }), ...source };
  }

  #reasonNotToStore({ body, reservation, stamps }: Delivery): 'source-changed' | 'busy' | undefined {
    if (!sameState(stamps.before, stamps.after)) return 'source-changed';
    if (reservation !== undefined && !this.#pending.admits(bytesHeld(body, reservation))) return 'busy';
    return undefined;
  }

  #store(
    flight: string,
    picture: Picture,
    to: { reservation: Reservation; description: NewEntryMeta },
  ): Promise<boolean> {
    const { body } = picture;
    const { reservation, description: meta } = to;
    const held = { value: picture, bytes: bytesHeld(body, reservation) };
    const commit = { tier: 'variant', reservation, body: commitBody(body, reservation), meta } as const;
    return this.#pending.hold(flight, held, () => commitToStore(commit, this.#options.events));
  }
}

/** A picture for one who is not to keep it. */
type LoneOrder = RenderTurn & Pick<RenderOrder<unknown>, 'operations' | 'render' | 'seen' | 'expected'>;

/** An order with the name of its flight. */
interface Order extends Omit<RenderOrder<unknown>, 'isThere' | 'find'> {
  readonly flight: string;
}

interface Delivery extends Rendered {
  readonly order: Order;
  readonly reservation: Reservation | undefined;
  readonly stamps: { readonly before: SourceState; readonly after: SourceState };
}

function flightOf(key: EntryKey, { own, stores }: ImageGenerations): string {
  return [keyString(key), own, ...stores].join('/');
}

function overdue(): ImageCacheError {
  return new ImageCacheError('E_IMAGE_CACHE_OVERLOADED', 'The picture was not ready in time; try again later.');
}
