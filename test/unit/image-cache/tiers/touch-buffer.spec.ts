import { beforeEach, describe, expect, it } from '@jest/globals';
import { ChaosStore, FakeClock } from 'nestjs-image-cache/testing';
import { Background } from '../../../../libs/image-cache/src/common/background.js';
import { TOUCH_INTERVAL, TouchBuffer } from '../../../../libs/image-cache/src/tiers/touch-buffer.js';
import { makeHeap, put, variantOf } from '../../../support/stores.js';

const KEY = variantOf('image');

describe('TouchBuffer', () => {
  let clock: FakeClock;
  let store: ChaosStore;
  let failures: unknown[];
  let background: Background;
  let touches: TouchBuffer;

  beforeEach(() => {
    clock = new FakeClock();
    store = new ChaosStore(makeHeap(clock), clock);
    failures = [];
    background = new Background((_, error) => failures.push(error));
    touches = new TouchBuffer({ store, clock, background });
  });

  it('writes accesses in one batch after a while, one per entry, the last time and all hits', async () => {
    await put(store, KEY, 'body');
    await put(store, variantOf('other image'), 'body');
    touches.record(KEY);
    await clock.advance(1000);
    touches.record(KEY);
    touches.record(variantOf('other image'));
    const last = clock.now();
    await clock.advance(TOUCH_INTERVAL - 1001);
    expect(store.calls('touch')).toBe(0);
    await clock.advance(1);
    expect(store.calls('touch')).toBe(1);
    expect(await store.stat(KEY)).toMatchObject({ lastAccess: last, hits: 2 });
    expect(await store.stat(variantOf('other image'))).toMatchObject({ lastAccess: last, hits: 1 });
    await clock.advance(10 * TOUCH_INTERVAL);
    expect(store.calls('touch')).toBe(1);
  });

  it('begins a new batch with the next access', async () => {
    await put(store, KEY, 'body');
    for (let turn = 0; turn < 3; turn += 1) {
      touches.record(KEY);
      await clock.advance(TOUCH_INTERVAL);
    }
    expect(store.calls('touch')).toBe(3);
    expect((await store.stat(KEY))?.hits).toBe(3);
  });

  it('does not wait when many entries were accessed', async () => {
    for (let index = 0; index < 2500; index += 1) touches.record(variantOf(`image ${index}`));
    expect(store.calls('touch')).toBe(2);
    await touches.flush();
    expect(store.calls('touch')).toBe(3);
  });

  it('knows the accesses that have not been written yet', async () => {
    expect(touches.lastAccess(KEY)).toBe(0);
    touches.record(variantOf('other image'));
    expect(touches.lastAccess(KEY)).toBe(0);
    await clock.advance(5);
    touches.record(KEY);
    expect(touches.lastAccess(KEY)).toBe(clock.now());
  });

  it('knows an access while it is being written, until the store has it', async () => {
    await put(store, KEY, 'body');
    await clock.advance(1000);
    touches.record(KEY);
    const at = clock.now();
    store.hang('touch');
    const flushed = touches.flush();
    await clock.advance(1);
    expect(touches.lastAccess(KEY)).toBe(at);
    await clock.advance(1);
    touches.record(KEY);
    expect(touches.lastAccess(KEY)).toBe(at + 2);
    store.heal();
    await flushed;
    expect(touches.lastAccess(KEY)).toBe(at + 2);
    await touches.flush();
    expect(touches.lastAccess(KEY)).toBe(0);
    expect((await store.stat(KEY))?.lastAccess).toBe(at + 2);
  });

  it('tells of accesses that could not be written, and goes on', async () => {
    await put(store, KEY, 'body');
    store.fail('touch', new Error('read-only'), { times: 1 });
    touches.record(KEY);
    await clock.advance(TOUCH_INTERVAL);
    expect(failures).toEqual([new Error('read-only')]);
    touches.record(KEY);
    await clock.advance(TOUCH_INTERVAL);
    expect((await store.stat(KEY))?.hits).toBe(1);
    expect(failures).toHaveLength(1);
  });

  it('writes at once when it is told to, and does not write twice', async () => {
    await put(store, KEY, 'body');
    touches.record(KEY);
    await touches.flush();
    await touches.flush();
    await clock.advance(TOUCH_INTERVAL);
    expect(store.calls('touch')).toBe(1);
    expect(clock.scheduled).toBe(0);
  });
});
