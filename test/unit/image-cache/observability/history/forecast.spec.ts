import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { forecast } from '../../../../../libs/image-cache/src/observability/history/forecast.js';

const MINUTE = 60_000;
const DAY = 86_400_000;
const START = Date.UTC(2024, 0, 1);

const line = (bytesPerMinute: number, count = 20, noise: (index: number) => number = () => 0) =>
  Array.from({ length: count }, (_, index) => ({
    time: START + index * MINUTE,
    bytes: 1000 + index * bytesPerMinute + noise(index),
  }));

const now = START + 20 * MINUTE;

describe('The forecast of growth', () => {
  it('follows a line to the bound', () => {
    const bound = 1000 + 19 * 10 + 10 * 60 * 24 * 3;
    expect(forecast(line(10), { now, bound })).toEqual({
      bytesPerDay: 14_400,
      fullAt: START + 19 * MINUTE + 3 * DAY,
    });
  });

  it('is not misled by noise around a line', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 1e6 }),
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 100, maxLength: 100 }),
        (slope, noise) => {
          const told = forecast(
            line(slope, 100, (index) => (noise[index] ?? 0) * slope),
            { now },
          );
          expect(Math.abs((told?.bytesPerDay ?? 0) / (slope * 1440) - 1)).toBeLessThan(0.1);
        },
      ),
    );
  });

  it.each([
    ['what shrinks', line(-10), 5000],
    ['what stays as it is', line(0), 5000],
    ['what is full', line(10), 1000],
    ['what would take years', line(1), 1e12],
    ['what has no bound', line(10), undefined],
  ])('sees no end of %s', (_, sizes, bound) => {
    expect(forecast(sizes, { now, bound })).toEqual({ bytesPerDay: expect.any(Number) });
  });

  it.each([
    ['nothing', []],
    ['a few points', line(10, 5)],
    ['a moment', line(10, 9)],
  ])('tells nothing by %s', (_, sizes) => {
    expect(forecast(sizes, { now, bound: 5000 })).toBeUndefined();
  });
});
