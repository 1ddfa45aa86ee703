import type { Format } from '../request/image-request.js';
import type { Limits } from './limits.js';
import type { Dimensions } from './operations.js';

/** The longest side that a format can store; pixels. */
const LONGEST_SIDE: Readonly<Record<Format, number>> = {
  jpg: 65_535,
  png: 1_000_000,
  webp: 16_383,
  tif: 1_000_000,
  gif: 65_535,
};

/** Bounds of a picture in one format; pixels. */
export interface Bounds extends Dimensions {
  readonly area: number;
}

/** The bounds that limits and format together set. */
export function boundsOf(limits: Limits, format: Format): Bounds {
  const side = LONGEST_SIDE[format];
  return {
    width: Math.min(side, limits.maxWidth ?? side),
    height: Math.min(side, limits.maxHeight ?? limits.maxWidth ?? side),
    area: Math.min(limits.maxPixels, limits.maxArea ?? limits.maxPixels),
  };
}

/** Whether a picture keeps within bounds. */
export function isWithin(size: Dimensions, bounds: Bounds): boolean {
  return size.width <= bounds.width && size.height <= bounds.height && size.width * size.height <= bounds.area;
}

/**
 * The largest size that keeps the proportions of a region, is at most `maxScale` times as large and lies within bounds
 * (IIIF Image API 3.0, section 4.2 `max`, and implementation notes, section 4).
 */
export function maximumSize(region: Dimensions, bounds: Bounds, maxScale: number): Dimensions {
  const area = Math.sqrt(bounds.area / (region.width * region.height));
  const scale = Math.min(maxScale, bounds.width / region.width, bounds.height / region.height, area);
  // Rounding up must not exceed the area that was the narrowest bound.
  const round = scale === area ? Math.floor : Math.round;
  return {
    width: clamp(round(region.width * scale), bounds.width),
    height: clamp(round(region.height * scale), bounds.height),
  };
}

function clamp(side: number, longest: number): number {
  return Math.max(1, Math.min(side, longest));
}
