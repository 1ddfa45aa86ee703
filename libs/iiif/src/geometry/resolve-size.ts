import { IiifError } from '../errors.js';
import type { ApiVersion, Size } from '../request/image-request.js';
import type { Limits } from './limits.js';
import { isWithin, maximumSize, type Bounds } from './maximum-size.js';
import { proportionalHeight, proportionalWidth, type Dimensions } from './operations.js';

/** What a size is resolved against. */
export interface SizeContext {
  readonly version: ApiVersion;
  /** The region, cropped at the edges of the image. */
  readonly region: Dimensions;
  readonly bounds: Bounds;
  readonly limits: Limits;
}

/**
 * Turns the size parameter into pixels (IIIF Image API, section 4.2). A side that follows from the other is rounded to
 * the nearest pixel and is at least one.
 *
 * @throws IiifError `E_IIIF_BAD_SIZE` when it is too large, less than a pixel or enlarges more than is allowed;
 * `E_IIIF_NO_UPSCALING` when version 3 asks to enlarge with `^` and the server never does
 */
export function resolveSize(size: Size, context: SizeContext): Dimensions {
  const resolved = dimensions(size, context);
  if (resolved.width < 1 || resolved.height < 1) {
    throw new IiifError('E_IIIF_BAD_SIZE', 'The size is smaller than one pixel.');
  }
  if (!isWithin(resolved, context.bounds)) {
    throw new IiifError('E_IIIF_BAD_SIZE', 'The size is larger than this server or the format allows.');
  }
  checkScale(resolved, size, context);
  return resolved;
}

function dimensions(size: Size, context: SizeContext): Dimensions {
  const { region, bounds, limits } = context;
  switch (size.kind) {
    case 'full':
      return { width: region.width, height: region.height };
    case 'max':
      // In version 2, `max` means the full size within limits; only `^max` enlarges.
      return maximumSize(region, bounds, size.upscale && context.version === 3 ? limits.maxScale : 1);
    case 'width':
      return { width: size.width, height: proportionalHeight(size.width, region) };
    case 'height':
      return { width: proportionalWidth(size.height, region), height: size.height };
    case 'percent':
      return {
        width: Math.round((region.width * size.percent) / 100),
        height: Math.round((region.height * size.percent) / 100),
      };
    case 'exact':
      return { width: size.width, height: size.height };
    case 'confined':
      return confine(size, size.upscale, context);
  }
}

function confine(box: Dimensions, upscale: boolean, context: SizeContext): Dimensions {
  const { region, bounds, limits, version } = context;
  const enlarges = box.width > region.width && box.height > region.height;
  if (enlarges && upscale && version === 3 && limits.maxScale === 1) throw noUpscaling();
  const within: Bounds = {
    width: Math.min(box.width, bounds.width),
    height: Math.min(box.height, bounds.height),
    area: bounds.area,
  };
  return maximumSize(region, within, upscale ? limits.maxScale : 1);
}

function checkScale(resolved: Dimensions, size: Size, context: SizeContext): void {
  const { region, limits, version } = context;
  if (resolved.width <= region.width && resolved.height <= region.height) return;
  if (!size.upscale) {
    throw new IiifError('E_IIIF_BAD_SIZE', 'The size is larger than the region; put ^ in front to enlarge it.');
  }
  if (limits.maxScale === 1 && version === 3) throw noUpscaling();
  const { maxScale } = limits;
  if (resolved.width > Math.round(region.width * maxScale) || resolved.height > Math.round(region.height * maxScale)) {
    throw new IiifError('E_IIIF_BAD_SIZE', `The size is more than ${maxScale} times as large as the region.`);
  }
}

function noUpscaling(): IiifError {
  return new IiifError('E_IIIF_NO_UPSCALING', 'This server does not enlarge images.');
}
