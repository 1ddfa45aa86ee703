import { parseDuration, type Duration } from '../common/units.js';
import { invalidOption, refuseUnknownKeys, shown } from '../common/options.js';

/** Hints for browsers, proxies and CDNs (RFC 9111, section 5.2.2). */
export interface CacheControlOptions {
  /** For how long a client may use the answer without asking. */
  readonly maxAge?: Duration;
  /** The same for shared caches, which otherwise go by `maxAge`. */
  readonly sharedMaxAge?: Duration;
  /** Who may store the answer. @default 'public', or 'private' on a route with a guard */
  readonly visibility?: 'public' | 'private';
  readonly noCache?: boolean;
  readonly noStore?: boolean;
  readonly mustRevalidate?: boolean;
  readonly proxyRevalidate?: boolean;
  readonly noTransform?: boolean;
  /** The answer never changes (RFC 8246). */
  readonly immutable?: boolean;
  /** RFC 5861. */
  readonly staleWhileRevalidate?: Duration;
  /** RFC 5861. */
  readonly staleIfError?: Duration;
}

/** What an error or any other answer that nobody may keep carries. */
export const NEVER_STORED = 'no-cache, no-store, must-revalidate';

/** The names of {@link CacheControlOptions}. */
export const CACHE_CONTROL_KEYS: readonly (keyof CacheControlOptions)[] = [
  'maxAge',
  'sharedMaxAge',
  'visibility',
  'noCache',
  'noStore',
  'mustRevalidate',
  'proxyRevalidate',
  'noTransform',
  'immutable',
  'staleWhileRevalidate',
  'staleIfError',
];

/**
 * Writes the value of a `Cache-Control` header.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` with the path of the wrong option, which starts with `path`
 */
export function formatCacheControl(options: CacheControlOptions, path = 'cacheControl'): string {
  refuseUnknownKeys(options, CACHE_CONTROL_KEYS, path);
  const { visibility = 'public' } = options;
  if (!['public', 'private'].includes(visibility)) {
    throw invalidOption(`${path}.visibility`, `${shown(visibility)} is neither 'public' nor 'private'.`);
  }
  const seconds = (key: keyof CacheControlOptions, directive: string): string | false =>
    options[key] !== undefined && `${directive}=${Math.floor(parseDuration(options[key], `${path}.${key}`) / 1000)}`;
  const flag = (key: keyof CacheControlOptions, directive: string): string | false => {
    if (options[key] === undefined || typeof options[key] === 'boolean') return options[key] === true && directive;
    throw invalidOption(`${path}.${key}`, `${shown(options[key])} is neither true nor false.`);
  };
  return [
    seconds('maxAge', 'max-age'),
    seconds('sharedMaxAge', 's-maxage'),
    visibility,
    flag('noCache', 'no-cache'),
    flag('noStore', 'no-store'),
    flag('mustRevalidate', 'must-revalidate'),
    flag('proxyRevalidate', 'proxy-revalidate'),
    flag('noTransform', 'no-transform'),
    flag('immutable', 'immutable'),
    seconds('staleWhileRevalidate', 'stale-while-revalidate'),
    seconds('staleIfError', 'stale-if-error'),
  ]
    .filter((directive) => directive !== false)
    .join(', ');
}

/**
 * The value for what is past its time: whoever keeps it asks again before it is used. Where no time was told, a cache
 * would choose one by `Last-Modified` (RFC 9111, section 4.2.2).
 */
export function withoutLifetime(cacheControl: string): string {
  const over = cacheControl.replace(/(?<=^|[ ,])(max-age|s-maxage)="?\d+"?/gi, '$1=0');
  return /(?<=^|[ ,])max-age=/i.test(over) ? over : `max-age=0, ${over}`;
}
