import { Inject, Injectable } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import type { Prefetcher } from '../prefetch/prefetcher.js';
import type { ImageCache, StoreState } from '../service/image-cache.js';
import { UsageProbe } from '../observability/history/usage-probe.js';
import { boundsOfAll } from '../service/store-states.js';
import type { CacheWorker } from '../worker/cache-worker.js';
import { ADMIN_CACHE, ADMIN_PREFETCHER, ADMIN_SETTINGS, ADMIN_WORKER, type AdminSettings } from './admin-options.js';
import type { StatusDto, StoreDto, WorkerDto } from './dto/status.dto.js';
import { keptKinds } from './kept-kinds.js';
import { isoTime, shownPrefetch } from './shapes.js';

/** Puts together how the cache is. */
@Injectable()
export class CacheStatus {
  readonly #cache: ImageCache;
  readonly #worker: CacheWorker;
  readonly #prefetcher: Prefetcher | undefined;
  readonly #settings: AdminSettings;
  readonly #usage: UsageProbe;
  readonly #startedAt: number;
  readonly #version = versionOfPackage();

  constructor(
    @Inject(ADMIN_CACHE) cache: ImageCache,
    @Inject(ADMIN_WORKER) worker: CacheWorker,
    @Inject(ADMIN_PREFETCHER) prefetcher: Prefetcher | undefined,
    @Inject(ADMIN_SETTINGS) settings: AdminSettings,
  ) {
    this.#cache = cache;
    this.#worker = worker;
    this.#prefetcher = prefetcher;
    this.#settings = settings;
    this.#usage = new UsageProbe(cache, settings.clock);
    this.#startedAt = settings.clock.now();
  }

  async now(): Promise<StatusDto> {
    const { info, variant, source } = await this.#usage.read();
    // What other processes have done with the queue is learnt; one that cannot be read has told so.
    await this.#prefetcher?.jobs({ limit: 1 }).catch(() => undefined);
    const stats = this.#cache.stats();
    const { rss, heapUsed } = process.memoryUsage();
    const { stores } = this.#cache;
    const bounds = boundsOfAll(stores);
    return {
      name: 'nestjs-image-cache',
      version: this.#version,
      startedAt: isoTime(this.#startedAt),
      now: isoTime(this.#settings.clock.now()),
      process: { pid: process.pid, rss, heapUsed },
      stats,
      ...(info && variant && source && { usage: { info, variant, source } }),
      ...(bounds && { bounds }),
      ...(stats.hot && { hotBytes: stats.hot.bytes }),
      worker: this.#shifts(),
      ...(this.#prefetcher && { prefetch: shownPrefetch(this.#prefetcher.status()) }),
      kinds: keptKinds(this.#cache),
      stores: stores.map(shownStore),
    };
  }

  #shifts(): WorkerDto {
    const { last, nextAt } = this.#worker;
    const interval = this.#cache.worker?.interval;
    return {
      enabled: interval !== undefined,
      ...(interval !== undefined && { interval }),
      ...(nextAt !== undefined && { nextAt: isoTime(nextAt) }),
      ...(last && { lastAt: isoTime(last.at), lastReport: last.report }),
    };
  }
}

function shownStore({ leftOut, isIndexing, name, kinds, features }: StoreState): StoreDto {
  const [reads, writes, leases] = (['reads', 'writes', 'leases'] as const).map((calls) => leftOut.includes(calls));
  return {
    name,
    kinds,
    features,
    indexing: isIndexing,
    breaker: { reads: reads === true, writes: writes === true, leases: leases === true },
  };
}

function versionOfPackage(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
