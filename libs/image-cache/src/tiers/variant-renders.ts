import type { Admission } from '../common/admission.js';
import { withDeadline } from '../common/deadline.js';
import { ImageCacheError } from '../common/errors.js';
import type { Landed } from '../common/single-flight.js';
import { keyString } from '../keys/entry-keys.js';
import type { CacheStore, Reservation } from '../ports/cache-store.js';
import type { EntryKey, NewEntryMeta, SourceStamp } from '../ports/entry.js';
import type { Render } from '../ports/image-info.js';
import type { ImageEvictor, ImageGenerations } from './image-evictor.js';
import { opened, type Opened, type Picture } from './picture.js';
import { PictureDeliveries } from './picture-deliveries.js';
import { releaseBody } from './rendered-body.js';
import { Rendering, type Rendered, type RenderingOptions } from './rendering.js';
import type { RenderTurn, RenderTurns } from './render-turns.js';
import { SharedFlights, type MadeElsewhere } from './shared-flights.js';
import type { SourceMonitor } from './source-monitor.js';
import { sameStamp, type SourceState } from './source-state.js';

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
  /** Whether the caller waits for the end of a body that it could read as it grows. @default false */
  readonly whole?: boolean | undefined;
}

/**
 * Renders what is in no store: once for all that want it at the same time, as many at a time as are admitted, behind a
 * reservation that is taken before the source is read, and stored only if the source has not changed meanwhile.
 */
export class VariantRenders {
  readonly #options: VariantRendersOptions;
  readonly #flights: SharedFlights<Picture>;
  readonly #deliveries: PictureDeliveries;
  readonly #rendering: Rendering;

  constructor(options: VariantRendersOptions) {
    this.#options = options;
    this.#rendering = new Rendering(options);
    this.#deliveries = new PictureDeliveries(options);
    this.#flights = new SharedFlights({ ...options, tier: 'variant' });
  }

  /** A picture that has been rendered and is being stored; `'stored'` when that has just ended. */
  pending(key: EntryKey, seen: ImageGenerations): Picture | 'stored' | undefined {
    return this.#deliveries.pending(flightOf(key, seen));
  }

  /** The generations are part of the flight: a request that comes after an eviction never joins an older render. */
  async join<F>(request: RenderOrder<F>): Promise<Landed<Picture> | MadeElsewhere<F>> {
    const { clock, turns } = this.#options;
    const { key, seen, signal, client, priority = 'interactive', whole = false } = request;
    const timeout = priority === 'background' ? 0 : this.#options.timeout;
    const name = flightOf(key, seen);
    const make = (): Promise<Picture> => this.#behindFence({ ...request, flight: name });
    const charge = (): (() => void) => turns.charge(client);
    const wait = { clock, timeout, expired: overdue, signal, priority, charge };
    return turns.telling(request, async () => {
      const landed = await this.#flights.join({ ...request, name, make }, wait);
      if (whole && 'value' in landed) await withDeadline(completed(landed.value), wait);
      return landed;
    });
  }

  /**
   * Renders for one caller alone, when its turn among the renders has come; nothing is looked up or kept.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_NOT_FOUND`, `E_IMAGE_CACHE_SOURCE_UNAVAILABLE`,
   * `E_IMAGE_CACHE_SOURCE_CHANGED`, `E_IMAGE_CACHE_OVERLOADED`, `E_IMAGE_CACHE_TOO_MANY`, `E_IMAGE_CACHE_ABORTED`, or
   * what the renderer threw
   */
  async alone(order: LoneOrder): Promise<Opened> {
    const work = async (): Promise<Opened> => {
      const before = await this.#requireExpected(order);
      const { image, body } = await this.#rendering.run(order.identifier, order.render, undefined);
      try {
        if (!Buffer.isBuffer(body)) await body.completed();
        return opened({ meta: this.#describe(image, order, before), body });
      } finally {
        releaseBody(body);
      }
    };
    return this.#options.turns.admit(work, order);
  }

  /** Waits until nothing is being rendered. */
  settled(): Promise<void> {
    return this.#flights.settled();
  }

  /** Waits until what has been rendered up to now is in the store. */
  written(): Promise<void> {
    return this.#deliveries.written();
  }

  async #behindFence(order: Order): Promise<Picture> {
    const reservation = await this.#reserve(order);
    try {
      const before = await this.#requireExpected(order);
      const rendered = await this.#rendering.run(order.identifier, order.render, reservation?.file);
      const meta = this.#describe(rendered.image, order, before);
      return await this.#deliveries.deliver({ ...rendered, flight: order.flight, meta, before, reservation });
    } catch (error) {
      this.#deliveries.giveBack(reservation);
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
    const state = await monitor.whileReading(identifier);
    await evictor.refuseAbsent(identifier, state);
    if (state.status === 'found' && expected !== undefined && !sameStamp(state.stamp, expected)) {
      await evictor.evict(identifier, 'changed', seen);
      throw new ImageCacheError('E_IMAGE_CACHE_SOURCE_CHANGED', `${identifier} has changed since its info was read.`);
    }
    return state;
  }

  #describe(
    { contentType, headers }: Rendered['image'],
    { identifier, operations }: LoneOrder,
    before: SourceState,
  ): NewEntryMeta {
    const createdAt = this.#options.clock.now();
    const source = before.status === 'found' ? { source: before.stamp } : {};
    return { identifier, operations, contentType, createdAt, ...(headers && { headers }), ...source };
  }
}

/** A picture for one who is not to keep it. */
type LoneOrder = RenderTurn & Pick<RenderOrder<unknown>, 'operations' | 'render' | 'seen' | 'expected'>;

/** An order with the name of its flight. */
interface Order extends Omit<RenderOrder<unknown>, 'isThere' | 'find'> {
  readonly flight: string;
}

function flightOf(key: EntryKey, { own, stores }: ImageGenerations): string {
  return [keyString(key), own, ...stores].join('/');
}

/** Waits for the end of a body, and until it can be found where it is stored from. Throws what broke it. */
async function completed({ body, ended }: Picture): Promise<void> {
  if (!Buffer.isBuffer(body)) await body.completed();
  await ended;
}

function overdue(): ImageCacheError {
  return new ImageCacheError('E_IMAGE_CACHE_OVERLOADED', 'The picture was not ready in time; try again later.');
}
