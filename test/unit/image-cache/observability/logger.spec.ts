import { beforeEach, describe, expect, it } from '@jest/globals';
import type { UncacheableReason } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { CacheEvents } from '../../../../libs/image-cache/src/observability/events.js';
import { logEvents } from '../../../../libs/image-cache/src/observability/logger.js';

const error = new Error('no connection');

describe('the log', () => {
  let clock: FakeClock;
  let events: CacheEvents;
  let lines: string[];

  const note = (level: string) => (message: string) => void lines.push(`${level} ${message}`);

  beforeEach(() => {
    clock = new FakeClock();
    events = new CacheEvents();
    lines = [];
    logEvents(events, { log: note('log'), warn: note('warn'), error: note('error') }, clock);
  });

  const fail = (store: string, operation: string): void => {
    events.emit('store-failed', { store, operation, error });
  };

  it('says once in a while what goes wrong again and again', async () => {
    for (let turn = 0; turn < 100; turn += 1) fail('RedisCache', 'read');
    expect(lines).toEqual(['warn RedisCache failed to read: no connection']);
    await clock.advance(29_999);
    fail('RedisCache', 'read');
    expect(lines).toHaveLength(1);
    await clock.advance(1);
    fail('RedisCache', 'read');
    expect(lines).toHaveLength(2);
  });

  it('begins no line, and acts on no terminal, for what an image is called', () => {
    const identifier = 'a\nb\u001b[31m\u202e';
    events.emit('prefetch-failed', { identifier, error, attempts: 5, isGivenUp: true });
    expect(lines).toEqual([String.raw`error a\u000ab\u001b[31m\u202e is not prefetched: no connection`]);
  });

  it('says each different thing that goes wrong', () => {
    fail('RedisCache', 'read');
    fail('RedisCache', 'commit');
    fail('FilesystemCache', 'read');
    expect(lines).toHaveLength(3);
  });

  it('says when a store is given up and taken up again', () => {
    for (const open of [true, false]) events.emit('store-breaker', { store: 'RedisCache', path: 'reads', open });
    expect(lines).toEqual([
      'error RedisCache: reads are left out until it works again.',
      'log RedisCache: reads work again.',
    ]);
  });

  it('has a line for every kind of trouble, and none for what goes well', () => {
    events.emit('incident', { store: 'X', incident: { kind: 'quarantined', message: 'a.jpg was damaged' } });
    events.emit('not-stored', { tier: 'variant', identifier: 'a', reason: 'failed', error });
    events.emit('source-unavailable', { identifier: 'a', error });
    events.emit('overloaded', { identifier: 'a', error });
    events.emit('uncacheable', { route: 'A.b', reason: 'cookie', message: 'it sets a cookie' });
    events.emit('warm-failed', { identifier: 'a', operations: 'max', error });
    events.emit('background-failed', { what: 'sweeping', error });
    expect(lines.map((line) => line.replace(/^warn /, ''))).toEqual([
      'X: a.jpg was damaged',
      'a was served, not stored: no connection',
      expect.stringContaining('a: no connection'),
      'a was refused: no connection',
      'A.b is not cached: it sets a cookie',
      'a could not be rendered beforehand: no connection',
      'sweeping failed: no connection',
    ]);
    lines = [];
    events.emit('hit', { tier: 'variant', identifier: 'a' });
    events.emit('stored', { tier: 'variant', identifier: 'a', bytes: 1 });
    events.emit('not-stored', { tier: 'variant', identifier: 'a', reason: 'fenced' });
    expect(lines).toEqual([]);
  });

  it('takes up little room, however many things go wrong', () => {
    for (let index = 0; index < 2000; index += 1) fail(`Store ${index}`, 'read');
    expect(lines).toHaveLength(2000);
    fail('Store 1999', 'read');
    expect(lines).toHaveLength(2000);
    fail('Store 0', 'read');
    expect(lines).toHaveLength(2001);
  });

  it('says once for all why a route is not cached, whatever differs from request to request', async () => {
    const complain = (route: string, reason: UncacheableReason, message: string): void => {
      events.emit('uncacheable', { route, reason, message });
    };
    complain('A.b', 'vary', 'it varies by Cookie, which is not part of the key');
    for (let index = 0; index < 2000; index += 1) complain('A.b', 'vary', `it varies by X-${index}`);
    await clock.advance(86_400_000);
    complain('A.b', 'vary', 'it varies by Cookie, which is not part of the key');
    expect(lines).toEqual(['warn A.b is not cached: it varies by Cookie, which is not part of the key']);
    complain('A.b', 'cookie', 'it sets a cookie');
    complain('A.c', 'cookie', 'it sets a cookie');
    expect(lines).toHaveLength(3);
  });

  it('takes up little room, however many routes there are', () => {
    const complain = (index: number): void => {
      events.emit('uncacheable', { route: `A.${index}`, reason: 'cookie', message: 'it sets a cookie' });
    };
    for (let index = 0; index < 2000; index += 1) complain(index);
    complain(1999);
    expect(lines).toHaveLength(2000);
    complain(0);
    expect(lines).toHaveLength(2001);
  });
});
