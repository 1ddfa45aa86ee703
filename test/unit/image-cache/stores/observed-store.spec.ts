import { describe, expect, it } from '@jest/globals';
import { ChaosStore, FakeClock } from 'nestjs-image-cache/testing';
import { ObservedStore, type StoreCall } from '../../../../libs/image-cache/src/stores/observed-store.js';
import { makeHeap, put, variantOf } from '../../../support/stores.js';

describe('ObservedStore', () => {
  it('tells of every call, how long it took and why it failed', async () => {
    const clock = new FakeClock();
    const chaos = new ChaosStore(makeHeap(clock), clock);
    const calls: StoreCall[] = [];
    const store = new ObservedStore(chaos, { clock, onCall: (call) => calls.push(call) });
    await put(store, variantOf('image'), 'body');
    await (await store.reserve(variantOf('image'))).abort();
    chaos.delay('read', 30);
    const read = store.read(variantOf('image'));
    await clock.advance(30);
    await read;
    const error = new Error('read-only');
    chaos.fail('delete', error);
    await expect(store.delete(variantOf('image'))).rejects.toBe(error);
    expect(calls.map(({ operation, duration }) => `${operation} ${duration}`)).toEqual([
      'reserve 0',
      'commit 0',
      'reserve 0',
      'abort 0',
      'read 30',
      'delete 0',
    ]);
    expect(calls.map((call) => call.error)).toEqual([...Array<undefined>(5), error]);
    expect(new Set(calls.map((call) => call.store))).toEqual(new Set(['HeapCache']));
  });
});
