import { beforeEach, describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { heapStore, variantKey, type NewEntryMeta } from 'nestjs-image-cache';
import { ChaosStore, FakeClock } from 'nestjs-image-cache/testing';

const KEY = variantKey({ identifier: 'image', operations: 'max' });
const META: NewEntryMeta = { identifier: 'image', contentType: 'image/jpeg', createdAt: 0 };

describe('ChaosStore', () => {
  let clock: FakeClock;
  let store: ChaosStore;

  const put = async (): Promise<unknown> => (await store.reserve(KEY)).commit({ body: Buffer.from('body') }, META);

  beforeEach(() => {
    clock = new FakeClock();
    const report = (): void => undefined;
    store = new ChaosStore(heapStore()({ clock, maxBufferedEntry: 1024, report }), clock);
  });

  it('makes the chosen operation fail, and only that one', async () => {
    const error = new Error('full');
    store.fail('commit', error);
    await expect(put()).rejects.toBe(error);
    expect(await store.read(KEY)).toBeUndefined();
    store.heal('commit');
    await put();
    expect(await store.read(KEY)).toBeDefined();
  });

  it('makes so many calls fail and the next one succeed', async () => {
    store.fail('stat', new Error('x'), { times: 2 });
    await expect(store.stat(KEY)).rejects.toThrow('x');
    await expect(store.stat(KEY)).rejects.toThrow('x');
    await expect(store.stat(KEY)).resolves.toBeUndefined();
  });

  it('loses the answer of a call that the store has done', async () => {
    store.fail('commit', new Error('connection lost'), { when: 'after' });
    await expect(put()).rejects.toThrow('connection lost');
    expect(await store.stat(KEY)).toBeDefined();
  });

  it('makes calls hang until they are healed', async () => {
    await put();
    store.hang('read');
    let answered = false;
    const answer = store.read(KEY).finally(() => (answered = true));
    await clock.advance(1_000_000);
    expect(answered).toBe(false);
    store.heal();
    expect(await answer).toBeDefined();
  });

  it('makes calls take longer', async () => {
    store.delay('reserve', 100);
    let taken = false;
    const reservation = store.reserve(KEY).finally(() => (taken = true));
    await clock.advance(99);
    expect(taken).toBe(false);
    await clock.advance(1);
    expect(taken).toBe(true);
    await (await reservation).abort();
  });

  it('makes a listing fail', async () => {
    store.fail('entries');
    const listing = async (): Promise<void> => {
      for await (const entry of store.entries()) expect(entry).toBeUndefined();
    };
    await expect(listing()).rejects.toThrow('entries fails');
  });

  it('makes the list of images fail, where there is one', async () => {
    expect(store.images).toBeUndefined();
    const report = (): void => undefined;
    const heap = heapStore()({ clock, maxBufferedEntry: 1024, report });
    const able = new ChaosStore(Object.assign(heap, { images: () => Readable.from([['image']]) }), clock);
    const look = async (): Promise<unknown[]> => Readable.from(able.images?.() ?? []).toArray();
    expect(await look()).toEqual([['image']]);
    able.fail('images');
    await expect(look()).rejects.toThrow('images fails');
    expect(able.calls('images')).toBe(2);
  });

  it('counts the calls of each operation, those of its reservations too', async () => {
    await put();
    await (await store.reserve(KEY)).abort();
    store.fail('touch');
    await expect(store.touch([])).rejects.toThrow('touch fails');
    expect(['reserve', 'commit', 'abort', 'touch', 'read'].map((each) => store.calls(each as 'read'))).toEqual([
      2, 1, 1, 1, 0,
    ]);
    store.resetCalls();
    expect(store.calls('reserve')).toBe(0);
  });
});
