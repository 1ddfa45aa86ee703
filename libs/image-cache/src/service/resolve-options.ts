import { getHeapStatistics } from 'node:v8';
import type { AdmissionLimits } from '../common/admission.js';
import { parseMemorySize } from '../common/memory-limit.js';
import { invalidOption, parseInteger, refuseUnknownKeys } from '../common/options.js';
import { parseStall } from './parse-stall.js';
import { systemClock } from '../common/system-clock.js';
import { parseDuration, parseSize, type Duration, type Size } from '../common/units.js';
import { formatClientHints, type ClientOptions } from '../http/client-hints.js';
import { parseReplayHeaders } from '../http/replayed-headers.js';
import type { StoreFactory } from '../ports/cache-store.js';
import type { Clock } from '../ports/clock.js';
import type { EvictionHook } from '../ports/eviction-hook.js';
import type { ImageSource, VariantRenderer } from '../ports/image-info.js';
import type { FreshnessOptions } from '../tiers/freshness.js';
import type { ImageCacheOptions } from './image-cache-options.js';
import { requireMethods, requireStore } from './required.js';
import { resolveSources, type ResolvedSources } from './resolve-sources.js';
import { resolveWorker, type WorkerSettings } from './resolve-worker.js';
import { renderConcurrency } from './thread-pool.js';

/** The settings of the variant cache. */
interface ResolvedVariant extends FreshnessOptions {
  readonly store: StoreFactory | undefined;
  readonly hot: number;
  readonly stale: number;
  readonly negativeTtl: number;
}

/** Options with everything checked, filled in and in milliseconds and bytes. */
export interface ResolvedOptions {
  readonly source: ImageSource | undefined;
  readonly renderer: VariantRenderer | undefined;
  readonly resolveFirst: boolean;
  readonly revalidateAfter: number;
  readonly evictMissing: boolean;
  readonly onEvict: EvictionHook | undefined;
  readonly client: ClientOptions | false;
  readonly replayHeaders: readonly string[];
  readonly heapInfo: { readonly maxSize: number } | undefined;
  /** `'default'`: depends on the variants' store. */
  readonly info: (FreshnessOptions & { readonly store: StoreFactory | undefined }) | 'default' | undefined;
  readonly variant: ResolvedVariant | undefined;
  readonly sources: ResolvedSources | undefined;
  readonly stores: { readonly timeout: number; readonly writeTimeout: number; readonly onError: 'bypass' | 'throw' };
  readonly render: AdmissionLimits & {
    readonly perClient: number | undefined;
    readonly deadline: number;
    readonly maxSize: number;
  };
  readonly maxBufferedEntry: number;
  readonly stall: number;
  readonly drain: number;
  readonly worker: WorkerSettings | undefined;
  readonly clock: Clock;
  readonly warnings: readonly string[];
}

const TTL: Duration = '30d';

const KEYS: readonly (keyof ImageCacheOptions)[] = [
  'source',
  'renderer',
  'resolveFirst',
  'revalidateAfter',
  'evictMissing',
  'onEvict',
  'client',
  'replayHeaders',
  'heapInfo',
  'info',
  'variant',
  'sources',
  'stores',
  'render',
  'maxBufferedEntry',
  'stall',
  'drain',
  'worker',
  'logger',
  'clock',
];

/** The part of the heap that infos may take by default. */
const HEAP_INFO_SHARE = 0.05;

/**
 * Checks the options and fills in the defaults.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS`, the message starting with the full path of the option
 */
export function resolveOptions(options: ImageCacheOptions, path = 'imageCache'): ResolvedOptions {
  refuseUnknownKeys(options, KEYS, path);
  const { source, resolveFirst = false, evictMissing = false, client = { maxAge: TTL, noTransform: true } } = options;
  requireMethods(source, ['lookup'], `${path}.source`);
  if (options.onEvict !== undefined && typeof options.onEvict !== 'function')
    throw invalidOption(`${path}.onEvict`, 'is no function.');
  requireMethods(options.renderer, ['render'], `${path}.renderer`);
  requireMethods(options.logger, ['log', 'warn', 'error'], `${path}.logger`);
  requireMethods(options.clock, ['now', 'schedule'], `${path}.clock`);
  for (const [key, value] of Object.entries({ resolveFirst, evictMissing })) {
    if (typeof value !== 'boolean')
      throw invalidOption(`${path}.${key}`, `${String(value)} is neither true nor false.`);
    if (value && source === undefined)
      throw invalidOption(`${path}.${key}`, `needs ${path}.source, the ImageSource to ask.`);
  }
  if (client !== false) formatClientHints(client, `${path}.client`);
  const render = resolveRender(options.render ?? {}, `${path}.render`);
  return {
    source,
    renderer: options.renderer,
    resolveFirst,
    evictMissing,
    onEvict: options.onEvict,
    client,
    replayHeaders: parseReplayHeaders(options.replayHeaders ?? [], `${path}.replayHeaders`),
    revalidateAfter: parseDuration(options.revalidateAfter ?? '0', `${path}.revalidateAfter`),
    heapInfo: resolveHeapInfo(options.heapInfo ?? {}, `${path}.heapInfo`),
    info: options.info === undefined ? 'default' : resolveInfo(options.info, `${path}.info`),
    variant: resolveVariant(options.variant ?? {}, `${path}.variant`),
    sources: resolveSources(options.sources ?? false, source, path),
    stores: resolveStores(options.stores ?? {}, `${path}.stores`),
    render: render.limits,
    maxBufferedEntry: parseSize(options.maxBufferedEntry ?? '1MB', `${path}.maxBufferedEntry`),
    stall: parseStall(options.stall ?? '1d', `${path}.stall`),
    drain: parseDuration(options.drain ?? '10s', `${path}.drain`),
    worker: resolveWorker(options.worker ?? false, `${path}.worker`),
    clock: options.clock ?? systemClock,
    warnings: render.warnings,
  };
}

/** The settings of an info cache that nobody has set. */
export const DEFAULT_INFO = { store: undefined, ttl: parseDuration(TTL, 'ttl'), staleness: 0 } as const;

function resolveHeapInfo(
  options: Exclude<ImageCacheOptions['heapInfo'], undefined>,
  path: string,
): ResolvedOptions['heapInfo'] {
  if (options === false) return undefined;
  refuseUnknownKeys(options, ['maxSize'], path);
  const limit = getHeapStatistics().heap_size_limit;
  const maxSize =
    options.maxSize === undefined ? Math.floor(limit * HEAP_INFO_SHARE) : parseSize(options.maxSize, `${path}.maxSize`);
  if (maxSize === 0)
    throw invalidOption(`${path}.maxSize`, `a cache of 0 bytes holds nothing; set ${path} to false instead.`);
  if (maxSize > limit) throw invalidOption(`${path}.maxSize`, `is more than the heap limit of ${limit} bytes.`);
  return { maxSize };
}

function resolveInfo(
  options: Exclude<ImageCacheOptions['info'], undefined>,
  path: string,
): Exclude<ResolvedOptions['info'], 'default'> {
  if (options === false) return undefined;
  refuseUnknownKeys(options, ['store', 'ttl'], path);
  requireStore(options.store, `${path}.store`);
  return { store: options.store, ttl: parseDuration(options.ttl ?? TTL, `${path}.ttl`), staleness: 0 };
}

function resolveVariant(
  options: Exclude<ImageCacheOptions['variant'], undefined>,
  path: string,
): ResolvedOptions['variant'] {
  if (options === false) return undefined;
  refuseUnknownKeys(options, ['store', 'hot', 'ttl', 'staleness', 'stale', 'negativeTtl'], path);
  requireStore(options.store, `${path}.store`);
  return {
    store: options.store,
    hot: parseHot(options.hot ?? 0, `${path}.hot`),
    ttl: parseDuration(options.ttl ?? TTL, `${path}.ttl`),
    staleness: parseDuration(options.staleness ?? '0', `${path}.staleness`),
    stale: parseDuration(options.stale ?? '0', `${path}.stale`),
    negativeTtl: parseDuration(options.negativeTtl ?? '0', `${path}.negativeTtl`),
  };
}

/** 0 is none. */
function parseHot(value: Size, path: string): number {
  return parseSize(value, path) === 0 ? 0 : parseMemorySize(value, path);
}

function resolveStores(options: NonNullable<ImageCacheOptions['stores']>, path: string): ResolvedOptions['stores'] {
  refuseUnknownKeys(options, ['timeout', 'writeTimeout', 'onError'], path);
  const { onError = 'bypass' } = options;
  if (!['bypass', 'throw'].includes(onError)) {
    throw invalidOption(`${path}.onError`, `${JSON.stringify(onError)} is neither 'bypass' nor 'throw'.`);
  }
  return {
    timeout: parseDuration(options.timeout ?? '2s', `${path}.timeout`),
    writeTimeout: parseDuration(options.writeTimeout ?? '60s', `${path}.writeTimeout`),
    onError,
  };
}

function resolveRender(
  options: NonNullable<ImageCacheOptions['render']>,
  path: string,
): { limits: ResolvedOptions['render']; warnings: readonly string[] } {
  refuseUnknownKeys(options, ['concurrency', 'queue', 'perClient', 'timeout', 'deadline', 'maxSize'], path);
  const explicit =
    options.concurrency === undefined
      ? undefined
      : parseInteger(options.concurrency, `${path}.concurrency`, { min: 1, max: 1020 });
  const perClient =
    options.perClient === undefined
      ? undefined
      : parseInteger(options.perClient, `${path}.perClient`, { min: 1, max: 1_000_000 });
  const { concurrency, warning } = renderConcurrency(explicit, `${path}.concurrency`);
  const limits = {
    concurrency,
    queue: parseInteger(options.queue ?? 256, `${path}.queue`, { min: 0, max: 1_000_000 }),
    perClient,
    timeout: parseDuration(options.timeout ?? '30s', `${path}.timeout`),
    deadline: parseDuration(options.deadline ?? '2m', `${path}.deadline`),
    maxSize: parseSize(options.maxSize ?? '512MB', `${path}.maxSize`),
  };
  return { limits, warnings: warning === undefined ? [] : [warning] };
}
