import type { ServedOutcome } from '../observability/events.js';

/** How a request was answered, as `Cache-Status` tells it (RFC 9211). */
export type CacheOutcome =
  /** From the cache. */
  | {
      readonly kind: 'hit';
      /** Seconds of freshness left, below 0 when its time is over; absent when there is no end. */
      readonly ttl?: number;
      /** What else is to be known of it: one word. */
      readonly detail?: string;
    }
  /**
   * Rendered, because there was no entry, none that is good, or none that the request would take; `stored` when the store
   * has accepted it for storing.
   */
  | { readonly kind: 'miss'; readonly reason: 'miss' | 'stale' | 'request'; readonly stored: boolean }
  /** Rendered by a request that was there before. */
  | { readonly kind: 'collapsed' }
  /** The cache was not asked. */
  | { readonly kind: 'bypass' };

/** Name of the cache in `Cache-Status`. */
const CACHE = 'image-cache';

/** Writes the value of a `Cache-Status` header. */
export function formatCacheStatus(outcome: CacheOutcome): string {
  switch (outcome.kind) {
    case 'hit':
      return `${CACHE}; hit${parameter('ttl', outcome.ttl)}${parameter('detail', outcome.detail)}`;
    case 'miss':
      return `${CACHE}; fwd=${outcome.reason}${outcome.stored ? '; stored' : ''}`;
    case 'collapsed':
      return `${CACHE}; fwd=miss; collapsed`;
    case 'bypass':
      return `${CACHE}; fwd=bypass`;
  }
}

function parameter(name: string, value: string | number | undefined): string {
  return value === undefined ? '' : `; ${name}=${value}`;
}

/** Whether the time of what is served is over, or nobody could tell whether it is still good. */
export function isStale(outcome: CacheOutcome): boolean {
  return outcome.kind === 'hit' && ((outcome.ttl ?? 0) < 0 || outcome.detail !== undefined);
}

/** How a request was answered, in one word. */
export function servedAs(outcome: CacheOutcome | undefined, isNotModified: boolean): ServedOutcome {
  if (isNotModified) return 'not-modified';
  if (outcome === undefined) return 'bypass';
  return isStale(outcome) ? 'stale' : outcome.kind;
}

/** The status of which no client will ever learn, as nginx has it: it went away. */
export const CLIENT_GONE = 499;

/** How a request was answered that failed with a status. */
export function failedAs(status: number): ServedOutcome {
  if (status === CLIENT_GONE) return 'aborted';
  return status < 500 ? 'client-error' : 'server-error';
}
