import { describe, expect, it } from '@jest/globals';
import { FakeClock } from 'nestjs-image-cache/testing';
import { Turns } from '../../../../libs/image-cache/src/common/turns.js';
import { deferred } from '../../../support/async.js';

function makeTurns(timeout = 100) {
  const clock = new FakeClock(0);
  return { clock, turns: new Turns({ clock, timeout, expired: () => new Error('overdue') }) };
}

describe('Turns', () => {
  it('give up who takes longer than a turn', async () => {
    const { clock, turns } = makeTurns();
    const bounded = Promise.allSettled([turns.bound(deferred().promise)]);
    await clock.advance(100);
    expect(await bounded).toMatchObject([{ reason: { message: 'overdue' } }]);
  });

  it('do not count the time for which the next piece is waited for', async () => {
    const { clock, turns } = makeTurns();
    const work = deferred<string>();
    const bounded = turns.bound(work.promise);
    for (let piece = 0; piece < 5; piece += 1) {
      turns.waits();
      await clock.advance(1000);
      turns.goesOn();
      await clock.advance(99);
    }
    work.resolve('done');
    await expect(bounded).resolves.toBe('done');
  });

  it('begin anew with each piece', async () => {
    const { clock, turns } = makeTurns();
    const bounded = Promise.allSettled([turns.bound(deferred().promise)]);
    turns.waits();
    turns.goesOn();
    await clock.advance(99);
    turns.waits();
    turns.goesOn();
    await clock.advance(99);
    await clock.advance(1);
    expect(await bounded).toMatchObject([{ reason: { message: 'overdue' } }]);
  });

  it('are for ever when there is no limit, and leave nothing behind', async () => {
    const { clock, turns } = makeTurns(0);
    const work = deferred<string>();
    const bounded = turns.bound(work.promise);
    await clock.advance(1e9);
    work.resolve('done');
    await expect(bounded).resolves.toBe('done');
  });
});
