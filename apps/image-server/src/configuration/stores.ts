import {
  filesystemStore,
  heapStore,
  isImageCacheError,
  parseSize,
  type FilesystemBoundsOptions,
  type FilesystemStoreOptions,
  type StoreFactory,
} from 'nestjs-image-cache';
import { isOwn, keepsInfos } from './conditions.js';
import { ConfigurationError } from './configuration-error.js';
import type { Settings } from './known-keys.js';
import { loadOwnStore, type OwnStore } from './own-store.js';

/** The stores that settings name; `undefined` for a tier that is switched off. */
export interface TierStores {
  readonly info: StoreFactory | undefined;
  readonly variant: StoreFactory | undefined;
  readonly source: StoreFactory | undefined;
}

/**
 * What stores in files are opened for: to serve, within their bounds, which are kept from the moment on that they are
 * opened; to look at what is in them, and to evict by name; to be looked after, by sweeps that tell what they remove; or to
 * count what would go.
 */
export type StoreUse = 'serve' | 'look' | 'upkeep' | 'count';

/**
 * Loads the stores that settings name, and opens none. Tiers that name the same one, with the same options, share it.
 *
 * @throws ConfigurationError when a store cannot be had
 */
export async function storesOf(settings: Settings, use: StoreUse = 'serve'): Promise<TierStores> {
  const variant = settings['cache.server.variant.enabled'] ? variantStore(settings) : undefined;
  const info = keepsInfos(settings) ? infoStore(settings, variant) : undefined;
  const madeForVariants = variant && (await makeStore(variant, settings, use));
  const source = settings['cache.server.source.enabled'] ? originalsStore(settings, use) : undefined;
  if (info === undefined) return { info, variant: madeForVariants, source };
  return {
    variant: madeForVariants,
    source,
    info: variant && isSame(info, variant) ? madeForVariants : await makeStore(info, settings, use),
  };
}

function variantStore(settings: Settings): OwnStore | undefined {
  const { 'cache.server.variant.implementation': implementation, 'cache.server.variant.options': options = {} } =
    settings;
  return implementation === undefined
    ? undefined
    : { key: 'cache.server.variant.implementation', implementation, options };
}

function infoStore(settings: Settings, variant: OwnStore | undefined): OwnStore | undefined {
  const implementation = settings['cache.server.info.implementation'] ?? variant?.implementation;
  const shared = implementation === variant?.implementation ? variant?.options : undefined;
  const options = settings['cache.server.info.options'] ?? shared ?? {};
  return implementation === undefined
    ? undefined
    : { key: 'cache.server.info.implementation', implementation, options };
}

function isSame(one: OwnStore, other: OwnStore): boolean {
  const textOf = ({ implementation, options }: OwnStore): string => JSON.stringify([implementation, options]);
  return textOf(one) === textOf(other);
}

async function makeStore(store: OwnStore, settings: Settings, use: StoreUse): Promise<StoreFactory> {
  if (isOwn(store.implementation)) return loadOwnStore(store);
  try {
    if (store.implementation === 'HeapCache') return heapStore({ maxSize: settings['cache.HeapCache.target_size'] });
    return filesystemStore({
      directory: settings['cache.FilesystemCache.pathname'] ?? '',
      depth: settings['cache.FilesystemCache.dir.depth'],
      nameLength: settings['cache.FilesystemCache.dir.name_length'],
      durable: settings['cache.FilesystemCache.durable'],
      ...boundsFor(use, boundsOf(settings)),
    });
  } catch (error) {
    if (!isImageCacheError(error)) throw error;
    throw new ConfigurationError(`cache.${store.implementation}: ${error.message}`, { cause: error });
  }
}

/** Without bounds, the index that others have made is to be asked for; without an index, bounds are kept by sweeps only. */
function boundsFor(
  use: StoreUse,
  bounds: FilesystemBoundsOptions,
): FilesystemBoundsOptions & Pick<FilesystemStoreOptions, 'index' | 'ahead'> {
  const { maxSize, maxEntries } = bounds;
  const isBounded = Object.keys(bounds).some((bound) => bound !== 'maxEntrySize');
  if (use === 'look') return isBounded ? { index: true } : {};
  if (use === 'serve') return bounds;
  if (use === 'upkeep') return { ...bounds, ahead: false };
  return { ...(maxSize !== undefined && { maxSize }), ...(maxEntries !== undefined && { maxEntries }), index: false };
}

/** Originals have a directory and a bound of their own: no picture goes to make room for one. */
function originalsStore(settings: Settings, use: StoreUse): StoreFactory {
  const maxSize = settings['cache.server.source.max_size'];
  return filesystemStore({
    directory: settings['cache.server.source.pathname'] ?? '',
    durable: settings['cache.FilesystemCache.durable'],
    ...boundsFor(use, parseSize(maxSize, 'cache.server.source.max_size') > 0 ? { maxSize } : {}),
  });
}

function boundsOf(settings: Settings): FilesystemBoundsOptions {
  const {
    'cache.server.variant.max_size': maxSize,
    'cache.server.variant.max_entries': maxEntries,
    'cache.server.variant.min_free': minFree,
    'cache.server.variant.min_free_inodes': minFreeInodes,
    'cache.server.variant.max_entry_size': maxEntrySize,
  } = settings;
  return {
    ...(parseSize(maxSize, 'cache.server.variant.max_size') > 0 && { maxSize }),
    ...(maxEntries !== undefined && { maxEntries }),
    ...(minFree !== undefined && { minFree }),
    ...(minFreeInodes !== undefined && { minFreeInodes }),
    ...(maxEntrySize !== undefined && { maxEntrySize }),
  };
}
