import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatCacheStatus, type CacheOutcome } from 'nestjs-image-cache';

/** No store counts farther than the milliseconds that a number holds. */
const seconds = fc.nat(Math.floor(Number.MAX_SAFE_INTEGER / 1000));

const outcomes: fc.Arbitrary<CacheOutcome> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('hit' as const),
      ttl: fc.tuple(seconds, fc.boolean()).map(([left, isOver]) => (isOver && left > 0 ? -left : left)),
      detail: fc.constant('source-unavailable'),
    },
    { requiredKeys: ['kind'] },
  ),
  fc.record({
    kind: fc.constant('miss' as const),
    reason: fc.constantFrom('miss', 'stale', 'request'),
    stored: fc.boolean(),
  }),
  fc.constantFrom({ kind: 'collapsed' as const }, { kind: 'bypass' as const }),
);

/** Reads a header as a list of one token with parameters (RFC 8941, section 3.1.2, and RFC 9211, section 2). */
function readStatus(header: string): Readonly<Record<string, string | number | boolean>> {
  const [cache, ...parameters] = header.split('; ');
  expect(cache).toMatch(/^[A-Za-z*][\w!#$%&'*+.^`|~:/-]*$/);
  const read = parameters.map((parameter): [string, string | number | boolean] => {
    const [, name = '', value] = /^([a-z*][a-z0-9_.*-]*)(?:=(-?\d{1,15}|[A-Za-z*][\w-]*))?$/.exec(parameter) ?? [];
    if (value === undefined) return [name, true];
    return [name, /^-?\d/.test(value) ? Number(value) : value];
  });
  return Object.fromEntries(read);
}

describe('formatCacheStatus', () => {
  it('is a structured field that says what happened', () => {
    fc.assert(
      fc.property(outcomes, (outcome) => {
        const { hit, ttl, fwd, stored, collapsed, detail } = readStatus(formatCacheStatus(outcome));
        expect(hit === true).toBe(outcome.kind === 'hit');
        expect(fwd === undefined).toBe(outcome.kind === 'hit');
        expect(ttl).toBe(outcome.kind === 'hit' ? outcome.ttl : undefined);
        expect(detail).toBe(outcome.kind === 'hit' ? outcome.detail : undefined);
        expect(stored === true).toBe(outcome.kind === 'miss' && outcome.stored);
        expect(collapsed === true).toBe(outcome.kind === 'collapsed');
        expect(fwd === 'bypass').toBe(outcome.kind === 'bypass');
        if (outcome.kind === 'miss') expect(fwd).toBe(outcome.reason);
      }),
    );
  });

  it.each<[string, CacheOutcome]>([
    ['image-cache; hit', { kind: 'hit' }],
    ['image-cache; hit; ttl=0', { kind: 'hit', ttl: 0 }],
    ['image-cache; hit; ttl=2592000', { kind: 'hit', ttl: 2_592_000 }],
    ['image-cache; fwd=miss; stored', { kind: 'miss', reason: 'miss', stored: true }],
    ['image-cache; fwd=miss', { kind: 'miss', reason: 'miss', stored: false }],
    ['image-cache; fwd=stale; stored', { kind: 'miss', reason: 'stale', stored: true }],
    ['image-cache; fwd=miss; collapsed', { kind: 'collapsed' }],
    ['image-cache; fwd=bypass', { kind: 'bypass' }],
  ])('writes %j for %j', (header, outcome) => {
    expect(formatCacheStatus(outcome)).toBe(header);
  });
});
