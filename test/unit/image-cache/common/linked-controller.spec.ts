import { describe, expect, it } from '@jest/globals';
import { LinkedController } from '../../../../libs/image-cache/src/common/linked-controller.js';
import { heldBy } from '../../../support/signals.js';

describe('LinkedController', () => {
  it.each([0, 1])('is aborted with each of its signals, for the same reason', (index) => {
    const outer = [new AbortController(), new AbortController()];
    const { signal } = new LinkedController(...outer.map((one) => one.signal));
    outer[index]?.abort('closing');
    expect({ aborted: signal.aborted, reason: signal.reason as unknown }).toEqual({ aborted: true, reason: 'closing' });
    expect(outer.map((one) => heldBy(one.signal))).toEqual([0, 0]);
  });

  it('is aborted from the beginning when one of them was', () => {
    const other = new AbortController();
    const { signal } = new LinkedController(other.signal, AbortSignal.abort('closed'));
    expect({ aborted: signal.aborted, reason: signal.reason as unknown }).toEqual({ aborted: true, reason: 'closed' });
    expect(heldBy(other.signal)).toBe(0);
  });

  it('can be aborted by itself, which ends nothing else', () => {
    const outer = new AbortController();
    const own = new LinkedController(outer.signal);
    own.abort('overdue');
    outer.abort('closing');
    expect(own.signal.reason).toBe('overdue');
  });

  it('hears of nothing any more when it has been released', () => {
    const outer = new AbortController();
    const own = new LinkedController(outer.signal);
    expect(heldBy(outer.signal)).toBe(1);
    own.release();
    expect(heldBy(outer.signal)).toBe(0);
    outer.abort();
    expect(own.signal.aborted).toBe(false);
  });

  it.each([
    ['ends well', () => Promise.resolve()],
    ['fails', () => Promise.reject(new Error('broken'))],
  ])('is released when its work %s', async (_, work) => {
    const outer = new AbortController();
    await LinkedController.during([outer.signal], work).catch(() => undefined);
    expect(heldBy(outer.signal)).toBe(0);
  });
});
