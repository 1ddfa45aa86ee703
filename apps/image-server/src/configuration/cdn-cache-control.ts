import type { ClientOptions } from 'nestjs-image-cache';
import { ConfigurationError } from './configuration-error.js';

const KEY = 'cache.client.cdn_cache_control';

/** Directives with seconds. */
const DURATIONS: ReadonlyMap<string, string> = new Map([
  ['max-age', 'maxAge'],
  ['stale-while-revalidate', 'staleWhileRevalidate'],
  ['stale-if-error', 'staleIfError'],
]);

/** Directives that are there or not. */
const FLAGS: ReadonlyMap<string, string> = new Map([
  ['no-cache', 'noCache'],
  ['no-store', 'noStore'],
  ['must-revalidate', 'mustRevalidate'],
  ['proxy-revalidate', 'proxyRevalidate'],
  ['no-transform', 'noTransform'],
  ['immutable', 'immutable'],
]);

/**
 * Reads the directives for CDNs, written as in the header: `max-age=86400, stale-while-revalidate=60`.
 *
 * @throws ConfigurationError when there is no such directive, or it has another value
 */
export function cdnOptions(text: string): NonNullable<ClientOptions['cdn']> {
  return Object.fromEntries(text.split(',').map((directive) => option(directive.trim())));
}

function option(directive: string): [string, string | true] {
  const [name = '', seconds] = directive.split('=', 2).map((part) => part.trim());
  const duration = DURATIONS.get(name.toLowerCase());
  if (duration !== undefined && /^\d{1,10}$/.test(seconds ?? '')) return [duration, `${seconds}s`];
  const flag = FLAGS.get(name.toLowerCase());
  if (flag !== undefined && seconds === undefined) return [flag, true];
  const known = [...[...DURATIONS.keys()].map((each) => `${each}=<seconds>`), ...FLAGS.keys()].join(', ');
  throw new ConfigurationError(`${KEY}: there is no directive ${JSON.stringify(directive)}; there are ${known}.`);
}
