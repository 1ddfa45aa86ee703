import { Admission } from '../common/admission.js';
import { Background } from '../common/background.js';
import { CacheEvents } from '../observability/events.js';
import { logEvents } from '../observability/logger.js';
import { CacheStats } from '../observability/stats.js';
import type { CacheStore } from '../ports/cache-store.js';
import { Absences } from '../tiers/absences.js';
import { EvictionNotices } from '../tiers/eviction-notices.js';
import { HeapInfoCache } from '../tiers/heap-info-cache.js';
import { ImageEvictor } from '../tiers/image-evictor.js';
import { InfoCache } from '../tiers/info-cache.js';
import { RenderTurns } from '../tiers/render-turns.js';
import { SourceMonitor } from '../tiers/source-monitor.js';
import { TouchBuffer } from '../tiers/touch-buffer.js';
import { VariantCache } from '../tiers/variant-cache.js';
import { VariantRenders } from '../tiers/variant-renders.js';
import { buildStores, type TierStores } from './build-stores.js';
import { DefaultImageCache } from './default-image-cache.js';
import { Ending } from './ending.js';
import type { ImageCache } from './image-cache.js';
import type { ImageCacheOptions } from './image-cache-options.js';
import { LiveSettings } from './live-settings.js';
import { memoryParts, requireMemory } from './memory-budget.js';
import type { Parts } from './parts.js';
import { resolveOptions, type ResolvedOptions } from './resolve-options.js';
import { AskedSource, makeSources } from './source-tier.js';

/**
 * Makes an image cache and opens its stores; usable without NestJS.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when an option is wrong, `E_IMAGE_CACHE_STORE_REFUSED` when a store
 * cannot be used as it is
 */
export async function createImageCache(options: ImageCacheOptions = {}): Promise<ImageCache> {
  const resolved = resolveOptions(options);
  const events = new CacheEvents();
  const stores = buildStores(resolved, events);
  if (options.logger !== undefined) {
    logEvents(events, options.logger, resolved.clock);
    for (const warning of [...resolved.warnings, ...stores.warnings]) options.logger.warn(warning);
  }
  const parts = assemble(resolved, stores, events);
  for (const { bus } of stores.distinct) {
    bus?.subscribe((eviction) => {
      parts.evictor.drop(eviction);
    });
  }
  const cache = new DefaultImageCache(parts);
  try {
    requireMemory(memoryParts(resolved, stores), 'imageCache');
    for (const store of stores.distinct) await store.open?.();
  } catch (error) {
    await cache.close();
    throw error;
  }
  return cache;
}

/** Puts together what knows of the source images, and of all that is cached of them. */
function watch(
  { clock, source, resolveFirst, revalidateAfter, evictMissing, onEvict: hook, ...options }: ResolvedOptions,
  stores: TierStores,
  { events, closing }: { readonly events: CacheEvents; readonly closing: AbortSignal },
): Pick<Parts, 'monitor' | 'notices' | 'evictor' | 'heapInfos'> & {
  readonly absences: Absences;
  readonly asked: AskedSource | undefined;
} {
  const { stale = 0, negativeTtl = 0 } = options.variant ?? {};
  const { timeout } = options.render;
  const asked = source && new AskedSource(source);
  const asking = { source: asked, resolveFirst, revalidateAfter, stale, timeout };
  const monitor = new SourceMonitor({ ...asking, closing, clock, events });
  const heapInfos = options.heapInfo && new HeapInfoCache(options.heapInfo.maxSize);
  const notices = new EvictionNotices({ hook, clock, events, closing });
  const evictor = new ImageEvictor({ stores: stores.distinct, heapInfos, monitor, evictMissing, notices, events });
  return { monitor, notices, evictor, heapInfos, asked, absences: new Absences({ clock, ttl: negativeTtl, evictor }) };
}

/** Puts the tiers together. */
function assemble(options: ResolvedOptions, stores: TierStores, events: CacheEvents): Parts {
  const { clock, render, maxBufferedEntry } = options;
  const { timeout, deadline, maxSize } = render;
  const background = new Background((what, error) => {
    events.emit('background-failed', { what, error });
  });
  const ending = new Ending({ clock, events, drain: options.drain });
  const { closing } = ending;
  const watching = watch(options, stores, { events, closing });
  const shared = { ...watching, clock, events, background, timeout, deadline, closing };
  const touchesOf = (store: CacheStore | undefined): TouchBuffer | undefined =>
    store && new TouchBuffer({ store, clock, background });
  const live = new LiveSettings({ options, stores });
  const { freshness } = live;
  const sources = makeSources(options, stores, { ...shared, live });
  if (sources !== undefined) watching.asked?.askBy(sources.cache);
  const info = { store: stores.info, touches: touchesOf(stores.info), freshness: freshness.info };
  const variant = { store: stores.variant, touches: touchesOf(stores.variant), freshness: freshness.variant };
  const admission = new Admission(render, clock);
  // A handler may ask for an info while it has a place among the renders.
  const reading = new Admission({ ...render, concurrency: infosAtATime(options) }, clock);
  const turns = new RenderTurns({ ...shared, admission, perClient: render.perClient });
  const rendering = { admission, turns };
  const renders = new VariantRenders({ ...shared, ...rendering, maxBufferedEntry, maxSize, store: variant.store });
  return {
    ...shared,
    ...rendering,
    options,
    stores,
    renders,
    ending,
    live,
    touches: [info.touches, variant.touches, sources?.touches].filter((touches) => touches !== undefined),
    stats: new CacheStats(events),
    infos: new InfoCache({ ...shared, ...info, admission: reading }),
    sources: sources?.cache,
    variants: new VariantCache({ ...shared, ...variant, stale: options.variant?.stale ?? 0, renders }),
  };
}

/** Who waits for an original to come takes no thread meanwhile, and no other one's place. */
function infosAtATime({ sources }: ResolvedOptions): number {
  return INFOS_AT_A_TIME + (sources?.concurrency ?? 0);
}

/** Reading an info takes a thread for a moment only; of those kept for files, some are left. */
const INFOS_AT_A_TIME = 2;
