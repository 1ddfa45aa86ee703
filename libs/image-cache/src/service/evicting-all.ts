import type { CacheEvents } from '../observability/events.js';
import type { ClearOptions } from '../ports/cache-store.js';
import type { Evicted } from '../ports/entry.js';
import type { EvictionNotices } from '../tiers/eviction-notices.js';
import type { HeapInfoCache } from '../tiers/heap-info-cache.js';
import { sumCounts, type ImageEvictor } from '../tiers/image-evictor.js';
import type { SourceMonitor } from '../tiers/source-monitor.js';
import type { TierStores } from './build-stores.js';

/** What evicting everything depends on. */
export interface EvictingOptions {
  readonly stores: TierStores;
  readonly heapInfos: HeapInfoCache | undefined;
  readonly monitor: SourceMonitor;
  readonly evictor: ImageEvictor;
  readonly notices: EvictionNotices;
  readonly events: CacheEvents;
}

/** Evicts all infos. */
export async function evictInfos(
  { stores, heapInfos, evictor, events }: EvictingOptions,
  options?: ClearOptions,
): Promise<Evicted> {
  const evicted = await stores.info?.clear('info', options);
  evictor.outdate();
  const inHeap = heapInfos?.clear() ?? 0;
  const result: Evicted = evicted ?? { ...sumCounts([]), infos: inHeap };
  tellEvicted(events, 'request', result);
  return result;
}

/**
 * Evicts all variants or originals, or everything.
 *
 * @throws what a store threw, after all the others have been evicted from
 */
export async function evictAll(
  options: EvictingOptions,
  kind?: 'variant' | 'source',
  how?: ClearOptions,
): Promise<Evicted> {
  const { stores, evictor, events, notices } = options;
  const reason = kind === undefined ? 'purge' : 'request';
  const outcomes = await Promise.allSettled(stores.distinct.map((store) => store.clear(kind, how)));
  evictor.outdate();
  const inHeap = kind === undefined ? forget(options) : 0;
  if (kind !== 'source') notices.tell(reason, 'everything');
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  const evicted = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const counts = sumCounts(evicted);
  const completed = evicted.some((each) => each.completed !== undefined)
    ? Promise.all(evicted.map(async (each) => (await each.completed) ?? each)).then(sumCounts)
    : undefined;
  tellEvicted(events, reason, { ...counts, ...(completed && { completed }) });
  const infos = stores.info === undefined ? Math.max(counts.infos, inHeap) : counts.infos;
  return { ...counts, infos, ...(completed && { completed }) };
}

/** How much has gone is known when its space has been given back. */
function tellEvicted(events: CacheEvents, reason: string, { completed, ...counts }: Evicted): void {
  if (completed === undefined) {
    events.emit('evicted', { reason, counts });
    return;
  }
  completed.then(
    (all) => {
      events.emit('evicted', { reason, counts: all });
    },
    (error: unknown) => {
      events.emit('background-failed', { what: 'giving space back', error });
    },
  );
}

/** Returns how many infos were in the heap. */
function forget({ heapInfos, monitor }: EvictingOptions): number {
  monitor.forget();
  return heapInfos?.clear() ?? 0;
}
