import { describe, expect, it } from '@jest/globals';
import { Background } from '../../../../libs/image-cache/src/common/background.js';
import { deferred } from '../../../support/async.js';

describe('Background', () => {
  it('tells of what fails, and throws nothing', async () => {
    const told: [string, unknown][] = [];
    const background = new Background((what, error) => told.push([what, error]));
    const error = new Error('failed');
    background.run('storing', () => Promise.reject(error));
    background.run('sweeping', () => Promise.resolve());
    await background.settled();
    expect(told).toEqual([['storing', error]]);
  });

  it('waits for all that is under way, and for what that begins', async () => {
    const background = new Background(() => undefined);
    const [first, second] = [deferred(), deferred()];
    let settled = false;
    background.run('first', async () => {
      await first.promise;
      background.run('second', () => second.promise);
    });
    const waiting = background.settled().then(() => (settled = true));
    first.resolve();
    await new Promise(setImmediate);
    expect(settled).toBe(false);
    second.resolve();
    await waiting;
  });
});
