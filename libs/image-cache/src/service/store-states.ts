import type { TierStores } from './build-stores.js';
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
