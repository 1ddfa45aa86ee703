import type { CacheEvents } from '../observability/events.js';
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
export async function evictInfos({ stores, heapInfos, evictor, events }: EvictingOptions): Promise<Evicted> {
  const evicted = await stores.info?.clear('info');
  evictor.outdate();
  const inHeap = heapInfos?.clear() ?? 0;
  const result: Evicted = evicted ?? { ...sumCounts([]), infos: inHeap };
  events.emit('evicted', { reason: 'request', counts: result });
  return result;
}

/**
 * Evicts all variants or originals, or everything.
 *
 * @throws what a store threw, after all the others have been evicted from
 */
export async function evictAll(options: EvictingOptions, kind?: 'variant' | 'source'): Promise<Evicted> {
  const { stores, evictor, events, notices } = options;
  const reason = kind === undefined ? 'purge' : 'request';
  const outcomes = await Promise.allSettled(stores.distinct.map((store) => store.clear(kind)));
  evictor.outdate();
  const inHeap = kind === undefined ? forget(options) : 0;
  if (kind !== 'source') notices.tell(reason, 'everything');
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  const evicted = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const counts = sumCounts(evicted);
  const completed = Promise.all(evicted.map(async (each) => (await each.completed) ?? each)).then(sumCounts);
  completed.catch((error: unknown) => {
    events.emit('background-failed', { what: 'giving space back', error });
  });
  events.emit('evicted', { reason, counts });
  const infos = stores.info === undefined ? Math.max(counts.infos, inHeap) : counts.infos;
  return { ...counts, infos, ...(evicted.some((each) => each.completed !== undefined) && { completed }) };
}

/** Returns how many infos were in the heap. */
function forget({ heapInfos, monitor }: EvictingOptions): number {
  monitor.forget();
  return heapInfos?.clear() ?? 0;
}
