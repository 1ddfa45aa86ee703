import { LRUCache } from 'lru-cache';
import { isError } from '../common/errors.js';
import { LinkedController } from '../common/linked-controller.js';
import { SingleFlight } from '../common/single-flight.js';
import { groupOf } from '../keys/entry-keys.js';
import type { CacheEvents } from '../observability/events.js';
import type { Clock } from '../ports/clock.js';
import type { EntryMeta, SourceStamp } from '../ports/entry.js';
import type { RemoteSource } from '../ports/remote-source.js';
import type { FreshnessOptions } from './freshness.js';
import type { ImageEvictor, ImageGenerations } from './image-evictor.js';
import { overdue } from './info-reading.js';
import { sameStamp } from './source-state.js';

/** What {@link SourceValidity} depends on. */
export interface SourceValidityOptions {
  readonly remote: RemoteSource;
  /** For how long the source of an original is not asked; milliseconds, 0 = it is never asked. */
  readonly validity: Pick<FreshnessOptions, 'staleness'>;
  readonly evictor: ImageEvictor;
  /** Aborted when the cache closes and does not wait any longer. */
  readonly closing: AbortSignal;
  readonly clock: Clock;
  readonly events: CacheEvents;
}

/** Originals of which it is remembered when their source vouched for them; of others, the source is asked once more. */
const REMEMBERED = 50_000;

/** Milliseconds for which a source that could not tell is not asked again about the same original. */
const PATIENCE = 10_000;

/**
 * - `good`: may be used. Also when the source cannot tell: nothing says that it is wrong.
 * - `changed`: the source has another one; it has been evicted, with all that was made from it.
 * - `missing`: the source has it no more.
 */
export type Verdict = 'good' | 'changed' | 'missing';

/**
 * Knows for how long originals are good. Entries never change, so when a source has vouched for one again is kept in
 * memory: after a restart, it is asked once about each original that is older than `staleness`.
 */
export class SourceValidity {
  readonly #options: SourceValidityOptions;
  readonly #asking = new SingleFlight<Verdict>();
  /** By group: since when the source has not to be asked. */
  readonly #vouched = new LRUCache<string, { readonly entry: number; readonly at: number }>({ max: REMEMBERED });
  /** By group: when the source could not tell. */
  readonly #untold = new LRUCache<string, number>({ max: REMEMBERED });

  constructor(options: SourceValidityOptions) {
    this.#options = options;
  }

  /** Judges an original; asks its source when its time is over. */
  async judge(meta: EntryMeta): Promise<Verdict> {
    const { clock, validity } = this.#options;
    const { identifier, createdAt } = meta;
    const group = groupOf(identifier);
    const vouched = this.#vouched.get(group);
    const since = vouched?.entry === createdAt ? vouched.at : createdAt;
    if (validity.staleness === 0 || clock.now() - since <= validity.staleness) return 'good';
    const untold = this.#untold.get(group);
    if (untold !== undefined && clock.now() - untold < PATIENCE) return 'good';
    const deadline = { clock, timeout: 0, expired: overdue };
    return (await this.#asking.join(`${group} ${createdAt}`, () => this.#ask(meta), deadline)).value;
  }

  /** Compares an original with what its source has just told. */
  async learn(meta: EntryMeta, stamp: SourceStamp, seen: ImageGenerations): Promise<void> {
    if (sameStamp(meta.source ?? {}, stamp)) this.#vouch(meta);
    else await this.#options.evictor.evict(meta.identifier, 'changed', seen);
  }

  async #ask(meta: EntryMeta): Promise<Verdict> {
    const { remote, evictor, closing, clock, events } = this.#options;
    const { identifier, source: stamp = {} } = meta;
    const seen = await evictor.generations(identifier);
    try {
      const fetched = await LinkedController.during([closing], (signal) =>
        remote.fetch(identifier, { ifStamp: stamp, signal }),
      );
      this.#untold.delete(groupOf(identifier));
      if (fetched.status === 'missing') return 'missing';
      if (fetched.status === 'found') fetched.body.destroy();
      const isSame = fetched.status === 'not-modified' || (hasValidator(stamp) && sameStamp(stamp, fetched.stamp));
      events.emit('revalidated', { identifier, isChanged: !isSame });
      if (isSame) this.#vouch(meta);
      else await evictor.evict(identifier, 'changed', seen);
      return isSame ? 'good' : 'changed';
    } catch (error) {
      this.#untold.set(groupOf(identifier), clock.now());
      events.emit('source-unavailable', { identifier, error: isError(error) ? error : new Error(String(error)) });
      return 'good';
    }
  }

  #vouch({ identifier, createdAt }: EntryMeta): void {
    this.#vouched.set(groupOf(identifier), { entry: createdAt, at: this.#options.clock.now() });
  }
}

/** A length alone tells of no change. */
function hasValidator({ etag, lastModified }: SourceStamp): boolean {
  return etag !== undefined || lastModified !== undefined;
}
