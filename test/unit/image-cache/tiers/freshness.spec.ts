import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { SourceStamp, SourceState } from 'nestjs-image-cache';
import { isDeepStrictEqual } from 'node:util';
import {
  freshnessOf,
  remaining,
  shortened,
  type AgingEntry,
  type Freshness,
  type FreshnessOptions,
} from '../../../../libs/image-cache/src/tiers/freshness.js';
import { sameStamp, sameState } from '../../../../libs/image-cache/src/tiers/source-state.js';

const CREATED = 1_000_000;

const ACCESSED = 2_000_000;

const STAMP: SourceStamp = { etag: '"x"', lastModified: '17', size: 5, inode: '3', changed: '18' };

const SOURCES: Readonly<Record<string, SourceState>> = {
  'is not asked': { status: 'unknown' },
  'is as it was': { status: 'found', stamp: { ...STAMP } },
  'has changed': { status: 'found', stamp: { ...STAMP, changed: '19' } },
  'is missing': { status: 'missing' },
  'cannot tell': { status: 'unavailable', since: 0 },
};

const OPTIONS: Readonly<Record<string, FreshnessOptions>> = {
  'for ever': { ttl: 0, staleness: 0 },
  'an idle time': { ttl: 500, staleness: 0 },
  'an age': { ttl: 0, staleness: 1_000_500 },
  'an idle time and an age': { ttl: 500, staleness: 1_000_500 },
};

/** The moments: at the last access, at the end of both limits, and one millisecond later. */
const MOMENTS = [ACCESSED, ACCESSED + 500, ACCESSED + 501] as const;

/** What an entry is at each of the moments. */
type Row = readonly [string, readonly [Freshness, Freshness, Freshness]];

const LIMITS: readonly Row[] = [
  ['for ever', ['fresh', 'fresh', 'fresh']],
  ['an idle time', ['fresh', 'fresh', 'expired']],
  ['an age', ['fresh', 'fresh', 'stale']],
  ['an idle time and an age', ['fresh', 'fresh', 'expired']],
];

const always = (freshness: Freshness): readonly Row[] =>
  LIMITS.map(([options]) => [options, [freshness, freshness, freshness]]);

const TABLE: Readonly<Record<string, Readonly<Record<string, readonly Row[]>>>> = {
  'with a stamp': {
    'is not asked': LIMITS,
    'is as it was': LIMITS,
    'has changed': always('changed'),
    'is missing': always('missing'),
    'cannot tell': always('unavailable'),
  },
  'without a stamp': {
    'is not asked': LIMITS,
    'is as it was': always('changed'),
    'has changed': always('changed'),
    'is missing': always('missing'),
    'cannot tell': always('unavailable'),
  },
};

const CASES = Object.entries(TABLE).flatMap(([entry, sources]) =>
  Object.entries(sources).flatMap(([source, rows]) =>
    rows.flatMap(([options, expected]) =>
      expected.map((freshness, index) => ({ entry, source, options, now: MOMENTS[index] ?? 0, freshness })),
    ),
  ),
);

/** Milliseconds: few, so that they meet, and many. */
const times = fc.oneof(fc.nat(10), fc.nat(100_000_000));

const entries = fc.record({ createdAt: times, lastAccess: times });

const settings = fc.record({ ttl: times, staleness: times });

/** Stamps that are often the same. */
const stamps: fc.Arbitrary<SourceStamp> = fc.record(
  {
    etag: fc.constantFrom('"a"', '"b"', ''),
    lastModified: fc.constantFrom('1', '2'),
    size: fc.nat(1),
    inode: fc.constantFrom('1', '2'),
    changed: fc.constantFrom('1', '2'),
  },
  { requiredKeys: [], noNullPrototype: true },
);

function found(stamp: SourceStamp): SourceState {
  return { status: 'found', stamp };
}

/** 0 is for ever. */
function shorterOf(one: number, other: number): number {
  return one === 0 || other === 0 ? one + other : Math.min(one, other);
}

describe('freshnessOf', () => {
  it.each(CASES)('an entry $entry whose source $source, kept $options, at $now is $freshness', (row) => {
    const entry = { createdAt: CREATED, lastAccess: ACCESSED, ...(row.entry === 'with a stamp' && { source: STAMP }) };
    const source = SOURCES[row.source];
    const options = OPTIONS[row.options];
    expect(source && options && freshnessOf(entry, source, row.now, options)).toBe(row.freshness);
  });

  it('goes by the settings of now: shorter ones end entries that longer ones would keep', () => {
    const entry = { createdAt: 0, lastAccess: 0 };
    const judge = (ttl: number): Freshness => freshnessOf(entry, { status: 'unknown' }, 1000, { ttl, staleness: 0 });
    expect([judge(2000), judge(999), judge(2000)]).toEqual(['fresh', 'expired', 'fresh']);
  });

  it('never makes an entry fresh again as time goes on, as settings get shorter, or for want of an access', () => {
    fc.assert(
      fc.property(entries, times, settings, times, settings, times, (entry, now, options, later, other, earlier) => {
        fc.pre(freshnessOf(entry, { status: 'unknown' }, now, options) !== 'fresh');
        const judge = (each: AgingEntry, at: number, by: FreshnessOptions): Freshness =>
          freshnessOf(each, { status: 'unknown' }, at, by);
        expect(judge(entry, now + later, options)).not.toBe('fresh');
        const shorter = {
          ttl: shorterOf(options.ttl, other.ttl),
          staleness: shorterOf(options.staleness, other.staleness),
        };
        expect(judge(entry, now, shorter)).not.toBe('fresh');
        expect(judge(entry, now, shortened(options, other.ttl))).not.toBe('fresh');
        expect(judge({ ...entry, lastAccess: entry.lastAccess - earlier }, now, options)).not.toBe('fresh');
      }),
    );
  });

  it('never serves what the source does not vouch for, however young it is and whatever is set', () => {
    const own = fc.option(stamps, { nil: undefined });
    const looks = fc.oneof(
      fc.tuple(own, fc.constantFrom<SourceState>({ status: 'missing' }, { status: 'unavailable', since: 0 })),
      fc.tuple(own, stamps.map(found)),
      stamps.map((stamp): [SourceStamp, SourceState] => [stamp, found({ ...stamp })]),
    );
    fc.assert(
      fc.property(entries, looks, times, settings, (entry, [stamp, source], now, options) => {
        const judged = freshnessOf({ ...entry, ...(stamp && { source: stamp }) }, source, now, options);
        const isVouched = source.status === 'found' && isDeepStrictEqual(stamp, source.stamp);
        const refusal = source.status === 'found' ? 'changed' : source.status;
        expect(judged).toBe(isVouched ? freshnessOf(entry, { status: 'unknown' }, now, options) : refusal);
      }),
    );
  });

  it('takes an access in the future, of another host, for one of now', () => {
    const entry = { createdAt: 5000, lastAccess: 9000 };
    expect(freshnessOf(entry, { status: 'unknown' }, 1000, { ttl: 1, staleness: 1 })).toBe('fresh');
  });
});

describe('remaining', () => {
  it('has no end when nothing ends it', () => {
    expect(remaining({ createdAt: 0, lastAccess: 0 }, 5, { ttl: 0, staleness: 0 })).toBeUndefined();
  });

  it('is the time for which the entry stays fresh, and how long ago it was over', () => {
    fc.assert(
      fc.property(times, times, times, times, times, (createdAt, lastAccess, now, ttl, staleness) => {
        fc.pre(ttl + staleness > 0);
        const entry = { createdAt, lastAccess };
        const left = remaining(entry, now, { ttl, staleness }) ?? 0;
        const judge = (at: number): Freshness => freshnessOf(entry, { status: 'unknown' }, at, { ttl, staleness });
        expect(judge(now) === 'fresh').toBe(left >= 0);
        expect(judge(now + left)).toBe('fresh');
        expect(judge(now + left + 1)).not.toBe('fresh');
      }),
    );
  });
});

describe('a time to live of a request', () => {
  it.each([
    [1000, 0, 1000],
    [1000, 500, 500],
    [1000, 2000, 1000],
    [0, 500, 500],
    [0, 0, 0],
  ])('beside the %d ms of the cache is %d ms: %d ms hold', (ttl, own, expected) => {
    expect(shortened({ ttl, staleness: 7 }, own)).toEqual({ ttl: expected, staleness: 7 });
  });
});

describe('states of a source', () => {
  it.each(['etag', 'lastModified', 'inode', 'changed'] as const)('differ when %s differs, or is missing', (field) => {
    const changed = { ...STAMP, [field]: 'other' };
    const without = Object.fromEntries(Object.entries(STAMP).filter(([name]) => name !== field));
    expect(sameStamp(STAMP, { ...STAMP })).toBe(true);
    expect(sameStamp(STAMP, changed)).toBe(false);
    expect(sameStamp(STAMP, without)).toBe(false);
    expect(sameStamp(without, STAMP)).toBe(false);
    expect(sameStamp(without, { ...without })).toBe(true);
  });

  it('differ when their sizes do; beside a date only where both tell one', () => {
    const dated = { lastModified: '17', size: 5 };
    expect(sameStamp(dated, { ...dated, size: 6 })).toBe(false);
    expect(sameStamp(dated, { lastModified: '17' })).toBe(true);
    expect(sameStamp({ lastModified: '17' }, dated)).toBe(true);
    expect(sameStamp({ lastModified: '18' }, dated)).toBe(false);
    expect(sameStamp({ size: 5 }, { size: 6 })).toBe(false);
    expect(sameStamp({ size: 5 }, {})).toBe(false);
    expect(sameStamp({}, { size: 5 })).toBe(false);
  });

  it('are the same only when both looks saw the same', () => {
    const states = Object.values(SOURCES);
    const same = states.map((one) => states.map((other) => sameState(one, other)));
    expect(same).toEqual([
      [true, false, false, false, false],
      [false, true, false, false, false],
      [false, false, true, false, false],
      [false, false, false, false, false],
      [false, false, false, false, false],
    ]);
  });
});
