import {
  parseSize,
  isListingPartial,
  type EvictedCounts,
  type ImageCache,
  type ListedEntry,
  type Prefetcher,
  type PrefetchJob,
  type PrefetchRequest,
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
  EntriesRequest,
  EntryPage,
  JobPage,
  JobsRequest,
  Prefetched,
  Queued,
  QueueAllRequest,
  QueuedCounts,
  QueuedJob,
  QueueRequest,
  Upkeep,
  Work,
} from './cache-management.js';
import { openConfiguredCache } from './configured-cache.js';
import { openConfiguredQueue, type ConfiguredQueue } from './configured-queue.js';
import type { ManagedStores } from './managed-stores.js';

const UPKEEP: Readonly<Record<Upkeep, (cache: ImageCache, options: SweepOptions) => Promise<SweepReport>>> = {
  sweep: (cache, options) => cache.sweep(options),
  // An index that does not know all entries yet would have none of the others go.
  prune: (cache, { dryRun = false, ...options }) =>
    cache.sweep({ ...options, dryRun, steps: [...(isIndexing(cache) && !dryRun ? RECONCILE : []), 'bounds'] }),
  clean: (cache, options) => cache.cleanUp(options),
};

const RECONCILE = ['reconcile'] as const;

function isIndexing({ stores }: ImageCache): boolean {
  return stores.some((store) => store.isIndexing);
}

/** Manages the cache in the stores of a configuration, which a server may be using at the same time. */
export class StoreManagement implements CacheManagement {
  readonly #cache: ImageCache;
  readonly #queue: ConfiguredQueue | undefined;
  readonly #settings: Settings;

  private constructor(cache: ImageCache, settings: Settings, queue?: ConfiguredQueue) {
    this.#cache = cache;
    this.#settings = settings;
    this.#queue = queue;
  }

  /**
   * Opens the stores.
   *
   * @throws CliError, ConfigurationError or ImageCacheError when they cannot be used
   */
  static async open(settings: Settings, { use, queue }: ManagedStores): Promise<StoreManagement> {
    if (queue) {
      const opened = await openConfiguredQueue(settings, use);
      return new StoreManagement(opened.cache, settings, opened);
    }
    return new StoreManagement(await openConfiguredCache(settings, use), settings);
  }

  async entries({ kind, order, after, limit }: EntriesRequest): Promise<EntryPage> {
    const entries: CachedEntry[] = [];
    let cursor = '';
    const options = { ...(kind && { kind }), ...(order && { order }), ...(after !== undefined && { after }) };
    const note = isListingPartial(this.#cache.stores, options) ? ({ partial: true } as const) : {};
    for await (const entry of this.#cache.entries(options)) {
      if (entries.length === limit) return { entries, next: cursor, ...note };
      entries.push(shownEntry(entry));
      ({ cursor } = entry);
    }
    return { entries, ...note };
  }

  async jobs({ state, after, limit }: JobsRequest): Promise<JobPage> {
    const options = { limit, ...(state && { state }), ...(after !== undefined && { after }) };
    const { jobs, next } = await this.#prefetcher.jobs(options);
    return { jobs: jobs.map(shownJob), ...(next !== undefined && { next }) };
  }

  async enqueue({ identifier, variants, priority }: QueueRequest): Promise<Queued> {
    const { status, job } = await this.#prefetcher.enqueue({ identifier, ...wishes({ variants, priority }) });
    return { status, ...(job && { job: shownJob(job) }) };
  }

  enqueueAll({ images, variants, priority }: QueueAllRequest, { signal, onProgress }: Work): Promise<QueuedCounts> {
    const all = 'folder' in images ? this.#prefetcher.imagesIn(images.folder, { signal }) : images.identifiers;
    const tell = ({ queued, alreadyQueued, writing, cached }: QueuedCounts): void => {
      onProgress({ examined: queued + alreadyQueued + writing + cached });
    };
    return this.#prefetcher.enqueueAll(all, { ...wishes({ variants, priority }), signal, onProgress: tell });
  }

  async evict(identifier: string): Promise<boolean> {
    const known = await this.#cache.entriesOf(identifier);
    // Also what cannot be listed goes, and what is just being written.
    const { infos, variants, sources } = await this.#cache.evict(identifier);
    return known.length + infos + variants + sources > 0;
  }

  dequeue(identifier: string): Promise<boolean> {
    return this.#prefetcher.remove(identifier);
  }

  async evictAll(): Promise<EvictedCounts> {
    const evicted = await this.#cache.purge();
    return (await evicted.completed) ?? evicted;
  }

  clearQueue(): Promise<number> {
    return this.#prefetcher.clear();
  }

  async prefetch({ signal, onProgress }: Work): Promise<Prefetched> {
    const total = this.#prefetcher.status().queued;
    let done = 0;
    const stop = this.#cache.on('prefetched', () => {
      done += 1;
      onProgress({ total: Math.max(total, done), done });
    });
    try {
      return await this.#prefetcher.run({ signal });
    } finally {
      stop();
    }
  }

  async upkeep(which: Upkeep, options: Work & { readonly dryRun: boolean }): Promise<SweepReport> {
    const stop = this.#cache.on('step', ({ report }) => {
      options.onProgress(report);
    });
    try {
      return await UPKEEP[which](this.#cache, options);
    } finally {
      stop();
    }
  }

  async status(): Promise<CacheStatus> {
    return { usage: await this.#cache.usage(), bounds: boundsOf(this.#settings) };
  }

  close(): Promise<void> {
    return (this.#queue ?? this.#cache).close();
  }

  get #prefetcher(): Prefetcher {
    if (this.#queue === undefined) throw new CliError('The queue has not been opened.');
    return this.#queue.prefetcher;
  }
}

function shownEntry({ key, meta, lastAccess, hits }: ListedEntry): CachedEntry {
  const { identifier, operations, contentType, size, createdAt } = meta;
  return {
    identifier,
    kind: key.kind,
    ...(operations !== undefined && { operations }),
    key: `${key.kind}/${key.group}/${key.id}.${key.extension}`,
    contentType,
    size,
    createdAt: new Date(createdAt).toISOString(),
    lastAccess: new Date(lastAccess).toISOString(),
    ...(hits !== undefined && { hits }),
  };
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

function shownJob({ queuedAt, ...job }: PrefetchJob): QueuedJob {
  return { ...job, queuedAt: new Date(queuedAt).toISOString() };
}

function wishes({
  variants,
  priority,
}: Pick<QueueRequest, 'variants' | 'priority'>): Pick<PrefetchRequest, 'variants' | 'priority'> {
  return { ...(variants !== undefined && { variants }), ...(priority !== undefined && { priority }) };
}
