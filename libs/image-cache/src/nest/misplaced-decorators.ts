import type { MetadataScanner } from '@nestjs/core';
import { ImageCacheError } from '../common/errors.js';
import { CACHE_CONTROL, CACHE_INFO, CACHE_VARIANT, EVICT_IMAGE } from './constants.js';
import { isEventStream, isRoute } from './handler-kind.js';

/** By that under which each leaves its options. */
const DECORATORS = {
  [CACHE_VARIANT]: '@CacheVariant()',
  [CACHE_INFO]: '@CacheInfo()',
  [CACHE_CONTROL]: '@CacheControl()',
  [EVICT_IMAGE]: '@EvictImage()',
};

/**
 * Refuses our decorators on methods where they would do nothing: resolvers, gateways, message handlers, services. Who
 * decorates the very method means it; a decorator on the class leaves such methods out.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS`
 */
export function refuseMisplacedDecorators(classes: readonly unknown[], scanner: MetadataScanner): void {
  for (const each of classes) {
    if (typeof each !== 'function') continue;
    const prototype = each.prototype as Readonly<Record<string, object>> | undefined;
    for (const method of scanner.getAllMethodNames(prototype ?? null)) {
      const handler = prototype?.[method];
      const problem = handler && problemOf(handler);
      if (problem !== undefined)
        throw new ImageCacheError('E_IMAGE_CACHE_OPTIONS', `${each.name}.${method}: ${problem}`);
    }
  }
}

function problemOf(handler: object): string | undefined {
  const [, decorator] = Object.entries(DECORATORS).find(([key]) => Reflect.hasMetadata(key, handler)) ?? [];
  if (decorator === undefined) return undefined;
  if (!isRoute(handler))
    return `${decorator} is for handlers of HTTP requests. Take it away, and call the ImageCache itself where that is needed.`;
  return isEventStream(handler) ? `${decorator} does nothing for @Sse(), which sends events; take it away.` : undefined;
}
