// For applications
export { printable } from './common/printable.js';
export { isListingPartial } from './service/listing.js';
export { createImageCache } from './service/create-image-cache.js';
export {
  ImageCache,
  type EntriesOptions,
  type ImageCacheStats,
  type LiveOptions,
  type ResolveOptions,
  type StoreState,
  type SweepOptions,
} from './service/image-cache.js';
export type * from './service/image-cache-options.js';
export type { WarmCounts, WarmListener, WarmOutcome } from './service/warm-outcome.js';
export type { WorkerSettings } from './service/resolve-worker.js';
export { cacheManagerStore } from './stores/cache-manager/cache-manager-store.js';
export type { CacheManagerStoreOptions } from './stores/cache-manager/cache-manager-options.js';
export type { KeyValueCache } from './stores/cache-manager/key-value-cache.js';
export { filesystemStore } from './stores/filesystem/filesystem-store.js';
export type { FilesystemStoreOptions } from './stores/filesystem/filesystem-options.js';
export type { FilesystemBoundsOptions } from './stores/filesystem/space/bounds.js';
export { heapStore, type HeapStoreOptions, type ResizableStore } from './stores/heap/heap-store.js';
export type { Duration, Size } from './common/units.js';
export { parseDuration, parseSize } from './common/units.js';

// For NestJS
export { ImageCacheModule } from './nest/image-cache.module.js';
export { getCacheWorkerToken, getImageCacheToken, InjectImageCache } from './nest/tokens.js';
export type { ImageCacheModuleExtras } from './nest/module-definition.js';
export { CacheVariant } from './nest/decorators/cache-variant.decorator.js';
export { CacheInfo } from './nest/decorators/cache-info.decorator.js';
export { CacheControl } from './nest/decorators/cache-control.decorator.js';
export { NegotiatedFormat } from './nest/decorators/negotiated-format.decorator.js';
export { SkipImageCache } from './nest/decorators/skip-image-cache.decorator.js';
export { EvictImage } from './nest/decorators/evict-image.decorator.js';
export type * from './nest/route-options.js';
export { CacheWorker, type WorkerShift } from './worker/cache-worker.js';
export { HttpExchange, type RoutedRequest } from './nest/http-exchange.js';
export { ResponsePolicy } from './nest/response-policy.js';
export { clientOf, type ClientPolicy } from './nest/client-of.js';
export { wishesOf, type WishPolicy } from './nest/client-wishes.js';
export { conditionsOf, giveUpBody, sendVariant, type VariantConditions } from './nest/variant-response.js';
export { toHttpError, toldToClient } from './nest/http-errors.js';

// For prefetching
export { ImagePrefetchModule } from './prefetch/nest/image-prefetch.module.js';
export type { PrefetchModuleExtras, PrefetchModuleOptions } from './prefetch/nest/prefetch-module-definition.js';
export { getPrefetcherToken } from './prefetch/nest/tokens.js';
export { createPrefetcher, type PrefetcherParts } from './prefetch/create-prefetcher.js';
export type { DefaultPrefetcher } from './prefetch/default-prefetcher.js';
export { Prefetcher } from './prefetch/prefetcher.js';
export type * from './prefetch/prefetcher.js';
export type * from './prefetch/prefetch-options.js';

// For tools that manage a cache
export { describeImage, type ImageDescription } from './prefetch/describe-image.js';
export { RANKINGS, topEntries, type Ranking, type TopOptions } from './service/top-entries.js';
export { countEntries, countEvicted } from './stores/count-evicted.js';
export { sumCounts } from './tiers/image-evictor.js';

// For renderers and sources
export type * from './ports/eviction-hook.js';
export type * from './ports/image-info.js';
export type { Fetched, FetchedOriginal, FetchOptions, RemoteSource } from './ports/remote-source.js';
export type { FetchRequest } from './tiers/source-fetches.js';
export type { SourceCache } from './tiers/source-cache.js';
export { sameStamp, type SourceState } from './tiers/source-state.js';
export type { FoundInfo, InfoCache, InfoRequest } from './tiers/info-cache.js';
export type { Priority } from './common/admission.js';
export type { VariantCache } from './tiers/variant-cache.js';
export type { CacheWishes, Variant, VariantRequest } from './tiers/variant-request.js';
export type { PictureMeta } from './tiers/picture.js';
export type { RenderTurn } from './tiers/render-turns.js';
export { extensionOf, infoKey, namespacedIdentifier, sourceKey, variantKey } from './keys/entry-keys.js';

// For operators
export type {
  CacheEvent,
  CacheEventListener,
  CacheEventMap,
  OuterEvent,
  ChangedOptions,
  ManagedChange,
  Management,
  ManagementFailure,
  ManagementRefusal,
  Tier,
} from './observability/events.js';
export { SERVED_OUTCOMES, type ServedOutcome, type ServedRequest, type ServedTier } from './observability/events.js';
export type { CacheCounters, TierStats } from './observability/stats.js';
export type { SourceFailure } from './observability/source-failure.js';
export type { UncacheableReason } from './common/not-cacheable.js';
export type { CacheLogger } from './observability/logger.js';
export type { SweepStepName } from './maintenance/steps.js';
export type { SweepReport } from './maintenance/sweep.js';
export { ImageCacheError, isImageCacheError } from './common/errors.js';
export type { ImageCacheErrorCode, ImageCacheErrorOptions } from './common/errors.js';

// For HTTP
export { negotiateFormat, type NegotiableFormat } from './http/accept.js';
export { formatCacheControl, NEVER_STORED, type CacheControlOptions } from './http/cache-control.js';
export { CACHE_TAG, cacheTagOf } from './http/cache-tags.js';
export type { ClientHints, ClientOptions } from './http/client-hints.js';
export { formatCacheStatus, type CacheOutcome } from './http/cache-status.js';
export { isNotModified, isPreconditionFailed, isSameBody } from './http/conditional.js';
export type { ConditionalHeaders, Validators } from './http/conditional.js';
export { formatEtag, parseEtags, parseStrongEtags } from './http/entity-tags.js';
export { formatHttpDate, parseHttpDate } from './http/http-dates.js';
export { formatContentRange, parseRange } from './http/ranges.js';

// For stores
export { resolveRange } from './common/streams.js';
export { BufferedReservation } from './stores/buffered-reservation.js';
export type { BufferedEntry, BufferedReservationOptions } from './stores/buffered-reservation.js';
export type * from './ports/cache-bus.js';
export type * from './ports/cache-store.js';
export type * from './ports/clock.js';
export type * from './ports/entry.js';
export type * from './ports/lease.js';
export type * from './ports/opened-entry.js';
