import { ImageCacheError } from '../common/errors.js';
import { endGenerations, evictFrom, groupIn } from '../common/evictions.js';
import { Generations } from '../common/generations.js';
import { groupOf } from '../keys/entry-keys.js';
import type { CacheEventMap, CacheEvents } from '../observability/events.js';
import type { Eviction } from '../ports/cache-bus.js';
import type { CacheStore } from '../ports/cache-store.js';
import type { EvictedCounts, Generation } from '../ports/entry.js';
import type { SourceState } from './source-state.js';
import type { EvictionNotices } from './eviction-notices.js';
import type { HeapInfoCache } from './heap-info-cache.js';
import type { SourceMonitor } from './source-monitor.js';

/** What an {@link ImageEvictor} depends on. */
export interface ImageEvictorOptions {
  /** The stores of all tiers, each once. */
  readonly stores: readonly CacheStore[];
  readonly heapInfos: HeapInfoCache | undefined;
  readonly monitor: SourceMonitor;
  readonly evictMissing: boolean;
  readonly notices: EvictionNotices;
  readonly events: CacheEvents;
}

/** The generations of an image, as they were at one time. */
export interface ImageGenerations {
  /** Ends with every eviction in this process, also where there is no store to evict from. */
  readonly own: Generation;
  readonly stores: readonly Generation[];
}

/** The reason of an eviction that another process has made. */
export const ELSEWHERE = 'elsewhere';

/** The reason of an eviction of an image that its source has not any more. */
const MISSING = 'missing';

/** Takes all that is cached of an image away, from the durable stores to the heap: what is filled from below is fenced. */
export class ImageEvictor {
  readonly #options: ImageEvictorOptions;
  readonly #generations = new Generations();
  /** Of what is known about images, which an eviction of what is missing does not end. */
  readonly #knowledge = new Generations();

  constructor(options: ImageEvictorOptions) {
    this.#options = options;
  }

  /** Take it before reading what may turn out to be of a former state of the source. */
  async generations(identifier: string): Promise<ImageGenerations> {
    const group = groupOf(identifier);
    const stores = await Promise.all(this.#options.stores.map((store) => store.generation(group)));
    // By asking the stores, this process may have learnt of evictions that others have made.
    return { own: this.#generations.of(group), stores };
  }

  /** Ends with every eviction of the image that this process knows of, but not with its own of what is missing. */
  knowledge(identifier: string): Generation {
    return this.#knowledge.of(groupOf(identifier));
  }

  /** Lets nobody who comes from now on join what is under way, of a group or of all. */
  outdate(group?: string): void {
    for (const generations of [this.#generations, this.#knowledge]) {
      if (group === undefined) generations.bumpAll();
      else generations.bump(group);
    }
  }

  /**
   * Evicts an image; where somebody else has done so since `seen`, what is there now is newer and stays.
   *
   * @throws what a store threw, after all the others have been evicted from
   */
  async evict(identifier: string, reason: string, seen?: ImageGenerations): Promise<EvictedCounts> {
    const { stores, heapInfos, monitor, notices } = this.#options;
    monitor.forget(identifier);
    const group = groupOf(identifier);
    const outcomes = await Promise.allSettled(
      stores.map((store, index) => {
        const ifGeneration = seen?.stores[index];
        return store.deleteGroup(group, ifGeneration === undefined ? {} : { ifGeneration });
      }),
    );
    const isFirst = seen === undefined || seen.own === this.#generations.of(group);
    if (isFirst && reason === MISSING) this.#generations.bump(group);
    else if (isFirst) this.outdate(group);
    const inHeap = isFirst && heapInfos?.delete(identifier) === true;
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    const counts = sumCounts(outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])));
    const counted = counts.infos === 0 && inHeap ? { ...counts, infos: 1 } : counts;
    // Those in front are told also when a store has failed: what they keep is as wrong.
    const isNews = failure !== undefined || !isNothing(counted) || !this.#mayNeverHaveBeen(reason);
    if (isFirst && isNews) notices.tell(reason, { group, identifier });
    if (failure !== undefined) throw failure.reason;
    this.#tell({ reason, identifier, counts: counted });
    return counted;
  }

  /**
   * Drops from memory what others have evicted from a store that they share with this process. It is told of that after
   * the store's generation has ended, and does not wait for anything: whoever takes a generation or a fence finds all of
   * them ended or none. So what began before is neither joined nor kept, and what begins now sees what is there now.
   */
  drop(eviction: Eviction): void {
    const { stores, monitor, events } = this.#options;
    const group = groupIn(eviction);
    endGenerations(this.#generations, eviction);
    endGenerations(this.#knowledge, eviction);
    if (concernsAll(eviction)) monitor.forgetGroup(group);
    const { identifier, infos } = concernsInfos(eviction) ? this.#dropInfos(group) : NO_INFOS;
    const own = stores.filter(({ features }) => !features.shared).map((store) => evictFrom(store, eviction));
    Promise.all(own).then(
      (evicted) => {
        const counts = sumCounts([...evicted, { ...NOTHING, infos }]);
        this.#tell({ reason: ELSEWHERE, ...(identifier !== undefined && { identifier }), counts });
      },
      (error: unknown) => {
        events.emit('background-failed', { what: 'dropping what others have evicted', error });
      },
    );
  }

  /**
   * Ends a request for an image that is not there or that nobody can tell about.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_NOT_FOUND`, `E_IMAGE_CACHE_SOURCE_UNAVAILABLE`
   */
  async refuseAbsent(identifier: string, { status }: SourceState): Promise<void> {
    if (status === 'unavailable') {
      throw new ImageCacheError(
        'E_IMAGE_CACHE_SOURCE_UNAVAILABLE',
        `The source of ${identifier} is not available now.`,
      );
    }
    if (status !== 'missing') return;
    if (this.#options.evictMissing) await this.evict(identifier, MISSING);
    throw new ImageCacheError('E_IMAGE_CACHE_NOT_FOUND', `There is no image ${identifier}.`);
  }

  /** Anybody can ask for names at random; of what only some stores know how much there was, nobody can tell. */
  #mayNeverHaveBeen(reason: string): boolean {
    return reason === MISSING && this.#options.stores.every(({ features }) => features.enumerable);
  }

  #dropInfos(group: string | undefined): { readonly identifier?: string | undefined; readonly infos: number } {
    const { heapInfos } = this.#options;
    if (group === undefined) return { infos: heapInfos?.clear() ?? 0 };
    const identifier = heapInfos?.deleteGroup(group);
    return { identifier, infos: identifier === undefined ? 0 : 1 };
  }

  #tell(evicted: CacheEventMap['evicted']): void {
    if (!isNothing(evicted.counts)) this.#options.events.emit('evicted', evicted);
  }
}

const NOTHING: EvictedCounts = { infos: 0, variants: 0, sources: 0, bytes: 0 };

function isNothing({ infos, variants, sources }: EvictedCounts): boolean {
  return infos + variants + sources === 0;
}

const NO_INFOS = { identifier: undefined, infos: 0 };

function concernsInfos(eviction: Eviction): boolean {
  if ('key' in eviction) return eviction.key.kind === 'info';
  return 'group' in eviction || (eviction.kind ?? 'info') === 'info';
}

/** Whether somebody says of the images themselves that they are others now. */
function concernsAll(eviction: Eviction): boolean {
  return 'group' in eviction || (!('key' in eviction) && eviction.kind === undefined);
}

/** Adds counts up. */
export function sumCounts(counts: readonly EvictedCounts[]): EvictedCounts {
  return counts.reduce(
    (sum, { infos, variants, sources, bytes }) => ({
      infos: sum.infos + infos,
      variants: sum.variants + variants,
      sources: sum.sources + sources,
      bytes: sum.bytes + bytes,
    }),
    NOTHING,
  );
}
