import type { ImageInfo } from 'nestjs-image-cache';
import type { Limits } from '../geometry/limits.js';
import { defaultQuality } from '../geometry/operations.js';
import type { Format, Quality } from '../request/image-request.js';

/** What an image information document is made from. */
export interface InformationContext {
  /** The base URI of the image without a trailing slash (IIIF Image API 3.0, section 2.1). */
  readonly id: string;
  readonly limits: Limits;
  /** Formats in order of preference. @default `jpg`, `webp`; for images with transparency `webp`, `png` */
  readonly preferredFormats?: readonly Format[];
  /** URI of a licence or rights statement (section 5.6). */
  readonly rights?: string;
}

/** Largest picture that is published in the document; pixels. */
export interface PublishedLimits {
  readonly maxWidth?: number;
  readonly maxHeight?: number;
  readonly maxArea?: number;
}

/** Formats beyond those of compliance level 2, which has `jpg` and `png`. */
export const EXTRA_FORMATS: readonly Format[] = ['webp', 'tif', 'gif'];

/** Features beyond those of level 2 that both versions of the API know. */
export const EXTRA_FEATURES: readonly string[] = [
  'canonicalLinkHeader',
  'mirroring',
  'profileLinkHeader',
  'rotationArbitrary',
];

/** Qualities besides `default` that make sense for an image. */
export function extraQualities(info: ImageInfo): Quality[] {
  return defaultQuality(info) === 'gray' ? ['gray', 'bitonal'] : ['color', 'gray', 'bitonal'];
}

/** The limits that a document has to tell: a server that enlarges must name one (section 5.7, `sizeUpscaling`). */
export function publishedLimits(info: ImageInfo, limits: Limits): PublishedLimits {
  const { maxWidth, maxHeight, maxArea, maxScale } = limits;
  if (maxWidth === undefined && maxArea === undefined && maxScale > 1) {
    return { maxWidth: Math.round(info.width * maxScale), maxHeight: Math.round(info.height * maxScale) };
  }
  return {
    ...(maxWidth !== undefined && { maxWidth }),
    ...(maxHeight !== undefined && { maxHeight }),
    ...(maxArea !== undefined && { maxArea }),
  };
}

/** The preferred formats of an image. */
export function preferredFormats(info: ImageInfo, context: InformationContext): readonly Format[] {
  return context.preferredFormats ?? (info.hasAlpha ? ['webp', 'png'] : ['jpg', 'webp']);
}
