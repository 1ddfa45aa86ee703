import type { ClientHints } from '../http/client-hints.js';
import { parseRequestDirectives, type RequestDirectives } from '../http/request-directives.js';
import type { CacheWishes } from '../tiers/variant-request.js';
import type { HttpExchange } from './http-exchange.js';

/** What decides about the wishes of a client. */
export interface WishPolicy {
  /** What clients are told about a good answer. */
  readonly hints: ClientHints;
  /**
   * Whether the client may have pictures made anew; asked only when it wants to. Whoever may can keep the renderer busy.
   */
  readonly isObeyed: () => boolean | Promise<boolean>;
}

/** Values of the query argument `cache` (Galia Guide 1.0, Caching). */
const USES: Readonly<Record<string, CacheWishes['use']>> = { nocache: 'bypass', false: 'bypass', recache: 'reload' };

/**
 * What a client asks of the cache by `Cache-Control`, `Pragma` and the query argument `cache`. That nothing is made for
 * it (`only-if-cached`) is for everybody to ask.
 */
export async function wishesOf(exchange: HttpExchange, { hints, isObeyed }: WishPolicy): Promise<CacheWishes> {
  const mustRevalidate = /(^|[ ,])must-revalidate\b/i.test(hints.cacheControl ?? '');
  const stated = parseRequestDirectives(exchange.header('cache-control'), exchange.header('pragma'));
  const { onlyIfCached = false } = stated;
  const wishes = obeyed(stated, exchange.request.query?.['cache']);
  return {
    ...(mustRevalidate && { mustRevalidate }),
    ...(onlyIfCached && { onlyIfCached }),
    ...(Object.keys(wishes).length > 0 && (await isObeyed()) && wishes),
  };
}

function obeyed({ maxAge, noStore = false }: RequestDirectives, argument: unknown): CacheWishes {
  const use = noStore ? 'bypass' : typeof argument === 'string' ? USES[argument] : undefined;
  return { ...(maxAge !== undefined && { maxAge }), ...(use && { use }) };
}
