import {
  parseSize,
  type EvictedCounts,
  type ImageCache,
  type ListedEntry,
  type SweepOptions,
  type SweepReport,
} from 'nestjs-image-cache';
import { CliError } from '../cli-error.js';
import type { StoreUse } from '../../configuration/stores.js';
import type { Settings } from '../../configuration/known-keys.js';
import type {
  CacheBounds,
  CachedEntry,
  CacheManagement,
  CacheStatus,
  EntriesRequest,
  EntryPage,
  JobPage,
  Prefetched,
  Queued,
  Upkeep,
  Work,
} from './cache-management.js';
import { openConfiguredCache } from './configured-cache.js';

const UPKEEP: Readonly<Record<Upkeep, (cache: ImageCache, options: SweepOptions) => Promise<SweepReport>>> = {
  sweep: (cache, options) => cache.sweep(options),
  prune: (cache, options) => cache.sweep({ ...options, steps: ['bounds'] }),
  clean: (cache, options) => cache.cleanUp(options),
};

/** Manages the cache in the stores of a configuration, which a server may be using at the same time. */
export class StoreManagement implements CacheManagement {
  readonly #cache: ImageCache;
  readonly #settings: Settings;

  private constructor(cache: ImageCache, settings: Settings) {
    this.#cache = cache;
    this.#settings = settings;
  }

  /**
   * Opens the stores.
   *
   * @throws CliError, ConfigurationError or ImageCacheError when they cannot be used
   */
  static async open(settings: Settings, use: StoreUse): Promise<StoreManagement> {
    return new StoreManagement(await openConfiguredCache(settings, use), settings);
  }

  async entries({ kind, order, after, limit }: EntriesRequest): Promise<EntryPage> {
    const entries: CachedEntry[] = [];
    let cursor = '';
    const options = { ...(kind && { kind }), ...(order && { order }), ...(after !== undefined && { after }) };
    for await (const entry of this.#cache.entries(options)) {
      if (entries.length === limit) return { entries, next: cursor };
      entries.push(shownEntry(entry));
      ({ cursor } = entry);
    }
    return { entries };
  }

  jobs(): Promise<JobPage> {
    return needsServer();
  }

  enqueue(): Promise<Queued> {
    return needsServer();
  }

  async evict(identifier: string): Promise<boolean> {
    const known = await this.#cache.entriesOf(identifier);
    // Also what cannot be listed goes, and what is just being written.
    const { infos, variants, sources } = await this.#cache.evict(identifier);
    return known.length + infos + variants + sources > 0;
  }

  dequeue(): Promise<boolean> {
    return needsServer();
  }

  async evictAll(): Promise<EvictedCounts> {
    const evicted = await this.#cache.purge();
    return (await evicted.completed) ?? evicted;
  }

  clearQueue(): Promise<number> {
    return needsServer();
  }

  prefetch(): Promise<Prefetched> {
    return needsServer();
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
    return this.#cache.close();
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

function boundsOf(settings: Settings): CacheBounds {
  const { 'cache.server.variant.max_entries': maxEntries } = settings;
  const maxSize = parseSize(settings['cache.server.variant.max_size'], 'cache.server.variant.max_size');
  return { ...(maxSize > 0 && { maxSize }), ...(maxEntries !== undefined && { maxEntries }) };
}

function needsServer(): never {
  throw new CliError('Only a server can do this; name one (--server).');
}
