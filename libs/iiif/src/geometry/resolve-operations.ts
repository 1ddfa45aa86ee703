import type { ImageInfo } from 'nestjs-image-cache';
import { IiifError } from '../errors.js';
import type { Format, ImageRequest, Rotation } from '../request/image-request.js';
import type { Limits } from './limits.js';
import { boundsOf, isWithin } from './maximum-size.js';
import { defaultQuality, isFull, type Dimensions, type Operations } from './operations.js';
import { resolveRegion } from './resolve-region.js';
import { resolveSize } from './resolve-size.js';

/**
 * Resolves a request against an image: what is to be done, in pixels (IIIF Image API, section 4).
 *
 * @throws IiifError `E_IIIF_BAD_REGION`, `E_IIIF_BAD_SIZE` (400) or `E_IIIF_NO_UPSCALING` (501)
 */
export function resolveOperations(request: ImageRequest, info: ImageInfo, limits: Limits): Operations {
  const { version, format } = request;
  const bounds = boundsOf(limits, format);
  const region = resolveRegion(request.region, info);
  const size = resolveSize(request.size, { version, region, bounds, limits });
  const rotation: Rotation = { mirror: request.rotation.mirror, degrees: toTenths(request.rotation.degrees) % 360 };
  const side = boundsOf({ ...limits, maxWidth: Infinity, maxHeight: Infinity, maxArea: Infinity }, format);
  if (!isWithin(rotatedSize(size, rotation), side)) {
    throw new IiifError('E_IIIF_BAD_SIZE', 'The rotated picture is larger than this server or the format allows.');
  }
  const natural = defaultQuality(info);
  const quality = request.quality === 'default' || request.quality === 'color' ? natural : request.quality;
  return { region, size, rotation, quality, format };
}

/** Nobody sees the difference, and nobody can fill a cache with it. */
function toTenths(degrees: number): number {
  return Math.round(degrees * 10) / 10;
}

/** Size of a picture after its rotation (IIIF Image API 3.0, implementation notes, section 5); pixels. */
export function rotatedSize(size: Dimensions, rotation: Rotation): Dimensions {
  const quarters = rotation.degrees / 90;
  if (Number.isInteger(quarters)) {
    return quarters % 2 === 0 ? size : { width: size.height, height: size.width };
  }
  const angle = (rotation.degrees * Math.PI) / 180;
  const cos = Math.abs(Math.cos(angle));
  const sin = Math.abs(Math.sin(angle));
  return {
    width: Math.ceil(size.width * cos + size.height * sin),
    height: Math.ceil(size.height * cos + size.width * sin),
  };
}

const formatOf: Readonly<Record<string, Format>> = { jpeg: 'jpg', png: 'png', webp: 'webp', tiff: 'tif', gif: 'gif' };

/**
 * Whether the operations ask for the source image as it is, so that its file can be sent instead of a rendering. An
 * image whose orientation is not 1 has to be turned first.
 */
export function isUnaltered(operations: Operations, info: ImageInfo): boolean {
  const { region, size, rotation, quality, format } = operations;
  return (
    info.orientation === 1 &&
    formatOf[info.format] === format &&
    isFull(region, info) &&
    size.width === info.width &&
    size.height === info.height &&
    rotation.degrees === 0 &&
    !rotation.mirror &&
    quality === defaultQuality(info)
  );
}
