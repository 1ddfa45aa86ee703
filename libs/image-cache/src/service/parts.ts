import type { Admission } from '../common/admission.js';
import type { Background } from '../common/background.js';
import type { CacheEvents } from '../observability/events.js';
import type { CacheStats } from '../observability/stats.js';
import type { Clock } from '../ports/clock.js';
import type { EvictionNotices } from '../tiers/eviction-notices.js';
import type { HeapInfoCache } from '../tiers/heap-info-cache.js';
import type { ImageEvictor } from '../tiers/image-evictor.js';
import type { InfoCache } from '../tiers/info-cache.js';
import type { RenderTurns } from '../tiers/render-turns.js';
import type { SourceCache } from '../tiers/source-cache.js';
import type { SourceMonitor } from '../tiers/source-monitor.js';
import type { TouchBuffer } from '../tiers/touch-buffer.js';
import type { VariantCache } from '../tiers/variant-cache.js';
import type { VariantRenders } from '../tiers/variant-renders.js';
import type { TierStores } from './build-stores.js';
import type { Ending } from './ending.js';
import type { LiveSettings } from './live-settings.js';
import type { ResolvedOptions } from './resolve-options.js';

/** What an image cache consists of. */
export interface Parts {
  readonly options: ResolvedOptions;
  readonly stores: TierStores;
  readonly heapInfos: HeapInfoCache | undefined;
  readonly infos: InfoCache;
  readonly variants: VariantCache;
  readonly sources: SourceCache | undefined;
  readonly renders: VariantRenders;
  readonly touches: readonly TouchBuffer[];
  readonly live: LiveSettings;
  readonly monitor: SourceMonitor;
  readonly evictor: ImageEvictor;
  readonly notices: EvictionNotices;
  readonly admission: Admission;
  readonly turns: RenderTurns;
  readonly background: Background;
  readonly ending: Ending;
  readonly clock: Clock;
  readonly events: CacheEvents;
  readonly stats: CacheStats;
}
