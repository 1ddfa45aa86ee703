import { ConfigurationError } from './configuration-error.js';
import { STORES } from './keys/stores-by-name.js';
import {
  missingForSources,
  refuseSourceContradictions,
  type MissingValue,
  type OriginOf,
} from './source-conditions.js';
import type { Settings } from './known-keys.js';
import { refuseSharedPlaces } from './places.js';
import { refuseBadPrefetch, refusePrefetchBeforeRequests } from './prefetch-conditions.js';

/** @throws ConfigurationError when values contradict each other */
export function refuseContradictions(settings: Settings, originOf: OriginOf): void {
  refuseTwoVisibilities(settings, originOf);
  refuseForeignOptions(settings, originOf);
  refuseSourceContradictions(settings, originOf);
  refuseBadPrefetch(settings, originOf);
  refusePrefetchBeforeRequests(settings, originOf);
  refuseSharedPlaces(settings, originOf);
  refuseBadUsername(settings, originOf);
}

/** The basic scheme ends the name at the first colon (RFC 7617, section 2). */
function refuseBadUsername({ 'endpoint.api.username': username }: Settings, originOf: OriginOf): void {
  if (!username.includes(':')) return;
  throw new ConfigurationError(
    `endpoint.api.username: ${JSON.stringify(username)} (${originOf('endpoint.api.username')}) has a colon, which ends ` +
      'a name where clients send it; write one without.',
  );
}

function refuseTwoVisibilities(settings: Settings, originOf: OriginOf): void {
  const isPublic = settings['cache.client.public'];
  const isPrivate = settings['cache.client.private'] === true;
  if (isPublic === true && isPrivate) {
    const places = [originOf('cache.client.public'), originOf('cache.client.private')].join(' and ');
    throw new ConfigurationError(
      `cache.client.public and cache.client.private: both are true (${places}); an answer is one or the other.`,
    );
  }
  if (isPublic === false && !isPrivate) {
    throw new ConfigurationError(
      `cache.client.public: is false (${originOf('cache.client.public')}), so who may store an answer? Set ` +
        'cache.client.private: true.',
    );
  }
}

/** Nobody is to believe that options are in force that no store takes. */
function refuseForeignOptions(settings: Settings, originOf: OriginOf): void {
  const { 'cache.server.variant.implementation': variant, 'cache.server.info.implementation': info = variant } =
    settings;
  for (const [key, store] of [
    ['cache.server.variant.options', variant],
    ['cache.server.info.options', info],
  ] as const) {
    if (settings[key] === undefined || store === undefined || isOwn(store)) continue;
    throw new ConfigurationError(
      `${key}: is set (${originOf(key)}), but ${store} takes none; it has the keys cache.${store}.*.`,
    );
  }
}

/** Whether an implementation is the module of a store, and none of those that come with the server. */
export function isOwn(implementation: string): boolean {
  return !STORES.some((store) => store === implementation);
}

/** What is not set and has to be. */
export function missingIn(settings: Settings): MissingValue[] {
  const variant = settings['cache.server.variant.enabled'];
  const variantStore = variant ? settings['cache.server.variant.implementation'] : undefined;
  const infoStore = settings['cache.server.info.implementation'] ?? variantStore;
  const missing: MissingValue[] = [];
  if (variant && variantStore === undefined) {
    missing.push({
      key: 'cache.server.variant.implementation',
      reason: 'cache.server.variant.enabled needs FilesystemCache, HeapCache, or the module of a store',
    });
  }
  if (settings['cache.server.info.enabled'] === true && infoStore === undefined) {
    missing.push({
      key: 'cache.server.info.implementation',
      reason: 'cache.server.info.enabled needs FilesystemCache, HeapCache, or the module of a store',
    });
  }
  if (!variant && prefetches(settings)) {
    missing.push({
      key: 'cache.server.variant.implementation',
      reason: 'what is prefetched needs a variant cache, with cache.server.variant.enabled: true',
    });
  }
  if (usesFiles(settings) && settings['cache.FilesystemCache.pathname'] === undefined) {
    missing.push({ key: 'cache.FilesystemCache.pathname', reason: 'FilesystemCache needs a directory for itself' });
  }
  if (settings['endpoint.api.enabled'] && settings['endpoint.api.secret'] === undefined)
    missing.push({ key: 'endpoint.api.secret', reason: 'endpoint.api.enabled needs a secret' });
  return [...missing, ...missingForSources(settings)];
}

/** Whether anything is kept in the files of a FilesystemCache. */
export function usesFiles(settings: Settings): boolean {
  const variants = settings['cache.server.variant.enabled']
    ? settings['cache.server.variant.implementation']
    : undefined;
  const infos = settings['cache.server.info.implementation'] ?? variants;
  return [variants, keepsInfos(settings) ? infos : undefined].includes('FilesystemCache');
}

/** Whether something is prefetched that has its place among the variants; originals have theirs. */
function prefetches(settings: Settings): boolean {
  const areVariants = settings['cache.server.prefetch.variants'].length > 0;
  return settings['cache.server.prefetch.enabled'] && (areVariants || !settings['cache.server.source.enabled']);
}

/**
 * Whether infos are kept in a store; unless somebody says so, when there is a durable variant cache. The module of a
 * store is taken for one.
 */
export function keepsInfos(settings: Settings): boolean {
  const { 'cache.server.variant.enabled': isEnabled, 'cache.server.variant.implementation': variants } = settings;
  return settings['cache.server.info.enabled'] ?? (isEnabled && variants !== undefined && variants !== 'HeapCache');
}
