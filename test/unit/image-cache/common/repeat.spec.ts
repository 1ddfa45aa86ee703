import { describe, expect, it } from '@jest/globals';
import type { Clock } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { repeat } from '../../../../libs/image-cache/src/common/repeat.js';

describe('repeat', () => {
  it.each<[string, (clock: FakeClock) => Clock]>([
    ['repeats calls', (clock) => clock],
    [
      'makes single calls only',
      (clock) => ({ now: () => clock.now(), schedule: (delay, callback) => clock.schedule(delay, callback) }),
    ],
  ])('makes a call at its interval until it is taken back, by a clock that %s', async (_, clockOf) => {
    const clock = new FakeClock(0);
    const made: number[] = [];
    const call = repeat(clockOf(clock), 10, () => made.push(clock.now()));
    for (let step = 0; step < 4; step += 1) await clock.advance(10);
    call.cancel();
    await clock.advance(100);
    expect(made).toEqual([10, 20, 30, 40]);
    expect(clock.scheduled).toBe(0);
  });
});
