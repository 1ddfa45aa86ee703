import type { StoreFactory, StoreFeatures } from 'nestjs-image-cache';
import { ChaosStore } from 'nestjs-image-cache/testing';

/** A factory of a store that fails when it is told to, and the store that it has made. */
export interface FailingStore {
  readonly store: StoreFactory;
  readonly chaos: () => ChaosStore;
}

/** Makes a store fail when the test says so. It counts as shared: a store of this process cannot fail. */
export function failing(inner: StoreFactory): FailingStore {
  let made: ChaosStore | undefined;
  return {
    store: (context) => (made = new SharedChaosStore(inner(context), context.clock)),
    chaos: () => {
      if (made === undefined) throw new Error('The store has not been made yet.');
      return made;
    },
  };
}

class SharedChaosStore extends ChaosStore {
  override get features(): StoreFeatures {
    return { ...super.features, shared: true };
  }
}
