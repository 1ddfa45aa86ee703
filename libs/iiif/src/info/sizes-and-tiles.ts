import type { ImageInfo } from 'nestjs-image-cache';
import type { Limits } from '../geometry/limits.js';
import { boundsOf, isWithin, type Bounds } from '../geometry/maximum-size.js';
import { proportionalHeight, type Dimensions } from '../geometry/operations.js';

/** Tiles that can be delivered efficiently (IIIF Image API 3.0, section 5.4). */
export interface Tiles extends Dimensions {
  readonly scaleFactors: readonly number[];
}

/** A size whose longer side is at most this many pixels is a thumbnail; no smaller ones are listed. */
const THUMBNAIL = 160;
const SMALLEST_TILE = 128;
const LARGEST_TILE = 1024;
/** From this many pixels on, an image that is not stored in tiles is better read in fewer, larger pieces. */
const LARGE_IMAGE = 16_000_000;

/** Whether the orientation exchanges width and height of what is stored in the file. */
export function isTurned(info: Pick<ImageInfo, 'orientation'>): boolean {
  return info.orientation >= 5;
}

/**
 * The sizes to be preferred, smallest first: the levels of the pyramid, else halves of the image, down to a thumbnail
 * (IIIF Image API 3.0, section 5.3). All are within the limits.
 */
export function preferredSizes(info: ImageInfo, limits: Limits): Dimensions[] {
  const bounds = boundsOf(limits, 'jpg');
  const widths = info.pyramid.map((level) => (isTurned(info) ? level.height : level.width));
  let width = Math.min(info.width, ...widths);
  while (Math.max(width, proportionalHeight(width, info)) > THUMBNAIL && width > 1) {
    width = Math.round(width / 2);
    widths.push(width);
  }
  return [...new Set([info.width, ...widths])]
    .sort((one, other) => one - other)
    .map((each) => ({ width: each, height: each === info.width ? info.height : proportionalHeight(each, info) }))
    .filter((size) => isWithin(size, bounds));
}

/**
 * The tiles to be preferred: those of the file where they are of a usual size, with scale factors in powers of two
 * until the whole image fits into one.
 */
export function preferredTiles(info: ImageInfo, limits: Limits): Tiles {
  const { width, height } = shrinkToBounds(tileSize(info), boundsOf(limits, 'jpg'));
  const scaleFactors = [1];
  for (let factor = 1; info.width > width * factor || info.height > height * factor;) {
    factor *= 2;
    scaleFactors.push(factor);
  }
  return { width, height, scaleFactors };
}

function tileSize(info: ImageInfo): Dimensions {
  const stored = info.tileSize;
  if (stored !== undefined && isUsual(stored)) {
    return isTurned(info) ? { width: stored.height, height: stored.width } : stored;
  }
  const side = stored === undefined && info.width * info.height > LARGE_IMAGE ? LARGEST_TILE : LARGEST_TILE / 2;
  return { width: side, height: side };
}

function isUsual({ width, height }: Dimensions): boolean {
  return Math.min(width, height) >= SMALLEST_TILE && Math.max(width, height) <= LARGEST_TILE;
}

function shrinkToBounds(tile: Dimensions, bounds: Bounds): Dimensions {
  if (isWithin(tile, bounds)) return tile;
  const side = Math.max(1, Math.floor(Math.min(bounds.width, bounds.height, Math.sqrt(bounds.area))));
  return { width: Math.min(tile.width, side), height: Math.min(tile.height, side) };
}
