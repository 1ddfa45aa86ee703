import type { ImageInfo } from 'nestjs-image-cache';
import type { Dimensions } from '../geometry/operations.js';
import type { Format, Quality } from '../request/image-request.js';
import {
  EXTRA_FEATURES,
  EXTRA_FORMATS,
  extraQualities,
  publishedLimits,
  type InformationContext,
  type PublishedLimits,
} from './image-information.js';
import { preferredSizes, preferredTiles, type Tiles } from './sizes-and-tiles.js';

/** Context document of IIIF Image API 2.1. */
export const CONTEXT_2 = 'http://iiif.io/api/image/2/context.json';

/** Profile of compliance level 2 of IIIF Image API 2.1, for info.json and the `Link` header. */
export const PROFILE_2 = 'http://iiif.io/api/image/2/level2.json';

/** What is supported beyond the compliance level (IIIF Image API 2.1, section 5.3). */
export interface ProfileDescription extends PublishedLimits {
  readonly formats: readonly Format[];
  readonly qualities: readonly Quality[];
  readonly supports: readonly string[];
}

/** info.json of IIIF Image API 2.1 (section 5). */
export interface ImageService2 {
  readonly '@context': typeof CONTEXT_2;
  readonly '@id': string;
  readonly protocol: 'http://iiif.io/api/image';
  readonly width: number;
  readonly height: number;
  readonly sizes: readonly Dimensions[];
  readonly tiles: readonly Tiles[];
  readonly profile: readonly [typeof PROFILE_2, ProfileDescription];
  readonly license?: string;
}

/** Builds the image information document of IIIF Image API 2.1. */
export function imageService2(info: ImageInfo, context: InformationContext): ImageService2 {
  const { id, limits, rights } = context;
  const supports = [...EXTRA_FEATURES, 'regionSquare'];
  return {
    '@context': CONTEXT_2,
    '@id': id,
    protocol: 'http://iiif.io/api/image',
    width: info.width,
    height: info.height,
    sizes: preferredSizes(info, limits),
    tiles: [preferredTiles(info, limits)],
    profile: [
      PROFILE_2,
      {
        formats: EXTRA_FORMATS,
        qualities: extraQualities(info),
        supports: limits.maxScale > 1 ? [...supports, 'sizeAboveFull'] : supports,
        ...publishedLimits(info, limits),
      },
    ],
    ...(rights !== undefined && { license: rights }),
  };
}
