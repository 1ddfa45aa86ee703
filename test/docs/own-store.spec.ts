import { describe, expect, it } from '@jest/globals';
import { describeCacheStore } from 'nestjs-image-cache/testing';
import { memoryMapStore } from '../../docs/examples/memory-map-store.js';
import { put, readText, storeContext, variantOf } from '../support/stores.js';

describeCacheStore(
  'the example of an own store',
  { create: (context) => ({ store: memoryMapStore({ maxBytes: 64 * 1024 ** 2 })(context) }) },
  { describe, it },
);

describe('the example of an own store', () => {
  it('keeps within its bytes by giving up what came first', async () => {
    const store = memoryMapStore({ maxBytes: 10 })(storeContext());
    for (const image of ['first', 'second', 'third']) await put(store, variantOf(image), image);
    expect(await store.usage()).toEqual({ entries: 1, bytes: 5 });
    expect(await readText(store, variantOf('third'))).toBe('third');
    await expect(put(store, variantOf('large'), 'x'.repeat(11))).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_TOO_LARGE',
    });
    expect(await readText(store, variantOf('third'))).toBe('third');
  });
});
