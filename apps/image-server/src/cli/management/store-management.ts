import {
  countEntries,
  describeImage,
  isListingPartial,
  parseSize,
  RANKINGS,
  sumCounts,
  topEntries,
  type EntriesOptions,
  type EvictedCounts,
  type ImageCache,
  type SweepOptions,
  type SweepReport,
} from 'nestjs-image-cache';
import { CliError } from '../cli-error.js';
import type { Settings } from '../../configuration/known-keys.js';
import type {
  CacheBounds,
  CachedEntry,
  CacheManagement,
  CacheStatus,
  ChangedCounts,
  EntriesRequest,
  EntryPage,
  ImageDescription,
  PurgedCounts,
  Upkeep,
} from './cache-management.js';
import { openConfiguredCache } from './configured-cache.js';
import { hasConfiguredQueue, openConfiguredQueue, type ConfiguredQueue } from './configured-queue.js';
import type { ManagedStores } from './managed-stores.js';
import { countUsage, shownEntry, shownJob } from './shown.js';
import { StoreQueue } from './store-queue.js';
import type { Rehearsable } from './work.js';

const UPKEEP: Readonly<Record<Upkeep, (cache: ImageCache, options: SweepOptions) => Promise<SweepReport>>> = {
  sweep: (cache, options) => cache.sweep(options),
  // An index that does not know all entries yet would have none of the others go.
  prune: (cache, { dryRun = false, ...options }) =>
    cache.sweep({ ...options, dryRun, steps: [...(isIndexing(cache) && !dryRun ? RECONCILE : []), 'bounds'] }),
  clean: (cache, options) => cache.cleanUp(options),
};

const PAGED = ['id', 'lastAccess'] as const;

const RECONCILE = ['reconcile'] as const;

/** Manages the cache in the stores of a configuration, which a server may be using at the same time. */
export class StoreManagement implements CacheManagement {
  readonly #cache: ImageCache;
  readonly #opened: ConfiguredQueue | undefined;
  readonly #settings: Settings;

  private constructor(cache: ImageCache, settings: Settings, queue?: ConfiguredQueue) {
    this.#cache = cache;
    this.#settings = settings;
    this.#opened = queue;
  }

  /**
   * Opens the stores.
   *
   * @throws CliError, ConfigurationError or ImageCacheError when they cannot be used
   */
  static async open(settings: Settings, { use, queue }: ManagedStores): Promise<StoreManagement> {
    if (queue === 'required' || (queue !== 'none' && hasConfiguredQueue(settings))) {
      const opened = await openConfiguredQueue(settings, use, { isMade: queue !== 'look' });
      return new StoreManagement(opened.cache, settings, opened);
    }
    return new StoreManagement(await openConfiguredCache(settings, use), settings);
  }

  get queue(): StoreQueue {
    if (this.#opened === undefined) throw new CliError('The queue has not been opened.');
    return new StoreQueue(this.#opened.prefetcher, this.#cache);
  }

  async entries({ kind, order, after, limit, signal }: EntriesRequest): Promise<EntryPage> {
    const by = RANKINGS.find((each) => each === order);
    const which = { ...(kind && { kind }), signal };
    if (by !== undefined) return { entries: (await topEntries(this.#cache, { by, limit, ...which })).map(shownEntry) };
    const paged = PAGED.find((each) => each === order);
    return this.#page({ ...which, ...(paged && { order: paged }), ...(after !== undefined && { after }) }, limit);
  }

  async describe(identifier: string): Promise<ImageDescription | undefined> {
    const parts = { cache: this.#cache, prefetcher: this.#opened?.prefetcher };
    const found = await describeImage(identifier, parts);
    if (found === undefined) return undefined;
    const { entries, job, ...image } = found;
    return { ...image, entries: entries.map(shownEntry), ...(job && { job: shownJob(job) }) };
  }

  async evict(identifier: string): Promise<boolean> {
    const isListed = this.#cache.stores.some(({ features }) => features.enumerable);
    const known = isListed ? await this.#cache.entriesOf(identifier) : [];
    // Also what cannot be listed goes, and what is just being written.
    const { infos, variants, sources } = await this.#cache.evict(identifier);
    return !isListed || known.length + infos + variants + sources > 0;
  }

  async countOf(identifier: string): Promise<EvictedCounts> {
    const isListed = this.#cache.stores.some(({ features }) => features.enumerable);
    return countEntries(isListed ? await this.#cache.entriesOf(identifier) : []);
  }

  async evictAll({ dryRun, signal }: Rehearsable): Promise<PurgedCounts> {
    if (dryRun) return countUsage(await this.#cache.usage());
    const { completed, ...counts } = await this.#cache.purge({ signal });
    if (completed === undefined) return counts;
    const given = await completed;
    return signal.aborted ? { ...given, aborted: true } : given;
  }

  async changed(identifiers: readonly string[], { dryRun, signal, onProgress }: Rehearsable): Promise<ChangedCounts> {
    const done: ChangedCounts[] = [];
    for (const identifier of identifiers) {
      signal.throwIfAborted();
      done.push(await this.#change(identifier, dryRun));
      onProgress({ total: identifiers.length, done: done.length });
    }
    return {
      evicted: sumCounts(done.map(({ evicted }) => evicted)),
      requeued: done.reduce((sum, { requeued }) => sum + requeued, 0),
    };
  }

  async upkeep(which: Upkeep, work: Rehearsable): Promise<SweepReport> {
    const stop = this.#cache.on('step', ({ report }) => {
      work.onProgress(report);
    });
    try {
      return await UPKEEP[which](this.#cache, work);
    } finally {
      stop();
    }
  }

  async status(): Promise<CacheStatus> {
    return { usage: await this.#cache.usage(), bounds: boundsOf(this.#settings) };
  }

  async knownUsage(): Promise<CacheStatus['usage']> {
    const isCounted = this.#cache.stores.every(({ features, isIndexing: isNew }) => features.orderedByAccess && !isNew);
    return isCounted ? this.#cache.usage() : undefined;
  }

  close(): Promise<void> {
    return (this.#opened ?? this.#cache).close();
  }

  async #page(options: EntriesOptions, limit: number): Promise<EntryPage> {
    const entries: CachedEntry[] = [];
    let cursor = '';
    const note = isListingPartial(this.#cache.stores, options) ? ({ partial: true } as const) : {};
    for await (const entry of this.#cache.entries(options)) {
      if (entries.length === limit) return { entries, next: cursor, ...note };
      entries.push(shownEntry(entry));
      ({ cursor } = entry);
    }
    return { entries, ...note };
  }

  async #change(identifier: string, dryRun: boolean): Promise<ChangedCounts> {
    if (this.#opened !== undefined) return this.#opened.prefetcher.changed(identifier, { dryRun });
    return { evicted: await (dryRun ? this.countOf(identifier) : this.#cache.changed(identifier)), requeued: 0 };
  }
}

function isIndexing({ stores }: ImageCache): boolean {
  return stores.some((store) => store.isIndexing);
}

/** What pictures and originals may take together; nothing where one of them has no bound. */
function boundsOf(settings: Settings): CacheBounds {
  const keepsVariants = settings['cache.server.variant.enabled'];
  const keepsOriginals = settings['cache.server.source.enabled'];
  const sizes = [
    ...(keepsVariants ? [parseSize(settings['cache.server.variant.max_size'], 'cache.server.variant.max_size')] : []),
    ...(keepsOriginals ? [parseSize(settings['cache.server.source.max_size'], 'cache.server.source.max_size')] : []),
  ];
  const { 'cache.server.variant.max_entries': maxEntries } = settings;
  return {
    ...(sizes.length > 0 && sizes.every((size) => size > 0) && { maxSize: sizes.reduce((sum, size) => sum + size) }),
    ...(maxEntries !== undefined && keepsVariants && !keepsOriginals && { maxEntries }),
  };
}
