export { ChaosStore, type ChaosOperation, type ChaosOptions } from './chaos-store.js';
export {
  cacheStoreLaws,
  describeCacheStore,
  tryLaw,
  type CacheStoreSubject,
  type CreatedStore,
  type TestRunner,
} from './describe-cache-store.js';
export { FakeClock } from './fake-clock.js';
export type { CacheStoreLaw, LawContext } from './laws/law.js';
