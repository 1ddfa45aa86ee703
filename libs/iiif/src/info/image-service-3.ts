import type { ImageInfo } from 'nestjs-image-cache';
import type { Dimensions } from '../geometry/operations.js';
import type { Format, Quality } from '../request/image-request.js';
import {
  EXTRA_FEATURES,
  EXTRA_FORMATS,
  extraQualities,
  preferredFormats,
  publishedLimits,
  type InformationContext,
  type PublishedLimits,
} from './image-information.js';
import { preferredSizes, preferredTiles, type Tiles } from './sizes-and-tiles.js';

/** Context document of IIIF Image API 3.0; also the `profile` of its media type. */
export const CONTEXT_3 = 'http://iiif.io/api/image/3/context.json';

/** Profile of compliance level 2 of IIIF Image API 3.0, for the `Link` header. */
export const PROFILE_3 = 'http://iiif.io/api/image/3/level2.json';

/** info.json of IIIF Image API 3.0 (section 5). */
export interface ImageService3 extends PublishedLimits {
  readonly '@context': typeof CONTEXT_3;
  readonly id: string;
  readonly type: 'ImageService3';
  readonly protocol: 'http://iiif.io/api/image';
  readonly profile: 'level2';
  readonly width: number;
  readonly height: number;
  readonly sizes: readonly Dimensions[];
  readonly tiles: readonly Tiles[];
  readonly preferredFormats: readonly Format[];
  readonly rights?: string;
  readonly extraFormats: readonly Format[];
  readonly extraQualities: readonly Quality[];
  readonly extraFeatures: readonly string[];
}

/** Builds the image information document of IIIF Image API 3.0. */
export function imageService3(info: ImageInfo, context: InformationContext): ImageService3 {
  const { id, limits, rights } = context;
  return {
    '@context': CONTEXT_3,
    id,
    type: 'ImageService3',
    protocol: 'http://iiif.io/api/image',
    profile: 'level2',
    width: info.width,
    height: info.height,
    ...publishedLimits(info, limits),
    sizes: preferredSizes(info, limits),
    tiles: [preferredTiles(info, limits)],
    preferredFormats: preferredFormats(info, context),
    ...(rights !== undefined && { rights }),
    extraFormats: EXTRA_FORMATS,
    extraQualities: extraQualities(info),
    extraFeatures: limits.maxScale > 1 ? [...EXTRA_FEATURES, 'sizeUpscaling'] : EXTRA_FEATURES,
  };
}
