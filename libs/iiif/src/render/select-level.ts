import type { PyramidLevel } from 'nestjs-image-cache';
import { isFull, type Dimensions, type Rectangle } from '../geometry/operations.js';

/** Where a region is read from: a level of the pyramid, and its rectangle there. */
export interface LevelRegion {
  readonly level: PyramidLevel;
  readonly region: Rectangle;
}

/** What is to be read. All are in the axes of the file: before the orientation has been applied. */
export interface LevelRequest {
  readonly pyramid: readonly PyramidLevel[];
  readonly region: Rectangle;
  /** To what the region is scaled. */
  readonly size: Dimensions;
}

/** By how much the edges of a picture may be off, because a level has only whole pixels; pixels of the picture. */
interface Tolerance {
  /** Where a neighbouring tile must be met. */
  readonly inside: number;
  /** At the border of the image, where there is no neighbour. */
  readonly atBorder: number;
}

const TILE: Tolerance = { inside: 0.25, atBorder: 0.5 };
/** A whole image may be stretched by the part of a pixel that the rounding of its levels has lost. */
const WHOLE: Tolerance = { inside: 0, atBorder: 1 };

/**
 * Chooses the smallest level that still has all the pixels that the picture needs and on which the edges of the region
 * fall (nearly) between two pixels, so that neighbouring tiles meet. The full size always does.
 */
export function selectLevel({ pyramid, region, size }: LevelRequest): LevelRegion | undefined {
  const [full] = pyramid;
  if (full === undefined) return undefined;
  const whole = isFull(region, full);
  for (const level of pyramid.toReversed()) {
    const across = project(
      { start: region.x, length: region.width, whole: full.width },
      { length: size.width, whole: level.width },
    );
    const down = project(
      { start: region.y, length: region.height, whole: full.height },
      { length: size.height, whole: level.height },
    );
    if (!isGood(across, size.width, whole) || !isGood(down, size.height, whole)) continue;
    return { level, region: { x: across.start, y: down.start, width: across.length, height: down.length } };
  }
  return { level: full, region };
}

interface Span {
  readonly start: number;
  readonly length: number;
  /** How many pixels there are, with the parts of pixels that rounding has lost. */
  readonly available: number;
  /** How far the edges are off. */
  readonly error: Tolerance;
}

function project(
  from: { readonly start: number; readonly length: number; readonly whole: number },
  to: { readonly length: number; readonly whole: number },
): Span {
  const factor = reductionFactor(from.whole, to.whole);
  const exactStart = from.start / factor;
  const exactEnd = (from.start + from.length) / factor;
  const start = Math.min(Math.round(exactStart), to.whole);
  const end = Math.min(Math.round(exactEnd), to.whole);
  const scale = to.length / (exactEnd - exactStart);
  const startError = Math.abs(exactStart - start) * scale;
  const endError = Math.abs(exactEnd - end) * scale;
  const isBorder = from.start + from.length === from.whole;
  return {
    start,
    length: end - start,
    available: Math.ceil(exactEnd - exactStart),
    error: isBorder
      ? { inside: startError, atBorder: endError }
      : { inside: Math.max(startError, endError), atBorder: 0 },
  };
}

function isGood({ length, available, error }: Span, needed: number, whole: boolean): boolean {
  const tolerance = whole ? WHOLE : TILE;
  const suffices = needed <= (whole ? available : length);
  return length > 0 && suffices && error.inside <= tolerance.inside && error.atBorder <= tolerance.atBorder;
}

/**
 * By how much a level is reduced. Levels in powers of two are exactly that, although their sides are rounded: taking
 * the quotient of the sides instead would shift tiles, the more the further they are from the origin.
 */
function reductionFactor(full: number, reduced: number): number {
  const power = 2 ** Math.round(Math.log2(full / reduced));
  return Math.abs(full / power - reduced) < 1 ? power : full / reduced;
}
