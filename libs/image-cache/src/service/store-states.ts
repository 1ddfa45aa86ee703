import type { TierStores } from './build-stores.js';
import type { StoreBounds } from '../ports/store-features.js';
import type { StoreState } from './image-cache.js';
import { servingStores } from './listing.js';

/** The distinct stores as they are now. */
export function storeStates(stores: TierStores): readonly StoreState[] {
  return servingStores(stores).map(({ store, kinds }) => ({
    name: store.name,
    kinds,
    features: store.features,
    leftOut: store.leftOut ?? [],
    isIndexing: store.isIndexing ?? false,
  }));
}

/** What the stores of pictures and originals may hold together; nothing where one of them has no such bound. */
export function boundsOfAll(all: readonly StoreState[]): StoreBounds | undefined {
  const stores = all.filter(({ kinds }) => kinds.some((kind) => kind !== 'info'));
  const sumOf = (bound: keyof StoreBounds): number | undefined => {
    const bounds = stores.map(({ features }) => features.bounds?.[bound]);
    return bounds.reduce((sum, each) => (sum === undefined || each === undefined ? undefined : sum + each), 0);
  };
  const [maxSize, maxEntries] = stores.length === 0 ? [] : [sumOf('maxSize'), sumOf('maxEntries')];
  if (maxSize === undefined && maxEntries === undefined) return undefined;
  return { ...(maxSize !== undefined && { maxSize }), ...(maxEntries !== undefined && { maxEntries }) };
}
