// Parameters of the IIIF Image API
export {
  FORMATS,
  QUALITIES,
  type ApiVersion,
  type Format,
  type ImageRequest,
  type ImageRequestSegments,
  type Quality,
  type Region,
  type Rotation,
  type Size,
  type SizeForm,
} from './request/image-request.js';
export { parseImageRequest } from './request/parse-image-request.js';

// What they mean for an image
export { createLimits, type LimitOptions, type Limits } from './geometry/limits.js';
export type { Dimensions, Operations, PictureQuality, Rectangle } from './geometry/operations.js';
export { isUnaltered, resolveOperations, rotatedSize } from './geometry/resolve-operations.js';
export { canonicalParameters, operationsKey, type CanonicalContext } from './geometry/canonical.js';

// Image information documents
export type { InformationContext, PublishedLimits } from './info/image-information.js';
export {
  CONTEXT_2,
  imageService2,
  PROFILE_2,
  type ImageService2,
  type ProfileDescription,
} from './info/image-service-2.js';
export { CONTEXT_3, imageService3, PROFILE_3, type ImageService3 } from './info/image-service-3.js';
export { preferredSizes, preferredTiles, type Tiles } from './info/sizes-and-tiles.js';

// Reading and rendering images
export type { ImageInput } from './render/byte-input.js';
export { MEDIA_TYPES, type EncoderOptions } from './render/encoder.js';
export { readImageInfo, type ReadInfoOptions } from './render/read-image-info.js';
export { createRenderer, type Renderer, type RendererOptions, type RenderJob } from './render/renderer.js';

// Sources of images
export { FilesystemSource, type FilesystemSourceOptions } from './source/filesystem-source.js';
export { CachedSource } from './source/cached-source.js';
export { HttpSource } from './source/http/http-source.js';
export type { HttpSourceOptions } from './source/http/http-options.js';
export type { ResolveHost } from './source/http/guarded-agent.js';
export { parseIdentifier } from './source/identifier.js';
export type { Original, OriginalBody, OriginalListOptions, OriginalSource } from './source/original-source.js';

// Prefetching
export { iiifPrefetch } from './prefetch/iiif-prefetch.js';
export type { IiifVariants, IiifVariantsOptions } from './prefetch/iiif-variants.js';
export { manifestImages } from './prefetch/manifest-images.js';
export { parseVariantName, type VariantName } from './prefetch/variant-name.js';

export { IiifError, type IiifErrorCode } from './errors.js';

// The image server
export { IiifModule } from './nest/iiif.module.js';
export { IiifExceptionFilter } from './nest/iiif-exception.filter.js';
export type { IiifOptions } from './nest/iiif-options.js';
export { ImageService } from './service/image-service.js';
export type { AnsweredPicture, ImageServiceOptions, InfoWishes, PictureRequest } from './service/image-service.js';
