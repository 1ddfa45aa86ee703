import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { heapStore, type ResizableStore } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { totalmem } from 'node:os';
import { put, storeContext, variantOf } from '../../../support/stores.js';

const KB = 1024;

describe('the heap store', () => {
  let clock: FakeClock;
  let store: ResizableStore;

  const names = async (): Promise<string[]> => {
    const identifiers: string[] = [];
    for await (const { meta } of store.entries()) identifiers.push(meta.identifier);
    return identifiers.sort();
  };

  /** An entry that takes so many KB with what it costs beside its body. */
  const add = async (identifier: string, size: number): Promise<void> => {
    await put(store, variantOf(identifier), Buffer.alloc((size - 1) * KB), { identifier });
  };

  beforeEach(() => {
    clock = new FakeClock();
    store = heapStore({ maxSize: '100KB' })(storeContext(clock));
  });

  it('lets as few as need be go when it is full, those that were not used for longest', async () => {
    for (const identifier of ['a', 'b', 'c', 'd', 'e']) await add(identifier, 20);
    await store.read(variantOf('a'));
    await store.touch([{ key: variantOf('b'), at: clock.now() + 1, hits: 1 }]);
    await add('f', 30);
    expect(await names()).toEqual(['a', 'b', 'e', 'f']);
    await add('g', 1);
    expect(await names()).toEqual(['a', 'b', 'e', 'f', 'g']);
  });

  it('does not take a look at an entry for a use of it', async () => {
    for (const identifier of ['a', 'b', 'c', 'd', 'e']) await add(identifier, 20);
    await store.stat(variantOf('a'));
    await names();
    await add('f', 20);
    expect(await names()).toEqual(['b', 'c', 'd', 'e', 'f']);
  });

  it('refuses an entry that is larger than itself, and keeps what it has', async () => {
    await add('a', 20);
    await expect(add('b', 101)).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_TOO_LARGE' });
    expect(await names()).toEqual(['a']);
    await add('c', 100);
    expect(await names()).toEqual(['c']);
  });

  it('changes its size while it is in use, and evicts down to it at once', async () => {
    for (const identifier of ['a', 'b', 'c', 'd', 'e']) await add(identifier, 20);
    store.resize('59KB');
    expect(await names()).toEqual(['d', 'e']);
    store.resize('80KB');
    for (const identifier of ['f', 'g', 'h']) await add(identifier, 20);
    expect(await names()).toEqual(['e', 'f', 'g', 'h']);
  });

  it('keeps within its size and has the most recently used, whatever is written and read', async () => {
    const steps = fc.array(fc.record({ name: fc.nat(8), size: fc.integer({ min: 1, max: 60 }), read: fc.boolean() }), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        store = heapStore({ maxSize: '100KB' })(storeContext(clock));
        let expected: { readonly name: string; readonly size: number }[] = [];
        for (const { name: number, size, read } of all) {
          const name = `${number}`;
          const held = expected.find((each) => each.name === name);
          expected = expected.filter((each) => each.name !== name);
          if (read) {
            await store.read(variantOf(name));
            if (held) expected.push(held);
          } else {
            await add(name, size);
            expected.push({ name, size });
          }
          while (expected.reduce((sum, each) => sum + each.size, 0) > 100) expected.shift();
        }
        expect(await names()).toEqual(expected.map(({ name }) => name).sort());
      }),
      { numRuns: 60 },
    );
  });

  it('does not keep a pool alive for a small body that was cut out of it', async () => {
    const pool = Buffer.alloc(50_000, 'pool');
    await put(store, variantOf('a'), pool.subarray(100, 200));
    const entry = await store.read(variantOf('a'));
    expect(entry && 'body' in entry && Buffer.isBuffer(entry.body) && entry.body.buffer.byteLength).toBe(100);
  });

  it.each([
    [0, 'heapStore.maxSize: '],
    ['0MB', 'heapStore.maxSize: '],
    ['a lot', 'heapStore.maxSize: '],
    [-1, 'heapStore.maxSize: '],
    [totalmem() * 2, 'heapStore.maxSize: '],
    ['9000TB', 'heapStore.maxSize: '],
  ])('refuses the size %j, at the start and later', (maxSize, message) => {
    const refusal = expect.objectContaining({
      code: 'E_IMAGE_CACHE_OPTIONS',
      message: expect.stringContaining(message),
    });
    expect(() => heapStore({ maxSize })).toThrow(refusal);
    expect(() => {
      store.resize(maxSize);
    }).toThrow(refusal);
  });

  it('refuses options that there are not', () => {
    expect(() => heapStore({ size: '1MB' } as object)).toThrow('heapStore.size: there is no such option');
  });
});
