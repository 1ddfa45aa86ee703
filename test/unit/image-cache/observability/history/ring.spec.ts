import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Ring } from '../../../../../libs/image-cache/src/observability/history/ring.js';
import { emptyRow, placeOf } from '../../../../../libs/image-cache/src/observability/history/series.js';

function row(values: Readonly<Record<string, number>>): Float64Array {
  const made = emptyRow();
  for (const [name, value] of Object.entries(values)) made[placeOf(name)] = value;
  return made;
}

const told = (ring: Ring, name: string, to = Infinity): (readonly [number, number | undefined])[] =>
  [...ring.between(0, Math.min(to, 1e9))].map(({ start, values }) => [start, values[placeOf(name)]]);

describe('A ring of rows', () => {
  it('adds up what is counted, keeps the greatest of what is not to be overlooked, and the last of what is', () => {
    const ring = new Ring({ step: 10, rows: 4 });
    ring.add(11, row({ renders: 2, 'rendering.waiting': 5, 'bytes.variant': 7 }));
    ring.add(19, row({ renders: 3, 'rendering.waiting': 1, 'bytes.variant': 6 }));
    ring.add(19, row({}));
    expect(told(ring, 'renders', 40)).toEqual([[10, 5]]);
    expect(told(ring, 'rendering.waiting', 40)).toEqual([[10, 5]]);
    expect(told(ring, 'bytes.variant', 40)).toEqual([[10, 6]]);
  });

  it('holds exactly the rows of the last spans, whatever the times', () => {
    const times = fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(times, (unordered) => {
        const sorted = [...unordered].sort((a, b) => a - b);
        const ring = new Ring({ step: 10, rows: 16 });
        for (const time of sorted) ring.add(time, row({ renders: 1 }));
        const last = Math.floor((sorted.at(-1) ?? 0) / 10);
        const expected = new Map<number, number>();
        for (const time of sorted) {
          const span = Math.floor(time / 10);
          if (span > last - 16) expected.set(span * 10, (expected.get(span * 10) ?? 0) + 1);
        }
        expect(told(ring, 'renders', (last + 1) * 10)).toEqual([...expected]);
      }),
    );
  });

  it('leaves out what is older than all that it keeps', () => {
    const ring = new Ring({ step: 10, rows: 4 });
    ring.add(100, row({ renders: 1 }));
    ring.add(60, row({ renders: 9 }));
    expect(told(ring, 'renders', 110)).toEqual([[100, 1]]);
  });

  it('knows no series that there is not', () => {
    expect(() => placeOf('nonsense')).toThrow('There is no series nonsense.');
  });
});
