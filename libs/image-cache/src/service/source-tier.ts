import { Admission } from '../common/admission.js';
import type { ImageSource, LookupOptions, SourceLookup } from '../ports/image-info.js';
import { SourceCache, type SourceCacheOptions } from '../tiers/source-cache.js';
import { TouchBuffer } from '../tiers/touch-buffer.js';
import type { TierStores } from './build-stores.js';
import type { LiveSettings } from './live-settings.js';
import type { ResolvedOptions } from './resolve-options.js';

/** The source as it is asked: where originals are kept, by way of the cache that keeps them. */
export class AskedSource implements ImageSource {
  readonly name: string;
  #asked: ImageSource;

  constructor(source: ImageSource) {
    this.name = source.name;
    this.#asked = source;
  }

  /** Asks by way of another source from now on. */
  askBy(source: ImageSource): void {
    this.#asked = source;
  }

  lookup(identifier: string, options?: LookupOptions): Promise<SourceLookup> {
    return this.#asked.lookup(identifier, options);
  }
}

/** What the source cache depends on beside its options. */
export type SourceTierOptions = Omit<
  SourceCacheOptions,
  'remote' | 'store' | 'touches' | 'freshness' | 'validity' | 'admission'
>;

/** Makes the cache of originals, where there is to be one. */
export function makeSources(
  { sources, render }: ResolvedOptions,
  { source: store }: TierStores,
  { live, ...shared }: SourceTierOptions & { readonly live: LiveSettings },
): { readonly cache: SourceCache; readonly touches: TouchBuffer } | undefined {
  if (sources === undefined || store === undefined) return undefined;
  const { freshness, validity } = live;
  const { remote, concurrency } = sources;
  const touches = new TouchBuffer({ ...shared, store });
  // A fetch takes no place among the renders: it takes long, and no thread.
  const admission = new Admission({ ...render, concurrency, timeout: 0 }, shared.clock);
  const tier = { ...shared, remote, store, touches, admission, validity, freshness: freshness.source };
  return { cache: new SourceCache(tier), touches };
}
