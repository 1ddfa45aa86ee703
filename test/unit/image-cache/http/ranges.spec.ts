import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatContentRange, parseRange, resolveRange, type RangeRequest } from 'nestjs-image-cache';

describe('a Range header', () => {
  it.each<[string, RangeRequest]>([
    ['bytes=0-499', { start: 0, end: 499 }],
    ['bytes=9500-', { start: 9500 }],
    ['bytes=-500', { suffix: 500 }],
    ['bytes=-0', { suffix: 0 }],
    ['Bytes= 0-0 ', { start: 0, end: 0 }],
    ['bytes=00-05', { start: 0, end: 5 }],
  ])('%j is read as %j', (header, expected) => {
    expect(parseRange(header)).toEqual(expected);
  });

  it.each([
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=5-4',
    'bytes=0-1,4-5',
    'bytes=0-1,',
    'bytes=+1-2',
    'bytes=1.5-2',
    'bytes=0 - 1',
    'items=0-1',
    'bytes 0-1',
    'bytes=0x1-2',
  ])('%j asks for no part', (header) => {
    expect(parseRange(header)).toBeUndefined();
  });

  it('of numbers as large as anybody likes never leaves the body', () => {
    const digits = fc.stringMatching(/^\d{0,400}$/);
    fc.assert(
      fc.property(digits, digits, fc.integer({ min: 1, max: 1e6 }), (start, end, size) => {
        const asked = parseRange(`bytes=${start}-${end}`);
        const range = asked && resolveRange(asked, size);
        if (range === undefined) return;
        expect(0 <= range.start && range.start <= range.end && range.end < size).toBe(true);
      }),
    );
  });

  it('is answered with where the part is, or how much there is', () => {
    expect(formatContentRange({ start: 0, end: 499 }, 1234)).toBe('bytes 0-499/1234');
    expect(formatContentRange(undefined, 1234)).toBe('bytes */1234');
  });
});
