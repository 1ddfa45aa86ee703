import { Inject, Injectable, Optional } from '@nestjs/common';
import { isAbandonment } from '../../common/errors.js';
import type { ClearOptions } from '../../ports/cache-store.js';
import type { Evicted, EvictedCounts, Kind } from '../../ports/entry.js';
import type { EnqueuedCounts, Prefetcher, PrefetchReport } from '../../prefetch/prefetcher.js';
import type { ImageCache } from '../../service/image-cache.js';
import type { SweepReport } from '../../maintenance/sweep.js';
import { countEntries } from '../../stores/count-evicted.js';
import { ADMIN_CACHE, ADMIN_PREFETCHER } from '../admin-options.js';
import { requirePrefetcher } from '../require-prefetcher.js';
import { countsOf, countUsage } from '../shapes.js';
import type { TaskContext, TaskResult, TaskWork } from './task-registry.js';
import type { QueueOrder, TaskRequest } from './verb.js';

/** What the verbs of tasks do. */
@Injectable()
export class Verbs {
  readonly #cache: ImageCache;
  readonly #prefetcher: Prefetcher | undefined;

  constructor(
    @Inject(ADMIN_CACHE) cache: ImageCache,
    @Optional() @Inject(ADMIN_PREFETCHER) prefetcher: Prefetcher | undefined,
  ) {
    this.#cache = cache;
    this.#prefetcher = prefetcher;
  }

  /**
   * @throws NotFoundException when something is to be prefetched and nothing can be, ImageCacheError
   * `E_IMAGE_CACHE_OPTIONS` when there are no such variants
   */
  async workOf(request: TaskRequest, { identifiers, ...wanted }: QueueOrder = {}): Promise<TaskWork> {
    const { verb, dryRun, identifier = '' } = request;
    const cache = this.#cache;
    switch (verb) {
      case 'PurgeCache':
        return (context) => this.#evictAll((how) => cache.purge(how), { dryRun, ...context });
      case 'EvictInfosFromCache':
        return (context) => this.#evictAll((how) => cache.evictInfos(how), { dryRun, kinds: ['info'], ...context });
      case 'EvictInvalidFromCache':
        return (context) => cache.evictInvalid({ dryRun, ...context });
      case 'EvictItemFromCache':
        return () => this.#evict(identifier, dryRun);
      case 'SweepCache':
        return (context) => cache.sweep({ dryRun, ...context });
      case 'CleanCache':
        return (context) => cache.cleanUp({ dryRun, ...context });
      case 'PruneCache':
        return (context): Promise<SweepReport> => cache.sweep({ steps: ['bounds'], dryRun, ...context });
      case 'QueueImages': {
        const prefetcher = requirePrefetcher(this.#prefetcher);
        // Nothing is queued by that, and what is wanted is looked at.
        await prefetcher.enqueueAll([], wanted);
        const images = { ...wanted, ...(identifiers && { identifiers }), folder: request.folder ?? '' };
        return (context) => queueAll(prefetcher, { ...context, ...images });
      }
      case 'PrefetchImages': {
        const prefetcher = requirePrefetcher(this.#prefetcher);
        return (context) => prefetchAll(prefetcher, cache, context);
      }
    }
  }

  async #evict(identifier: string, dryRun: boolean): Promise<TaskResult> {
    if (dryRun) return countEntries(await this.#cache.entriesOf(identifier));
    return countsOf(await this.#cache.evict(identifier));
  }

  /** What is evicted is out of sight at once; giving its space back, which counts it, may take longer, and be ended. */
  async #evictAll(
    evict: (how: ClearOptions) => Promise<Evicted>,
    { dryRun, kinds, signal, onProgress }: TaskContext & { readonly dryRun: boolean; readonly kinds?: readonly Kind[] },
  ): Promise<TaskResult> {
    if (dryRun) return countUsage(await this.#cache.usage(), kinds);
    const evicted = await evict({ signal });
    onProgress({ step: 'evict', ...sumOf(evicted) });
    const counts = countsOf((await evicted.completed) ?? evicted);
    onProgress({ step: 'evict', ...sumOf(counts) });
    return evicted.completed !== undefined && signal.aborted ? { ...counts, aborted: true } : counts;
  }
}

/** Those before it is ended stay queued. */
async function queueAll(
  prefetcher: Prefetcher,
  { identifiers, folder, signal, onProgress, ...wanted }: TaskContext & QueueOrder & { readonly folder: string },
): Promise<TaskResult> {
  let omittedFolders = 0;
  const onOmitted = (): void => void (omittedFolders += 1);
  const images = identifiers ?? prefetcher.imagesIn(folder, { signal, onOmitted });
  let soFar: EnqueuedCounts = { queued: 0, alreadyQueued: 0, writing: 0, cached: 0 };
  const tell = (counts: EnqueuedCounts): void => {
    soFar = counts;
    const { queued, alreadyQueued, writing, cached } = counts;
    onProgress({ step: 'queue', examined: queued + alreadyQueued + writing + cached, removed: 0, bytes: 0 });
  };
  try {
    const counts = await prefetcher.enqueueAll(images, { ...wanted, signal, onProgress: tell });
    return omittedFolders > 0 ? { ...counts, omittedFolders } : counts;
  } catch (error) {
    if (signal.aborted && isAbandonment(error)) return { ...soFar, aborted: true };
    throw error;
  }
}

/** What others queue meanwhile is done, too. */
async function prefetchAll(
  prefetcher: Prefetcher,
  cache: ImageCache,
  { signal, onProgress }: TaskContext,
): Promise<PrefetchReport> {
  const { queued, running } = prefetcher.status();
  let examined = 0;
  const stops = (['prefetched', 'prefetch-failed'] as const).map((event) =>
    cache.on(event, () => {
      examined += 1;
      onProgress({ step: 'prefetch', examined, removed: 0, bytes: 0, total: Math.max(queued + running, examined) });
    }),
  );
  try {
    return await prefetcher.run({ signal });
  } finally {
    for (const stop of stops) stop();
  }
}

function sumOf({ infos, variants, sources, bytes }: EvictedCounts): {
  examined: number;
  removed: number;
  bytes: number;
} {
  const entries = infos + variants + sources;
  return { examined: entries, removed: entries, bytes };
}
