import type { Dimensions, Rectangle } from './operations.js';

/** A mirroring on the vertical axis (or none) followed by quarter turns clockwise: one of the 8 symmetries. */
export interface Dihedral {
  readonly mirror: boolean;
  /** 0 to 3. */
  readonly quarters: number;
}

const IDENTITY: Dihedral = { mirror: false, quarters: 0 };

// In the order of the EXIF orientations 1 to 8: what makes the stored image upright (TIFF 6.0, tag 274).
const ORIENTATIONS: readonly Dihedral[] = [
  IDENTITY,
  { mirror: true, quarters: 0 },
  { mirror: false, quarters: 2 },
  { mirror: true, quarters: 2 },
  { mirror: true, quarters: 3 },
  { mirror: false, quarters: 1 },
  { mirror: true, quarters: 1 },
  { mirror: false, quarters: 3 },
];

/** What makes an image upright that is stored in an EXIF orientation, 1 to 8. */
export function uprighting(orientation: number): Dihedral {
  return ORIENTATIONS[orientation - 1] ?? IDENTITY;
}

/** What undoes a symmetry. */
export function inverse({ mirror, quarters }: Dihedral): Dihedral {
  return mirror ? { mirror, quarters } : { mirror, quarters: (4 - quarters) % 4 };
}

/** Whether a symmetry exchanges width and height. */
export function swapsSides({ quarters }: Dihedral): boolean {
  return quarters % 2 === 1;
}

/** Width and height after a symmetry. */
export function mapDimensions(symmetry: Dihedral, { width, height }: Dimensions): Dimensions {
  return swapsSides(symmetry) ? { width: height, height: width } : { width, height };
}

/** Where a rectangle of an image comes to lie when the whole image undergoes a symmetry. */
export function mapRectangle(symmetry: Dihedral, rectangle: Rectangle, image: Dimensions): Rectangle {
  const { y, width, height } = rectangle;
  const x = symmetry.mirror ? image.width - rectangle.x - width : rectangle.x;
  switch (symmetry.quarters) {
    case 1:
      return { x: image.height - y - height, y: x, width: height, height: width };
    case 2:
      return { x: image.width - x - width, y: image.height - y - height, width, height };
    case 3:
      return { x: y, y: image.width - x - width, width: height, height: width };
    default:
      return { x, y, width, height };
  }
}
