import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatCacheControl, NEVER_STORED, type CacheControlOptions } from 'nestjs-image-cache';
import { withoutLifetime } from '../../../../libs/image-cache/src/http/cache-control.js';

/** A duration and the whole seconds in it. */
const durations = fc
  .tuple(
    fc.nat(3_000_000),
    fc.constantFrom<[string, number]>(['ms', 1], ['s', 1000], ['m', 60_000], ['h', 3_600_000], ['d', 86_400_000]),
  )
  .map(([amount, [unit, factor]]) => ({ text: `${amount}${unit}`, seconds: Math.floor((amount * factor) / 1000) }));

const TIMES = {
  maxAge: 'max-age',
  sharedMaxAge: 's-maxage',
  staleWhileRevalidate: 'stale-while-revalidate',
  staleIfError: 'stale-if-error',
} as const;

const FLAGS = {
  noCache: 'no-cache',
  noStore: 'no-store',
  mustRevalidate: 'must-revalidate',
  proxyRevalidate: 'proxy-revalidate',
  noTransform: 'no-transform',
  immutable: 'immutable',
} as const;

/** Some of the options with a value. */
function someOf<T>(options: object, values: fc.Arbitrary<T>): fc.Arbitrary<Readonly<Record<string, T>>> {
  return fc.dictionary(fc.constantFrom(...Object.keys(options)), values);
}

/** Reads a header as a cache does (RFC 9111, section 5.2): a list of directives, some with a number of seconds. */
function readDirectives(header: string): Record<string, number | true> {
  const directives = header.split(', ').map((directive): [string, number | true] => {
    const [, name = '', seconds] = /^([a-z-]+)(?:=(\d+))?$/.exec(directive) ?? [];
    return [name, seconds === undefined ? true : Number(seconds)];
  });
  expect(new Set(directives.map(([name]) => name)).size).toBe(directives.length);
  return Object.fromEntries(directives);
}

describe('formatCacheControl', () => {
  it('says what the options say, each once, and nothing else', () => {
    const visibilities = fc.constantFrom('public' as const, 'private' as const);
    fc.assert(
      fc.property(visibilities, someOf(TIMES, durations), someOf(FLAGS, fc.boolean()), (visibility, times, flags) => {
        const texts = Object.entries(times).map(([option, { text }]): [string, string] => [option, text]);
        const header = formatCacheControl({ visibility, ...flags, ...Object.fromEntries(texts) });
        const timed = Object.entries(TIMES).map(([option, directive]) => [directive, times[option]?.seconds]);
        const flagged = Object.entries(FLAGS).map(([option, directive]) => [directive, flags[option] || undefined]);
        expect(readDirectives(header)).toEqual({ [visibility]: true, ...Object.fromEntries([...timed, ...flagged]) });
      }),
    );
  });

  it('writes all directives in their order', () => {
    const all: CacheControlOptions = {
      staleIfError: '1d',
      staleWhileRevalidate: '90s',
      immutable: true,
      noTransform: true,
      proxyRevalidate: true,
      mustRevalidate: true,
      noStore: true,
      noCache: true,
      visibility: 'private',
      sharedMaxAge: '1h',
      maxAge: '30d',
    };
    expect(formatCacheControl(all)).toBe(
      'max-age=2592000, s-maxage=3600, private, no-cache, no-store, must-revalidate, proxy-revalidate, no-transform, immutable, stale-while-revalidate=90, stale-if-error=86400',
    );
  });

  it.each<[string, CacheControlOptions]>([
    ['public', {}],
    ['public', { noCache: false, immutable: false }],
    ['max-age=0, public', { maxAge: '0' }],
    ['max-age=1, public', { maxAge: '1999ms' }],
    ['max-age=2592000, public, no-transform', { maxAge: '30d', noTransform: true }],
    ['private, no-store', { visibility: 'private', noStore: true }],
  ])('writes %j for %j', (header, options) => {
    expect(formatCacheControl(options)).toBe(header);
  });

  it.each<[string, unknown]>([
    ['client.maxAge: ', { maxAge: 3600 }],
    ['client.maxAge: ', { maxAge: '3600' }],
    ['client.sharedMaxAge: ', { sharedMaxAge: '-1s' }],
    ['client.visibility: ', { visibility: 'shared' }],
    ['client.visibility: ', { visibility: true }],
    ['client.noStore: ', { noStore: 'yes' }],
    ['client.immutable: ', { immutable: null }],
    ['client.staleIfError: ', { staleIfError: 5 }],
    ['client.max_age: there is no such option', { max_age: '1d' }],
    ['client: ', null],
    ['client: ', 'public'],
    ['client: ', true],
  ])('says %j of %j', (message, options) => {
    expect(() => formatCacheControl(options as CacheControlOptions, 'client')).toThrow(
      expect.objectContaining({ code: 'E_IMAGE_CACHE_OPTIONS', message: expect.stringContaining(message) }),
    );
  });

  it('has a value for what nobody may keep', () => {
    expect(NEVER_STORED).toBe('no-cache, no-store, must-revalidate');
  });
});

describe('withoutLifetime', () => {
  it.each([
    ['max-age=60', 'max-age=0'],
    ['max-age=60, s-maxage=3600, public', 'max-age=0, s-maxage=0, public'],
    ['public,max-age=60', 'public,max-age=0'],
    ['private, no-cache', 'max-age=0, private, no-cache'],
    ['Public, Max-Age=60, S-MaxAge="60"', 'Public, Max-Age=0, S-MaxAge=0'],
    ['stale-while-revalidate=60, x-max-age=5', 'max-age=0, stale-while-revalidate=60, x-max-age=5'],
  ])('makes of %j %j', (value, expected) => {
    expect(withoutLifetime(value)).toBe(expected);
  });
});
