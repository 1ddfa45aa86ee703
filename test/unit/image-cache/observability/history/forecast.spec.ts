import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { forecast, type ValueAt } from '../../../../../libs/image-cache/src/observability/history/forecast.js';

const MINUTE = 60_000;
const DAY = 86_400_000;
const START = Date.UTC(2024, 0, 1);

const line = (perMinute: number, count = 100, noise: (index: number) => number = () => 0) =>
  Array.from({ length: count }, (_, index) => ({
    time: START + index * MINUTE,
    value: 1000 + index * perMinute + noise(index),
  }));

const later = (minutes: number) => (at: ValueAt) => ({ ...at, time: at.time + minutes * MINUTE });

const now = START + 100 * MINUTE;
const since = START;

describe('The forecast of growth', () => {
  it('follows a line to the bound', () => {
    const bound = 1000 + 99 * 10 + 10 * 60 * 24 * 3;
    expect(forecast(line(10), { now, bound, since })).toEqual({
      perDay: 14_400,
      fullAt: START + 99 * MINUTE + 3 * DAY,
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
            { now, since },
          );
          expect(Math.abs((told?.perDay ?? 0) / (slope * 1440) - 1)).toBeLessThan(0.1);
        },
      ),
    );
  });

  it.each([
    ['what shrinks', line(-10, 100, () => 9000), 50_000],
    ['what stays as it is', line(0), 5000],
    ['what is full', line(10), 1500],
    ['what would take years', line(1), 1e12],
    ['what has no bound', line(10), undefined],
  ])('sees no end of %s', (_, sizes, bound) => {
    expect(forecast(sizes, { now, bound, since })).toEqual({ perDay: expect.any(Number) });
  });

  it.each([
    ['nothing', []],
    ['a few points', line(10, 100).filter((_, index) => index % 25 === 0)],
    ['less than an hour', line(10, 60)],
    ['less than an hour since a purge', [...line(10, 50), ...line(10, 50, (index) => -index * 9).map(later(50))]],
  ])('tells nothing by %s', (_, sizes) => {
    expect(forecast(sizes, { now, bound: 5000, since })).toBeUndefined();
  });

  it('goes by what was after a purge, also by one that took its time', () => {
    const purged = line(-11_000, 10, () => 99_000);
    const values = [...line(1000), ...purged.map(later(100)), ...line(10).map(later(110))];
    expect(forecast(values, { now, since })?.perDay).toBeCloseTo(14_400, -2);
  });

  it('goes on past what makes a little room', () => {
    const values = line(10, 200, (index) => 50_000 - (index > 100 ? 3000 : 0));
    expect(forecast(values, { now, since })?.perDay).toBeLessThan(14_400);
  });

  it('goes by what was after the start', () => {
    const values = [...line(1000), ...line(10, 100, () => 99_000).map(later(100))];
    expect(forecast(values, { now, since: START + 100 * MINUTE })?.perDay).toBe(14_400);
    expect(forecast(values, { now, since: START + 150 * MINUTE })).toBeUndefined();
  });
});
