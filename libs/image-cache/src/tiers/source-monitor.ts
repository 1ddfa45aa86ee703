import { LRUCache } from 'lru-cache';
import { ImageCacheError, isDeterministic } from '../common/errors.js';
import { withDeadline } from '../common/deadline.js';
import { Generations } from '../common/generations.js';
import { LinkedController } from '../common/linked-controller.js';
import { SingleFlight } from '../common/single-flight.js';
import { groupOf } from '../keys/entry-keys.js';
import type { CacheEvents } from '../observability/events.js';
import type { Clock } from '../ports/clock.js';
import type { Generation } from '../ports/entry.js';
import type { ImageSource, SourceLookup } from '../ports/image-info.js';
import { tolerate, type SourceState } from './source-state.js';
import type { CacheWishes } from './variant-request.js';

/** Lookups that are remembered at a time. */
const REMEMBERED = 50_000;

/** What a {@link SourceMonitor} depends on. */
export interface SourceMonitorOptions {
  readonly source: ImageSource | undefined;
  /** Conservative mode: the source is asked before anything cached is returned. */
  readonly resolveFirst: boolean;
  /** Milliseconds for which a source that cannot tell is gone by. */
  readonly stale: number;
  /** Milliseconds for which a lookup is remembered. */
  readonly revalidateAfter: number;
  /** Milliseconds after which the source counts as unavailable. */
  readonly timeout: number;
  /** Aborted when the cache closes and does not wait any longer. */
  readonly closing: AbortSignal;
  readonly clock: Clock;
  readonly events: CacheEvents;
}

/** Knows what state source images are in, asking no more often than it has to. */
export class SourceMonitor {
  readonly #options: SourceMonitorOptions;
  readonly #lookups = new SingleFlight<SourceState>();
  /** Ends what lookups find that began before. */
  readonly #forgotten = new Generations();
  /** When the source could not tell for the first time since it last could; milliseconds since the epoch. */
  #downSince: number | undefined;
  /** By group, of images about which the source could not tell: it may tell of all others. */
  readonly #untold = new LRUCache<string, { readonly since: number; readonly at: number }>({ max: REMEMBERED });
  /** By group: others tell of an image by its group alone. */
  readonly #remembered = new LRUCache<string, { readonly state: SourceState; readonly at: number }>({
    max: REMEMBERED,
  });

  constructor(options: SourceMonitorOptions) {
    this.#options = options;
  }

  /**
   * {@link beforeHit} for a caller who may know the state already, or have wishes of its own; a source that cannot tell
   * is gone by for as long as the option `stale` says, unless the caller wants nothing but what it says now.
   */
  async before(identifier: string, request: SourceWishes): Promise<SourceState> {
    const { clock, stale } = this.#options;
    const { use, maxAge, mustRevalidate = false, signal } = request;
    const ask = (): Promise<SourceState> =>
      wantsSource(request) ? this.current(identifier) : this.beforeHit(identifier, signal);
    const isStrict = mustRevalidate || maxAge === 0 || use === 'reload';
    return tolerate(request.source ?? (await ask()), clock.now(), isStrict ? 0 : stale);
  }

  /** What is to be known before something cached is returned: in aggressive mode, nothing. */
  async beforeHit(identifier: string, signal?: AbortSignal): Promise<SourceState> {
    const { source, resolveFirst, revalidateAfter, clock } = this.#options;
    if (source === undefined || !resolveFirst) return { status: 'unknown' };
    const group = groupOf(identifier);
    const remembered = this.#remembered.get(group);
    if (remembered !== undefined && clock.now() - remembered.at < revalidateAfter) return remembered.state;
    const deadline = { clock, timeout: 0, expired: () => unavailable(0), ...(signal && { signal }) };
    const flight = `${group} ${this.#forgotten.of(group)}`;
    return (await this.#lookups.join(flight, () => this.current(identifier), deadline)).value;
  }

  /**
   * Asks the source now, with a lookup that begins now: one under way may have seen an older state.
   *
   * @throws what the source threw when it refuses the identifier itself, with a status of 4xx
   */
  current(identifier: string): Promise<SourceState> {
    return this.#look(identifier, false);
  }

  /**
   * The state of what is read of an image, for who is about to read it or has just done so: where copies of originals are
   * kept, that of the copy.
   *
   * @throws as {@link current}
   */
  whileReading(identifier: string): Promise<SourceState> {
    return this.#look(identifier, true);
  }

  async #look(identifier: string, isReading: boolean): Promise<SourceState> {
    const { source, events } = this.#options;
    if (source === undefined) return { status: 'unknown' };
    const group = groupOf(identifier);
    const asked = { at: this.#options.clock.now(), generation: this.#forgotten.of(group) };
    try {
      const state = await this.#ask(source, { identifier, isReading });
      this.#downSince = undefined;
      this.#untold.delete(group);
      if (!isReading) this.#remember(group, state, asked);
      return state;
    } catch (error) {
      if (isDeterministic(error)) throw error;
      events.emit('source-unavailable', { identifier, error });
      return { status: 'unavailable', since: this.#unavailableSince(group) };
    }
  }

  /** Asks a source for as long as anybody waits, and tells it when that is over. */
  async #ask(
    source: ImageSource,
    { identifier, isReading }: { readonly identifier: string; readonly isReading: boolean },
  ): Promise<SourceLookup> {
    const { clock, timeout, closing } = this.#options;
    const asking = new LinkedController(closing);
    const expired = (): Error => {
      const error = unavailable(timeout);
      asking.abort(error);
      return error;
    };
    try {
      const lookup = source.lookup(identifier, { isReading, signal: asking.signal });
      return await withDeadline(lookup, { clock, timeout, expired, signal: closing });
    } finally {
      asking.release();
    }
  }

  /** An image that nobody has asked for meanwhile may have been told of in between. */
  #unavailableSince(group: string): number {
    const { clock, stale } = this.#options;
    const at = clock.now();
    this.#downSince ??= at;
    const known = this.#untold.get(group);
    const since = known !== undefined && at - known.at <= stale ? known.since : this.#downSince;
    this.#untold.set(group, { since, at });
    return since;
  }

  /** Forgets what was known about an image, or about all, and what a lookup that is under way will find. */
  forget(identifier?: string): void {
    this.forgetGroup(identifier === undefined ? undefined : groupOf(identifier));
  }

  /** {@link forget} for an image of which only the group is known. */
  forgetGroup(group: string | undefined): void {
    if (group === undefined) {
      this.#remembered.clear();
      this.#forgotten.bumpAll();
    } else {
      this.#remembered.delete(group);
      this.#forgotten.bump(group);
    }
  }

  #remember(group: string, state: SourceState, { at, generation }: Asked): void {
    if (this.#options.revalidateAfter === 0 || this.#forgotten.of(group) !== generation) return;
    const known = this.#remembered.get(group);
    if (known === undefined || known.at <= at) this.#remembered.set(group, { state, at });
  }
}

/** What a caller knows, and wants to be known, of the source. */
export interface SourceWishes extends Pick<CacheWishes, 'use' | 'maxAge' | 'mustRevalidate'> {
  readonly source?: SourceState;
  readonly signal?: AbortSignal;
}

/** When a lookup began. */
interface Asked {
  readonly at: number;
  readonly generation: Generation;
}

/** Whether the source is to be asked in any case: before anything is taken away to be made anew, say. */
export function wantsSource({ use, maxAge }: Pick<CacheWishes, 'use' | 'maxAge'>): boolean {
  return maxAge !== undefined || use === 'reload';
}

function unavailable(timeout: number): ImageCacheError {
  const cause = new DOMException(`There was no answer within ${timeout} ms.`, 'TimeoutError');
  return new ImageCacheError('E_IMAGE_CACHE_SOURCE_UNAVAILABLE', 'The source did not answer in time.', { cause });
}
