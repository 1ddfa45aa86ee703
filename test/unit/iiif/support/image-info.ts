import type { ImageInfo } from 'nestjs-image-cache';

/** An info as it would be read from an untiled colour JPEG, with what a test needs to be different. */
export function imageInfo(changes: Partial<ImageInfo> = {}): ImageInfo {
  const { width = 600, height = 400 } = changes;
  return {
    identifier: 'image',
    width,
    height,
    format: 'jpeg',
    componentDepth: 8,
    channels: 3,
    hasAlpha: false,
    colourSpace: 'srgb',
    icc: false,
    orientation: 1,
    pyramid: [{ width, height, location: { page: 0 } }],
    pages: 1,
    metadata: {},
    ...changes,
  };
}
