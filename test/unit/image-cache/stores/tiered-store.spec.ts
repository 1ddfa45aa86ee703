import { beforeEach, describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import type { Eviction } from 'nestjs-image-cache';
import { TieredStore } from '../../../../libs/image-cache/src/stores/tiered-store.js';
import { ChaosStore, FakeClock } from 'nestjs-image-cache/testing';
import { until } from '../../../support/async.js';
import { SharedStore } from '../../../support/fake-bus.js';
import { makeHeap, put, readText, variantOf } from '../../../support/stores.js';

const KEY = variantOf('image');

describe('TieredStore', () => {
  let clock: FakeClock;
  let hot: ChaosStore;
  let durable: ChaosStore;
  let store: TieredStore;

  beforeEach(() => {
    clock = new FakeClock();
    hot = new ChaosStore(makeHeap(clock, '64KB'), clock);
    durable = new ChaosStore(makeHeap(clock), clock);
    store = new TieredStore(hot, durable);
  });

  it('keeps above what was committed, and asks below no more', async () => {
    await put(store, KEY, 'body');
    expect(await readText(store, KEY)).toBe('body');
    expect(durable.calls('read')).toBe(0);
  });

  it('keeps above what was read below', async () => {
    await put(durable, KEY, 'body');
    expect(await readText(store, KEY)).toBe('body');
    expect(await readText(store, KEY)).toBe('body');
    expect(durable.calls('read')).toBe(1);
  });

  describe('over a store that others share', () => {
    let shared: SharedStore;
    let dropped: number[];

    beforeEach(() => {
      dropped = [];
      shared = new SharedStore(makeHeap(clock), clock);
      store = new TieredStore(hot, shared, ({ variants }) => dropped.push(variants));
    });

    it.each<[string, Eviction, readonly string[]]>([
      ['the entry', { key: KEY }, ['image other', 'other image']],
      ['the image', { group: KEY.group }, ['other image']],
      ['all variants', { kind: 'variant' }, []],
      ['all infos', { kind: 'info' }, ['image', 'image other', 'other image']],
      ['everything', {}, []],
    ])('drops above what they evict: %s', async (_, eviction, left) => {
      const keys = { image: KEY, 'image other': variantOf('image', 'other'), 'other image': variantOf('other image') };
      for (const [name, key] of Object.entries(keys)) await put(store, key, name);
      await shared.evictElsewhere(eviction);
      const held = await Promise.all(Object.entries(keys).map(async ([name, key]) => [name, await hot.stat(key)]));
      expect(held.flatMap(([name, entry]) => (entry === undefined ? [] : [name]))).toEqual(left);
      await until(() => dropped.length === 1);
      expect(dropped).toEqual([3 - left.length]);
    });

    it('keeps nothing above that was read below, or rendered, before they evicted it', async () => {
      await put(shared, KEY, 'old');
      const rendered = await store.reserve(variantOf('image', 'other'));
      shared.hang('generation', { when: 'after' });
      const reading = readText(store, KEY);
      await until(() => shared.calls('generation') === 1);
      await shared.evictElsewhere({ group: KEY.group });
      shared.heal();
      await reading;
      const meta = { identifier: 'image', contentType: 'image/jpeg', createdAt: 0 };
      expect(await rendered.commit({ body: Buffer.from('old') }, meta)).toBe('fenced');
      expect(await hot.usage()).toEqual({ entries: 0, bytes: 0 });
    });

    it('keeps nothing above of a body that they evict while it is on its way up', async () => {
      await put(shared, KEY, 'old');
      shared.hang('read', { when: 'after' });
      const reading = readText(store, KEY);
      await until(() => shared.calls('read') === 1);
      await shared.evictElsewhere({ group: KEY.group });
      shared.heal();
      expect(await reading).toBe('old');
      expect(await readText(store, KEY)).toBeUndefined();
    });
  });

  it('does not fill the upper store from an answer without the whole body', async () => {
    await put(durable, KEY, 'body');
    const digest = (await durable.stat(KEY))?.meta.digest ?? '';
    await store.read(KEY, { range: { start: 1 } });
    await store.read(KEY, { ifNoneMatch: [digest] });
    expect(await hot.stat(KEY)).toBeUndefined();
  });

  it('leaves below what is too large above', async () => {
    await put(store, KEY, Buffer.alloc(100_000));
    expect(await hot.stat(KEY)).toBeUndefined();
    expect(await store.stat(KEY)).toBeDefined();
  });

  it.each([
    ['as a stream', () => Readable.from(['new'])],
    ['that is too large for the upper store', () => Buffer.alloc(100_000, 'new')],
  ])('serves no former body from above once a new one was committed %s', async (_, body) => {
    await put(store, KEY, 'former');
    await put(store, KEY, body());
    expect((await readText(store, KEY))?.slice(0, 3)).toBe('new');
  });

  it('serves no former body from above when another entry of the image was evicted during the new render', async () => {
    await put(store, KEY, 'former');
    const reservation = await store.reserve(KEY);
    await hot.delete(variantOf('image', 'other'));
    await reservation.commit(
      { body: Buffer.from('new') },
      { identifier: 'image', contentType: 'image/jpeg', createdAt: 1 },
    );
    expect(await readText(store, KEY)).toBe('new');
  });

  it('does not fill the upper store with a body that was replaced while it was read', async () => {
    await put(durable, KEY, 'former');
    durable.hang('read', { when: 'after' });
    const read = readText(store, KEY);
    await clock.advance(0);
    await put(store, KEY, 'new');
    durable.heal();
    expect(await read).toBe('former');
    expect(await readText(store, KEY)).toBe('new');
  });

  it.each([
    ['the image', () => store.deleteGroup(KEY.group)],
    ['the entry', () => store.delete(KEY)],
    ['everything', () => store.clear()],
  ])('does not fill the upper store with a body when %s was evicted while it was read', async (_, evict) => {
    await put(durable, KEY, 'former');
    durable.hang('read', { when: 'after' });
    const read = readText(store, KEY);
    await clock.advance(0);
    await evict();
    durable.heal();
    expect(await read).toBe('former');
    expect(await readText(store, KEY)).toBeUndefined();
  });

  it('does not fill the upper store with what others evicted from the lower one while it was read', async () => {
    await put(durable, KEY, 'former');
    durable.hang('read', { when: 'after' });
    const read = readText(store, KEY);
    await clock.advance(0);
    await durable.deleteGroup(KEY.group);
    durable.heal();
    await read;
    expect(await readText(store, KEY)).toBeUndefined();
  });

  it('evicts from above even when it cannot evict from below, and says that it could not', async () => {
    await put(store, KEY, 'body');
    for (const operation of ['delete', 'deleteGroup', 'clear'] as const) durable.fail(operation);
    const generation = await store.generation(KEY.group);
    await expect(store.deleteGroup(KEY.group, { ifGeneration: generation })).rejects.toThrow('deleteGroup fails');
    expect(await hot.stat(KEY)).toBeUndefined();
    expect(await store.generation(KEY.group)).not.toBe(generation);
    await put(hot, KEY, 'body');
    await expect(store.delete(KEY)).rejects.toThrow('delete fails');
    expect(await hot.stat(KEY)).toBeUndefined();
    await put(hot, KEY, 'body');
    await expect(store.clear()).rejects.toThrow('clear fails');
    expect(await hot.stat(KEY)).toBeUndefined();
  });

  it('evicts from both whatever was evicted from above alone in the meantime', async () => {
    await put(store, KEY, 'body');
    const ifGeneration = await store.generation(KEY.group);
    await hot.delete(variantOf('image', 'other'));
    await store.deleteGroup(KEY.group, { ifGeneration });
    expect(await readText(store, KEY)).toBeUndefined();
  });

  it('lets an image be evicted in its generation again after that failed', async () => {
    await put(store, KEY, 'body');
    durable.fail('deleteGroup', new Error('x'), { times: 1 });
    const failing = await store.generation(KEY.group);
    await expect(store.deleteGroup(KEY.group, { ifGeneration: failing })).rejects.toThrow('x');
    const ifGeneration = await store.generation(KEY.group);
    expect((await store.deleteGroup(KEY.group, { ifGeneration })).variants).toBe(1);
  });

  it('tells both levels of an access, and knows the later one', async () => {
    await put(store, KEY, 'body');
    await store.touch([{ key: KEY, at: clock.now() + 5000, hits: 1 }]);
    expect((await hot.stat(KEY))?.lastAccess).toBe(clock.now() + 5000);
    expect((await durable.stat(KEY))?.lastAccess).toBe(clock.now() + 5000);
    await hot.touch([{ key: KEY, at: clock.now() + 9000, hits: 1 }]);
    expect((await store.stat(KEY))?.lastAccess).toBe(clock.now() + 9000);
  });

  it('commits nothing above that could not be committed below', async () => {
    durable.fail('commit');
    await expect(put(store, KEY, 'body')).rejects.toThrow('commit fails');
    expect(await hot.stat(KEY)).toBeUndefined();
  });

  it('opens, pings, maintains and closes the lower store, and goes by its features', async () => {
    await store.open();
    await store.ping();
    expect(await store.maintain('trash', { stall: 0 })).toMatchObject({ step: 'trash', removed: 0 });
    await store.close();
    expect(['open', 'ping', 'maintain', 'close'].map((each) => durable.calls(each as 'open'))).toEqual([1, 1, 1, 1]);
    expect(store.features).toEqual(durable.features);
  });
});
