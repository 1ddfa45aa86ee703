import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '../../../../libs/image-cache/src/common/system-clock.js';

const DAY = 86_400_000;

describe('the clock of the machine', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('tells the time of the machine', () => {
    jest.setSystemTime(1234);
    expect(systemClock.now()).toBe(1234);
  });

  it.each([0, 1, 1000, 2 ** 31 - 1, 2 ** 31, 60 * DAY])(
    'makes a call after %d ms, and neither earlier nor again',
    (delay) => {
      let made = 0;
      systemClock.schedule(delay, () => (made += 1));
      jest.advanceTimersByTime(Math.max(0, delay - 1));
      expect(made).toBe(delay === 0 ? 1 : 0);
      jest.advanceTimersByTime(1);
      expect(made).toBe(1);
      jest.advanceTimersByTime(90 * DAY);
      expect(made).toBe(1);
    },
  );

  it('makes an overdue call at once', () => {
    let made = 0;
    systemClock.schedule(-5, () => (made += 1));
    jest.advanceTimersByTime(1);
    expect(made).toBe(1);
  });

  it('repeats a call at its interval until it is taken back', () => {
    let made = 0;
    const call = systemClock.repeat?.(100, () => (made += 1));
    jest.advanceTimersByTime(1050);
    expect(made).toBe(10);
    call?.cancel();
    jest.advanceTimersByTime(1000);
    expect(made).toBe(10);
  });

  it('does not make a call that was taken back, also not one of weeks ahead', () => {
    let made = 0;
    const calls = [1000, 60 * DAY].map((delay) => systemClock.schedule(delay, () => (made += 1)));
    jest.advanceTimersByTime(500);
    calls[0]?.cancel();
    jest.advanceTimersByTime(30 * DAY);
    calls[1]?.cancel();
    jest.advanceTimersByTime(90 * DAY);
    expect(made).toBe(0);
  });
});
