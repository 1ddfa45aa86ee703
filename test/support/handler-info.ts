import type { ImageInfo } from 'nestjs-image-cache';

/** An info as a handler returns it: without a stamp. */
export function handlerInfo(identifier: string, changes: Partial<ImageInfo> = {}): ImageInfo {
  return {
    identifier,
    width: 4000,
    height: 3000,
    format: 'jpeg',
    componentDepth: 8,
    channels: 3,
    hasAlpha: false,
    colourSpace: 'srgb',
    icc: false,
    orientation: 1,
    pyramid: [{ width: 4000, height: 3000, location: { page: 0 } }],
    pages: 1,
    metadata: {},
    ...changes,
  };
}
