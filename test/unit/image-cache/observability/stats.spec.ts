import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CacheEvent, CacheEventMap } from 'nestjs-image-cache';
import { CacheEvents } from '../../../../libs/image-cache/src/observability/events.js';
import { CacheStats } from '../../../../libs/image-cache/src/observability/stats.js';

const error = new Error('x');

const counts = { infos: 1, variants: 2, sources: 3, bytes: 4 };

const incident = { kind: 'quarantined', message: 'x' } as const;

describe('CacheStats', () => {
  let events: CacheEvents;
  let stats: CacheStats;

  beforeEach(() => {
    events = new CacheEvents();
    stats = new CacheStats(events);
  });

  it('begins with nothing', () => {
    const nothing = { hits: 0, misses: 0 };
    expect(stats.snapshot()).toMatchObject({
      tiers: { 'heap-info': nothing, info: nothing, variant: nothing, source: nothing },
      renders: 0,
      fetches: 0,
      fetchedBytes: 0,
      revalidations: 0,
      renderFailures: 0,
      collapsed: 0,
      awaited: 0,
      overloaded: 0,
      stored: 0,
      notStored: {},
      uncacheable: {},
      evicted: {},
      storeFailures: {},
      incidents: {},
      warmFailures: 0,
      sourceFailures: { timeout: 0, unreachable: 0, refused: 0 },
      backgroundFailures: 0,
    });
  });

  const twice: readonly { [E in CacheEvent]: readonly [E, CacheEventMap[E], object] }[CacheEvent][] = [
    ['hit', { tier: 'info', identifier: 'a' }, { tiers: { info: { hits: 2, misses: 0 }, variant: { hits: 0 } } }],
    ['miss', { tier: 'variant', identifier: 'a' }, { tiers: { variant: { hits: 0, misses: 2 } } }],
    ['served', { tier: 'info', outcome: 'stale', duration: 1, bytes: 2 }, { served: { info: { stale: 2, hit: 0 } } }],
    ['collapsed', { identifier: 'a' }, { collapsed: 2 }],
    ['awaited', { tier: 'variant', identifier: 'a' }, { awaited: 2 }],
    ['rendered', { identifier: 'a', duration: 5 }, { renders: 2 }],
    ['fetched', { identifier: 'a', bytes: 5, duration: 5 }, { fetches: 2, fetchedBytes: 10 }],
    ['revalidated', { identifier: 'a', isChanged: false }, { revalidations: 2 }],
    ['render-failed', { identifier: 'a', error }, { renderFailures: 2, renders: 0 }],
    ['overloaded', { identifier: 'a', error }, { overloaded: 2 }],
    ['stored', { tier: 'variant', identifier: 'a', bytes: 5 }, { stored: 2 }],
    ['not-stored', { tier: 'variant', identifier: 'a', reason: 'fenced' }, { notStored: { fenced: 2 }, stored: 0 }],
    ['uncacheable', { route: 'A.b', reason: 'cookie', message: 'x' }, { uncacheable: { cookie: 2 } }],
    ['evicted', { reason: 'request', counts }, { evicted: { request: 12 } }],
    ['store-failed', { store: 'X', operation: 'read', error }, { storeFailures: { 'X read': 2 } }],
    ['incident', { store: 'X', incident }, { incidents: { quarantined: 2 } }],
    ['warm-failed', { identifier: 'a', operations: 'max', error }, { warmFailures: 2 }],
    ['source-unavailable', { identifier: 'a', error }, { sourceFailures: { timeout: 0, unreachable: 0, refused: 2 } }],
    ['background-failed', { what: 'a', error }, { backgroundFailures: 2 }],
  ];

  it.each(twice)('counts %s', (event, payload, expected) => {
    for (let turn = 0; turn < 2; turn += 1) events.emit(event, payload);
    expect(stats.snapshot()).toMatchObject(expected);
  });

  it('gives counters that stay as they were', () => {
    const before = stats.snapshot();
    events.emit('hit', { tier: 'info', identifier: 'a' });
    events.emit('not-stored', { tier: 'variant', identifier: 'a', reason: 'failed' });
    expect(before.tiers.info.hits).toBe(0);
    expect(before.notStored).toEqual({});
  });
});
