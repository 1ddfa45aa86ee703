import type { ImageInfo } from 'nestjs-image-cache';
import type { ApiVersion, Rotation } from '../request/image-request.js';
import { formatDecimal } from '../request/numbers.js';
import type { Limits } from './limits.js';
import { boundsOf, maximumSize } from './maximum-size.js';
import { defaultQuality, isFull, proportionalHeight, type Dimensions, type Operations } from './operations.js';

/** The image that canonical parameters refer to. */
export interface CanonicalContext {
  readonly version: ApiVersion;
  readonly info: ImageInfo;
  readonly limits: Limits;
}

/**
 * The canonical parameters of a picture, `{region}/{size}/{rotation}/{quality}.{format}`: what the canonical link and
 * redirects name (IIIF Image API 3.0, section 4.8; 2.1, section 4.7). Asking for them gives the same operations.
 */
export function canonicalParameters(operations: Operations, context: CanonicalContext): string {
  const { region, rotation, format } = operations;
  const { x, y, width, height } = region;
  const where = isFull(region, context.info) ? 'full' : `${x},${y},${width},${height}`;
  const size = context.version === 3 ? sizeOfVersion3(operations, context.limits) : sizeOfVersion2(operations);
  const quality = operations.quality === defaultQuality(context.info) ? 'default' : operations.quality;
  return `${where}/${size}/${formatRotation(rotation)}/${quality}.${format}`;
}

/**
 * One string for one picture of an image, the same for every version of the API and every wording of the request.
 *
 * @param recipe - the settings that the picture is encoded with, see `Renderer.recipe`: pictures that were made with
 * other settings are other pictures
 */
export function operationsKey(operations: Operations, recipe: string): string {
  const { region, size, rotation, quality, format } = operations;
  const where = `${region.x},${region.y},${region.width},${region.height}`;
  return `${where}/${size.width},${size.height}/${formatRotation(rotation)}/${quality}.${format};${recipe}`;
}

function sizeOfVersion3(operations: Operations, limits: Limits): string {
  const { region, size, format } = operations;
  const bounds = boundsOf(limits, format);
  if (isEqual(size, maximumSize(region, bounds, 1))) return 'max';
  const enlarges = size.width > region.width || size.height > region.height;
  if (!enlarges) return `${size.width},${size.height}`;
  return isEqual(size, maximumSize(region, bounds, limits.maxScale)) ? '^max' : `^${size.width},${size.height}`;
}

function sizeOfVersion2({ region, size }: Operations): string {
  if (isEqual(size, region)) return 'full';
  return size.height === proportionalHeight(size.width, region) ? `${size.width},` : `${size.width},${size.height}`;
}

function formatRotation(rotation: Rotation): string {
  return (rotation.mirror ? '!' : '') + formatDecimal(rotation.degrees);
}

function isEqual(one: Dimensions, other: Dimensions): boolean {
  return one.width === other.width && one.height === other.height;
}
