import { invalidOption } from '../common/options.js';
import { parseFieldNames } from './field-names.js';

/** Headers that hits always replay beside the content type. */
const ALWAYS = ['content-disposition', 'content-language', 'link'] as const;

/** Headers that must not be replayed, and why. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [
    /^(set-cookie2?|clear-site-data|(www|proxy)-authenticate|(proxy-)?authentication-info)$/,
    'is for one client alone and must not be replayed to others.',
  ],
  [
    /^(connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/,
    'is about one connection (RFC 9110, section 7.6.1) and cannot be replayed on another.',
  ],
  [/^access-control-/, 'depends on who asks; CORS sets it for every request.'],
  [
    /^(cache-control|cache-status|age|date|expires|pragma|etag|last-modified|vary|accept-ranges|retry-after)$/,
    'is told by the cache itself for every request.',
  ],
  [/^content-(type|length|range|encoding)$/, 'is told by the cache itself for every request.'],
];

/**
 * Checks a list of response headers that are to be replayed.
 *
 * @returns the names in lower case
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when one of them must not be replayed, with the path of the wrong one,
 * which starts with `path`
 */
export function parseReplayHeaders(value: unknown, path: string): readonly string[] {
  const names = parseFieldNames(value, path);
  for (const [index, name] of names.entries()) {
    const reason = REFUSED.find(([pattern]) => pattern.test(name))?.[1];
    if (reason !== undefined) throw invalidOption(`${path}[${index}]`, `${name} ${reason}`);
  }
  return names;
}

/** The names of all headers that are replayed beside the content type, with those that are wanted, in lower case. */
export function allReplayed(wanted: readonly string[]): readonly string[] {
  return [...ALWAYS, ...wanted.map((name) => name.toLowerCase())];
}
