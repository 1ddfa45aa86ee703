import { ImageCacheError } from '../common/errors.js';
import type { CacheStore, StoreContext, StoreFactory } from '../ports/cache-store.js';

/** What a store has to have; the rest is optional. */
const CALLS = [
  'read',
  'generation',
  'reserve',
  'touch',
  'stat',
  'delete',
  'deleteGroup',
  'clear',
  'entries',
  'usage',
] as const satisfies readonly (keyof CacheStore)[];

/**
 * Makes a store and looks whether it is one: a store of an application's own may be in JavaScript, and what it lacks would
 * be found by requests.
 *
 * @param path of the option that has the factory
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when it is none
 */
export function makeChecked(factory: StoreFactory, context: StoreContext, path: string): CacheStore {
  const made: unknown = factory(context);
  if (made instanceof Promise) {
    made.catch(() => undefined);
    throw refused(path, 'made a promise; a store is made at once, and what takes time belongs in its open()');
  }
  if (typeof made !== 'object' || made === null) throw refused(path, `made ${String(made)} and no store`);
  const parts = made as Partial<Record<string, unknown>>;
  const missing = CALLS.filter((name) => typeof parts[name] !== 'function').map((name) => `${name}()`);
  if (typeof parts['name'] !== 'string') missing.unshift('name');
  if (typeof parts['features'] !== 'object') missing.unshift('features');
  if (missing.length > 0) throw refused(path, `made a store without ${missing.join(', ')}`);
  return made as CacheStore;
}

function refused(path: string, what: string): ImageCacheError {
  return new ImageCacheError('E_IMAGE_CACHE_OPTIONS', `${path} ${what}.`);
}
