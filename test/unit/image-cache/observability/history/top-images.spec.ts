import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mergeUsed, TopImages } from '../../../../../libs/image-cache/src/observability/history/top-images.js';

describe('The most used images', () => {
  it('are counted exactly as long as there are few', () => {
    const top = new TopImages();
    for (const identifier of ['a', 'b', 'a', 'c', 'a', 'b']) top.add(identifier);
    expect(top.list(2)).toEqual([
      { identifier: 'a', uses: 3, error: 0 },
      { identifier: 'b', uses: 2, error: 0 },
    ]);
  });

  it('are found among any number of others', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2000, max: 5000 }), (others) => {
        const top = new TopImages();
        for (let index = 0; index < others; index += 1) {
          top.add(`once ${index}`);
          if (index % 50 === 0) top.add('often');
        }
        const uses = Math.ceil(others / 50);
        const found = top.list(256).find(({ identifier }) => identifier === 'often');
        expect(found?.uses).toBeGreaterThanOrEqual(uses);
        expect((found?.uses ?? 0) - (found?.error ?? 0)).toBeLessThanOrEqual(uses);
      }),
      { numRuns: 10 },
    );
  });

  it('make room when they are not asked for any more', () => {
    const top = new TopImages();
    for (let count = 0; count < 4; count += 1) top.add('once');
    top.add('hardly');
    top.fade();
    expect(top.list(10)).toEqual([{ identifier: 'once', uses: 2, error: 0 }]);
  });

  it('of several processes are added up', () => {
    const one = [{ identifier: 'a', uses: 3, error: 1 }];
    const other = [
      { identifier: 'b', uses: 4, error: 0 },
      { identifier: 'a', uses: 2, error: 1 },
    ];
    expect(mergeUsed([one, other], 1)).toEqual([{ identifier: 'a', uses: 5, error: 2 }]);
  });
});
