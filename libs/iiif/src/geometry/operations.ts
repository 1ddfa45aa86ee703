import type { ImageInfo } from 'nestjs-image-cache';
import type { Format, Rotation } from '../request/image-request.js';

/** Width and height; pixels. */
export interface Dimensions {
  readonly width: number;
  readonly height: number;
}

/** A rectangle of whole pixels. */
export interface Rectangle extends Dimensions {
  readonly x: number;
  readonly y: number;
}

/** What a picture shows: `default` is resolved, and `color` of a gray image is `gray`. */
export type PictureQuality = 'color' | 'gray' | 'bitonal';

/**
 * What is done to the full image, in this order, in terms of pixels: two requests for the same picture resolve to the
 * same operations, whatever their version or wording (IIIF Image API 3.0, section 4.6).
 */
export interface Operations {
  /** Part of the full image, after its orientation has been applied; within its bounds. */
  readonly region: Rectangle;
  /** To what the region is scaled, before rotation. */
  readonly size: Dimensions;
  /** 0 ≤ degrees < 360. */
  readonly rotation: Rotation;
  readonly quality: PictureQuality;
  readonly format: Format;
}

const GRAY_SPACES: ReadonlySet<string> = new Set(['b-w', 'grey16', 'gray', 'grey']);

/** The quality that `default` stands for. */
export function defaultQuality(info: Pick<ImageInfo, 'colourSpace'>): 'color' | 'gray' {
  return GRAY_SPACES.has(info.colourSpace) ? 'gray' : 'color';
}

/** Whether a region is the whole image. */
export function isFull(region: Rectangle, image: Dimensions): boolean {
  return region.x === 0 && region.y === 0 && region.width === image.width && region.height === image.height;
}

/** The height that keeps the proportions of `of` at a width; at least one pixel. */
export function proportionalHeight(width: number, of: Dimensions): number {
  return Math.max(1, Math.round((width * of.height) / of.width));
}

/** The width that keeps the proportions of `of` at a height; at least one pixel. */
export function proportionalWidth(height: number, of: Dimensions): number {
  return Math.max(1, Math.round((height * of.width) / of.height));
}
