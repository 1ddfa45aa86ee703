import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from 'nestjs-image-cache/testing';
import { sleep } from '../../../../libs/image-cache/src/common/sleep.js';
import { deferred } from '../../../support/async.js';

describe('sleep', () => {
  let clock: FakeClock;
  let controller: AbortController;
  let isAwake: boolean;

  const fallAsleep = (sooner?: Promise<void>): Promise<void> => {
    const sleeping = sleep(clock, 100, { signal: controller.signal, sooner }).finally(() => (isAwake = true));
    sleeping.catch(() => undefined);
    return sleeping;
  };

  beforeEach(() => {
    clock = new FakeClock();
    controller = new AbortController();
    isAwake = false;
  });

  it('ends when the time has passed', async () => {
    const sleeping = fallAsleep();
    await clock.advance(99);
    expect(isAwake).toBe(false);
    await clock.advance(1);
    await sleeping;
    controller.abort();
  });

  it('ends when something else has come to its end before, and leaves no call behind', async () => {
    const other = deferred();
    const sleeping = fallAsleep(other.promise);
    await clock.advance(50);
    other.resolve();
    await sleeping;
    expect(clock.scheduled).toBe(0);
  });

  it('ends with an error when it is aborted, at once too, and leaves no call behind', async () => {
    const sleeping = fallAsleep();
    await clock.advance(50);
    controller.abort();
    await expect(sleeping).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_ABORTED' });
    await expect(fallAsleep()).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_ABORTED' });
    expect(clock.scheduled).toBe(0);
  });
});
