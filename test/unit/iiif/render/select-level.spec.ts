import { describe, expect, it } from '@jest/globals';
import { selectLevel } from '../../../../libs/iiif/src/render/select-level.js';

const levels = (...sizes: (readonly [number, number])[]) =>
  sizes.map(([width, height], page) => ({ width, height, location: { page } }));

const floor = levels([6000, 4000], [3000, 2000], [1500, 1000], [750, 500], [375, 250], [187, 125]);
const ceil = levels([6001, 4001], [3001, 2001], [1501, 1001], [751, 501]);
const thirds = levels([9000, 6000], [3000, 2000], [1000, 667]);

function select(pyramid: typeof floor, region: readonly number[], size: readonly [number, number]) {
  const [x = 0, y = 0, width = 0, height = 0] = region;
  const selected = selectLevel({ pyramid, region: { x, y, width, height }, size: { width: size[0], height: size[1] } });
  if (selected === undefined) throw new Error('nothing selected');
  const { level, region: part } = selected;
  return [pyramid.findIndex((each) => each === level), part.x, part.y, part.width, part.height];
}

describe('the level of a pyramid', () => {
  it.each<[string, typeof floor, number[], [number, number], number[]]>([
    ['is the full size for pixels as they are', floor, [0, 0, 256, 256], [256, 256], [0, 0, 0, 256, 256]],
    ['is the one of the tile', floor, [2048, 1024, 1024, 1024], [256, 256], [2, 512, 256, 256, 256]],
    ['is the next larger one in between', floor, [2048, 1024, 1024, 1024], [300, 300], [1, 1024, 512, 512, 512]],
    ['is the smallest one below all', floor, [0, 0, 6000, 4000], [50, 33], [5, 0, 0, 187, 125]],
    ['is taken whole for the whole', floor, [0, 0, 6000, 4000], [187, 125], [5, 0, 0, 187, 125]],
    ['may lack part of a pixel for the whole', floor, [0, 0, 6000, 4000], [188, 125], [5, 0, 0, 187, 125]],
    ['is larger where an edge falls amid a pixel', floor, [5632, 0, 368, 4000], [12, 125], [4, 352, 0, 23, 250]],
    ['is the full size where no other has the edges', floor, [1, 1, 101, 101], [50, 50], [0, 1, 1, 101, 101]],
    ['may have edges that are off by less than shows', floor, [1, 1, 1601, 1601], [100, 100], [4, 0, 0, 100, 100]],
    ['never enlarges', floor, [0, 0, 6000, 4000], [3001, 2001], [0, 0, 0, 6000, 4000]],
    ['is the full size for enlarging', floor, [0, 0, 10, 10], [40, 40], [0, 0, 0, 10, 10]],
    ['may have been rounded up', ceil, [4096, 2048, 1905, 1953], [476, 488], [2, 1024, 512, 476, 488]],
    ['is larger where pixels were rounded away', ceil, [4096, 2048, 1905, 1953], [477, 489], [1, 2048, 1024, 953, 977]],
    [
      'may be reduced by a factor that is no power of two',
      thirds,
      [3000, 3000, 3000, 3000],
      [333, 333],
      [1, 1000, 1000, 1000, 1000],
    ],
    ['is the only one there is', floor.slice(0, 1), [0, 0, 6000, 4000], [60, 40], [0, 0, 0, 6000, 4000]],
  ])('%s', (_, pyramid, region, size, expected) => {
    expect(select(pyramid, region, size)).toEqual(expected);
  });

  it('puts neighbouring tiles next to each other at every scale', () => {
    for (const pyramid of [floor, ceil]) {
      for (const factor of [1, 2, 4, 8]) {
        const step = 100 * factor;
        const [one, other] = [0, step].map((x) => select(pyramid, [x, 0, step, step], [100, 100]));
        expect(one?.[0]).toBe(other?.[0]);
        expect((one?.[1] ?? 0) + (one?.[3] ?? 0)).toBe(other?.[1]);
      }
    }
  });
});
