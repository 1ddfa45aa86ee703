import { types } from 'node:util';
import { withDeadline } from '../../common/deadline.js';
import { invalidOption } from '../../common/options.js';
import type { StoreContext } from '../../ports/cache-store.js';

/** What is needed of a cache: those of cache-manager 7 and Keyv 5 fit. */
export interface KeyValueCache {
  /** The value of a key; `undefined` or `null` when there is none. */
  get(key: string): Promise<unknown>;
  /**
   * Sets the value of a key.
   *
   * @param ttl milliseconds; 0 = for ever
   */
  set(key: string, value: unknown, ttl?: number): Promise<unknown>;
  /** Keyv's. */
  delete?(key: string): Promise<unknown>;
  /** cache-manager's. */
  del?(key: string): Promise<unknown>;
  /** Ends its connections. */
  disconnect?(): Promise<unknown>;
  /** The levels of a cache of cache-manager. */
  readonly stores?: readonly KeyValueCache[];
  /** The adapter of a Keyv. */
  readonly store?: unknown;
  /** Whether a Keyv tells of its failures. */
  readonly throwOnErrors?: boolean;
}

/** The calls of a cache that are made. */
export interface DirectCache {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown, ttl: number): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  disconnect(): Promise<unknown>;
}

/**
 * The cache itself: below the surface of cache-manager, which takes a failing read for a miss and, in its non-blocking
 * mode, does not wait for what it deletes.
 *
 * @param path of the option
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when evictions of it would not hold
 */
export function directCache(given: KeyValueCache, path: string): DirectCache {
  const [cache = given, ...others] = given.stores ?? [];
  if (others.length > 0) {
    throw invalidOption(
      path,
      `has ${others.length + 1} levels, and what one process evicts would stay in the memory of the others; give the ` +
        'shared level alone, and put a heap level in front with variant.hot.',
    );
  }
  const remove = (key: string): Promise<unknown> | undefined => cache.delete?.(key) ?? cache.del?.(key);
  const has = (call: 'get' | 'set' | 'delete' | 'del'): boolean => typeof cache[call] === 'function';
  if (!has('get') || !has('set') || !(has('delete') || has('del'))) {
    throw invalidOption(path, 'is no cache of cache-manager or Keyv.');
  }
  if (hidesErrors(cache)) {
    throw invalidOption(
      path,
      'hides its errors: when it is down it looks empty, and an eviction that has failed looks done; make it with ' +
        'throwOnErrors: true, as in createKeyv(url, { throwOnErrors: true }).',
    );
  }
  return {
    get: (key) => cache.get(key),
    set: (key, value, ttl) => cache.set(key, value, ttl),
    delete: async (key) => remove(key),
    disconnect: () => cutOff(cache),
  };
}

/** A Keyv, or the adapter in it, answers `undefined` when a read fails, unless it was told to throw; a Map never fails. */
function hidesErrors({ store, throwOnErrors }: KeyValueCache): boolean {
  if (throwOnErrors === undefined || types.isMap(store)) return false;
  const isDeaf = typeof store === 'object' && store !== null && 'throwOnErrors' in store && !store.throwOnErrors;
  return !throwOnErrors || isDeaf;
}

/**
 * The adapter of a Keyv is told not to wait for answers, which Keyv cannot say: what is still under way has been given
 * up, and a server that accepts calls and never answers would keep the connection, and with it the process, for ever.
 */
async function cutOff(cache: KeyValueCache): Promise<unknown> {
  return hasConnection(cache.store) ? cache.store.disconnect(true) : cache.disconnect?.();
}

function hasConnection(store: unknown): store is { disconnect(force: boolean): Promise<unknown> } {
  return typeof store === 'object' && store !== null && 'disconnect' in store && typeof store.disconnect === 'function';
}

/** Milliseconds that a cache may take to let go. */
const PATIENCE = 5000;

/** Ends the connection of a cache; one that does not let go is told of and keeps nobody waiting. */
export async function disconnectFrom(cache: DirectCache, { clock, report }: StoreContext): Promise<void> {
  const expired = (): Error => new Error(`no answer within ${PATIENCE} ms`);
  await withDeadline(cache.disconnect(), { clock, timeout: PATIENCE, expired }).catch((cause: unknown) => {
    report({ kind: 'leftover', message: 'The cache could not be disconnected.', cause });
  });
}
