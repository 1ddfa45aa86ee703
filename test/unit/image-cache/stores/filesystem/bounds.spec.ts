import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NOTHING, type Totals } from '../../../../../libs/image-cache/src/stores/filesystem/index/totals.js';
import {
  isBounded,
  isEnough,
  resolveBounds,
  shortageOf,
  type Bounds,
} from '../../../../../libs/image-cache/src/stores/filesystem/space/bounds.js';

const UNBOUNDED: Bounds = resolveBounds({}, 'filesystemStore');

const PLENTY = { bytes: 1e15, inodes: 1e9 };

function totalsOf(stored: number, rest: Partial<Totals> = {}): Totals {
  return { ...NOTHING, kinds: { ...NOTHING.kinds, variant: { entries: 10, size: stored, stored } }, ...rest };
}

describe('Bounds', () => {
  it('are none unless they are given', () => {
    expect(isBounded(UNBOUNDED)).toBe(false);
    expect(shortageOf(totalsOf(1e14), UNBOUNDED, { bytes: 0, inodes: 0 })).toEqual({ bytes: 0, entries: 0 });
  });

  it.each([{ maxSize: '64KB' }, { maxEntries: 1 }, { minFree: '1B' }, { minFreeInodes: 1 }])(
    'are there with %o',
    (options) => {
      expect(isBounded(resolveBounds(options, 'filesystemStore'))).toBe(true);
    },
  );

  it.each([
    [{ maxSize: '10KB' }, 'filesystemStore.maxSize: '],
    [{ maxSize: 'much' }, 'filesystemStore.maxSize: '],
    [{ maxEntries: 0 }, 'filesystemStore.maxEntries: '],
    [{ maxEntries: 1.5 }, 'filesystemStore.maxEntries: '],
    [{ minFree: -1 }, 'filesystemStore.minFree: '],
    [{ minFreeInodes: -1 }, 'filesystemStore.minFreeInodes: '],
    [{ maxEntrySize: 0 }, 'filesystemStore.maxEntrySize: '],
  ])('are refused when they are %o', (options, path) => {
    expect(() => resolveBounds(options, 'filesystemStore')).toThrow(path);
  });

  it('admit no entry that is larger than all', () => {
    expect(resolveBounds({ maxSize: '1MB' }, '').maxEntrySize).toBe(1024 ** 2);
    expect(resolveBounds({ maxSize: '1MB', maxEntrySize: '2MB' }, '').maxEntrySize).toBe(1024 ** 2);
  });

  it('count what is claimed and what has been discarded', () => {
    const bounds = resolveBounds({ maxSize: 100_000 }, '');
    expect(shortageOf(totalsOf(100_000), bounds, PLENTY)).toEqual({ bytes: 0, entries: 0 });
    expect(shortageOf(totalsOf(100_000, { claimed: 7 }), bounds, PLENTY)).toEqual({ bytes: 7, entries: 0 });
    expect(shortageOf(totalsOf(100_000, { discarded: 8 }), bounds, PLENTY)).toEqual({ bytes: 8, entries: 0 });
  });

  it('count entries with those that are being written', () => {
    const bounds = resolveBounds({ maxEntries: 10 }, '');
    expect(shortageOf(totalsOf(1), bounds, PLENTY).entries).toBe(0);
    expect(shortageOf(totalsOf(1, { writes: 2 }), bounds, PLENTY).entries).toBe(2);
  });

  it('leave free what is to stay free, what is claimed and not written yet apart', () => {
    const bounds = resolveBounds({ minFree: 1000, minFreeInodes: 5 }, '');
    expect(shortageOf(totalsOf(1, { claimed: 100 }), bounds, { bytes: 1050, inodes: 3 })).toEqual({
      bytes: 50,
      entries: 2,
    });
  });

  it('are kept exactly when nothing is missing', () => {
    const size = fc.integer({ min: 0, max: 1e12 });
    fc.assert(
      fc.property(size, size, size, (stored, claimed, maxSize) => {
        const bounds = { ...UNBOUNDED, maxSize };
        expect(isEnough(shortageOf(totalsOf(stored, { claimed }), bounds, PLENTY))).toBe(stored + claimed <= maxSize);
      }),
    );
  });
});
