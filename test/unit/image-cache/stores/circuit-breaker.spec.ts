import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from 'nestjs-image-cache/testing';
import { CircuitBreaker } from '../../../../libs/image-cache/src/stores/circuit-breaker.js';

describe('CircuitBreaker', () => {
  let clock: FakeClock;
  let changes: boolean[];
  let breaker: CircuitBreaker;

  beforeEach(() => {
    clock = new FakeClock();
    changes = [];
    breaker = new CircuitBreaker({ clock, failures: 3, cooldown: 100, onChange: (open) => changes.push(open) });
  });

  const fail = (times: number): void => {
    for (let turn = 0; turn < times; turn += 1) breaker.failed();
  };

  it('opens after so many failures in a row, and tells so once', () => {
    fail(2);
    expect([breaker.isOpen, breaker.admits()]).toEqual([false, true]);
    fail(1);
    expect([breaker.isOpen, breaker.admits()]).toEqual([true, false]);
    fail(5);
    expect(changes).toEqual([true]);
  });

  it('begins to count anew after a success', () => {
    fail(2);
    breaker.succeeded();
    fail(2);
    expect(breaker.isOpen).toBe(false);
    expect(changes).toEqual([]);
  });

  it('lets one call through after each cooldown, and closes when it succeeds', async () => {
    fail(3);
    await clock.advance(99);
    expect(breaker.admits()).toBe(false);
    await clock.advance(1);
    expect([breaker.admits(), breaker.admits()]).toEqual([true, false]);
    breaker.failed();
    await clock.advance(100);
    expect([breaker.admits(), breaker.admits()]).toEqual([true, false]);
    breaker.succeeded();
    expect([breaker.isOpen, breaker.admits()]).toEqual([false, true]);
    expect(changes).toEqual([true, false]);
  });

  it('lets another call through after a cooldown when the first one never came back', async () => {
    fail(3);
    await clock.advance(100);
    expect(breaker.admits()).toBe(true);
    await clock.advance(100);
    expect(breaker.admits()).toBe(true);
  });
});
