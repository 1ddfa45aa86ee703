import { describe, expect, it } from '@jest/globals';
import { inverse, mapDimensions, mapRectangle, uprighting } from '../../../../libs/iiif/src/geometry/dihedral.js';

const orientations = [1, 2, 3, 4, 5, 6, 7, 8];
const image = { width: 40, height: 30 };
const rectangle = { x: 3, y: 5, width: 11, height: 7 };

describe.each(orientations)('the symmetry of orientation %i', (orientation) => {
  const symmetry = uprighting(orientation);

  it('is undone by its inverse', () => {
    const there = mapRectangle(symmetry, rectangle, image);
    const dimensions = mapDimensions(symmetry, image);
    expect(mapRectangle(inverse(symmetry), there, dimensions)).toEqual(rectangle);
    expect(mapDimensions(inverse(symmetry), dimensions)).toEqual(image);
  });

  it('keeps a rectangle within the image', () => {
    const { x, y, width, height } = mapRectangle(symmetry, rectangle, image);
    const dimensions = mapDimensions(symmetry, image);
    expect(x >= 0 && y >= 0 && x + width <= dimensions.width && y + height <= dimensions.height).toBe(true);
  });
});

describe('an orientation that does not exist', () => {
  it.each([0, 9, -1, 1.5])('%d leaves the image as it is', (orientation) => {
    expect(mapRectangle(uprighting(orientation), rectangle, image)).toEqual(rectangle);
  });
});
