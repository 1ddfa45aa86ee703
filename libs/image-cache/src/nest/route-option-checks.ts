import { invalidOption, refuseUnknownKeys } from '../common/options.js';
import { NEGOTIABLE } from '../http/accept.js';
import { parseFieldNames } from '../http/field-names.js';
import { parseReplayHeaders } from '../http/replayed-headers.js';
import { kindOf } from '../keys/canonical.js';
import { CACHE_INFO, CACHE_VARIANT } from './constants.js';
import type { CacheInfoOptions, CacheVariantOptions, RouteImageOptions } from './route-options.js';
import { RESOLVABLE } from './route-settings.js';

const OF_IMAGE: readonly (keyof RouteImageOptions)[] = ['cache', 'namespace', 'identifier'];

const OF_INFO: readonly (keyof CacheInfoOptions)[] = [...OF_IMAGE, 'clientDirectives'];

const OF_VARIANT: readonly (keyof CacheVariantOptions)[] = [
  ...OF_INFO,
  'query',
  'operations',
  'shared',
  'version',
  'format',
  'partition',
  'ttl',
  'clientId',
  'vary',
  'replayHeaders',
];

/** The options of the decorators that have more of them. */
const KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  [CACHE_INFO, OF_INFO],
  [CACHE_VARIANT, OF_VARIANT],
]);

/** What may look at request headers, and makes another entry of what it finds. */
const KEYED: readonly (keyof CacheVariantOptions)[] = ['identifier', 'namespace', 'operations', 'version', 'partition'];

/**
 * Checks what can be known of a decorator's options before there is a request.
 *
 * @param key under what the decorator has left them
 * @param route name of the route, for messages
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS`, the message starting with the route and the option
 */
export function checkRouteOptions(options: CacheVariantOptions, key: string, route: string): void {
  refuseUnknownKeys(options, KEYS.get(key) ?? OF_IMAGE, `${route}: options`);
  const path = (name: keyof CacheVariantOptions): string => `${route}: ${name}`;
  for (const [name, parse] of Object.entries(RESOLVABLE)) {
    const value: unknown = options[name as keyof typeof RESOLVABLE];
    if (value !== undefined && typeof value !== 'function') parse(value, `${route}: ${name}`);
  }
  const { cache, query, shared, vary, replayHeaders, format } = options;
  if (cache !== undefined) RESOLVABLE.namespace(cache, path('cache'));
  if (query !== undefined) checkQuery(query, path('query'));
  if (shared !== undefined && typeof shared !== 'boolean')
    throw invalidOption(path('shared'), `is neither true nor false, but ${kindOf(shared)}.`);
  if (format !== undefined) checkFormat(format, path('format'));
  if (vary !== undefined) checkVary(options, path('vary'));
  if (replayHeaders !== undefined) parseReplayHeaders(replayHeaders, path('replayHeaders'));
  if (query !== undefined && options.operations !== undefined)
    throw invalidOption(path('query'), 'says what the operations are by default; say all of it in operations.');
  if (shared === true && (options.operations === undefined || options.namespace === undefined))
    throw invalidOption(path('shared'), 'needs namespace and operations, by which routes agree on what is the same.');
}

function checkFormat(format: unknown, path: string): void {
  const formats: readonly unknown[] = NEGOTIABLE;
  if (format === 'auto') return;
  if (Array.isArray(format) && format.length > 0 && format.every((each) => formats.includes(each))) return;
  throw invalidOption(path, `has to be 'auto' or a list of ${NEGOTIABLE.join(', ')}.`);
}

function checkQuery(query: unknown, path: string): void {
  const isFine = Array.isArray(query) && query.every((name) => typeof name === 'string' && name !== '');
  if (!isFine) throw invalidOption(path, "has to be a list of names of arguments, such as ['width'].");
}

function checkVary(options: CacheVariantOptions, path: string): void {
  if (parseFieldNames(options.vary, path).includes('*'))
    throw invalidOption(path, 'what varies by everything cannot be cached; name the request headers.');
  if (KEYED.some((name) => typeof options[name] === 'function')) return;
  throw invalidOption(path, `none of ${KEYED.join(', ')} is a function that could look at request headers.`);
}
