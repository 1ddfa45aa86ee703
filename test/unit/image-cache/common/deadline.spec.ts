import { beforeEach, describe, expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { FakeClock } from 'nestjs-image-cache/testing';
import {
  abortError,
  untilAborted,
  whileOpen,
  withDeadline,
  type DeadlineOptions,
} from '../../../../libs/image-cache/src/common/deadline.js';
import { ImageCacheError } from '../../../../libs/image-cache/src/common/errors.js';
import { deferred } from '../../../support/async.js';

describe('withDeadline', () => {
  let clock: FakeClock;

  const options = (more: Partial<DeadlineOptions> = {}): DeadlineOptions => ({
    clock,
    timeout: 100,
    expired: () => new Error('too late'),
    ...more,
  });

  beforeEach(() => {
    clock = new FakeClock();
  });

  it('gives what the promise gives, and leaves no timer', async () => {
    await expect(withDeadline(Promise.resolve('value'), options())).resolves.toBe('value');
    expect(clock.scheduled).toBe(0);
  });

  it('fails as the promise does', async () => {
    const error = new Error('failed');
    await expect(withDeadline(Promise.reject(error), options())).rejects.toBe(error);
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what a foreign store may do
    await expect(withDeadline(Promise.reject('a string'), options())).rejects.toThrow('a string');
    expect(clock.scheduled).toBe(0);
  });

  it('fails when the time is over, and lets the promise go on', async () => {
    const slow = deferred<string>();
    const outcome = withDeadline(slow.promise, options());
    outcome.catch(() => undefined);
    await clock.advance(99);
    slow.resolve('in time');
    await expect(outcome).resolves.toBe('in time');
    const late = withDeadline(deferred().promise, options());
    late.catch(() => undefined);
    await clock.advance(100);
    await expect(late).rejects.toThrow('too late');
  });

  it('waits for ever when there is no limit', async () => {
    const slow = deferred<string>();
    const outcome = withDeadline(slow.promise, options({ timeout: 0 }));
    await clock.advance(1e12);
    slow.resolve('value');
    await expect(outcome).resolves.toBe('value');
  });

  it('fails when the caller gives up, with the reason as cause', async () => {
    const controller = new AbortController();
    const outcome = withDeadline(deferred().promise, options({ signal: controller.signal }));
    controller.abort(new Error('closed the browser'));
    await expect(outcome).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_ABORTED',
      cause: expect.objectContaining({ message: 'closed the browser' }),
    });
    expect(clock.scheduled).toBe(0);
  });

  it('fails at once for a caller that has given up before, and no failure goes astray', async () => {
    const failing = deferred();
    const outcome = withDeadline(failing.promise, options({ signal: AbortSignal.abort() }));
    await expect(outcome).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_ABORTED' });
    failing.reject(new Error('nobody hears this'));
    await clock.advance(0);
  });

  it('has an error for callers without a signal', () => {
    expect(abortError()).toMatchObject({ code: 'E_IMAGE_CACHE_ABORTED' });
    expect(abortError().cause).toBeUndefined();
  });
});

describe('untilAborted', () => {
  const closed = new ImageCacheError('E_IMAGE_CACHE_CLOSED', 'closed');

  it('gives what the promise gives, and leaves no listener', async () => {
    const controller = new AbortController();
    await expect(untilAborted(Promise.resolve('value'), controller.signal)).resolves.toBe('value');
    await expect(untilAborted(Promise.reject(closed), controller.signal)).rejects.toBe(closed);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('fails with the error of the library that the signal is aborted with, and no failure goes astray', async () => {
    const controller = new AbortController();
    const [before, after] = [deferred(), deferred()];
    const outcome = untilAborted(before.promise, controller.signal);
    controller.abort(closed);
    await expect(outcome).rejects.toBe(closed);
    await expect(untilAborted(after.promise, controller.signal)).rejects.toBe(closed);
    for (const each of [before, after]) each.reject(new Error('nobody hears this'));
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('does not begin what comes too late', async () => {
    let begun = false;
    const work = (): Promise<void> => Promise.resolve(void (begun = true));
    await expect(whileOpen(work, AbortSignal.abort(closed))).rejects.toBe(closed);
    expect(begun).toBe(false);
    await whileOpen(work, new AbortController().signal);
    expect(begun).toBe(true);
  });
});
