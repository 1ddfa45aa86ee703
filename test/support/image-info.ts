import type { ImageInfo } from 'nestjs-image-cache';

/** An info with every field, some of them changed. */
export function imageInfo(changes: Partial<ImageInfo> = {}): ImageInfo {
  return {
    identifier: 'image',
    width: 6000,
    height: 4000,
    format: 'tiff',
    componentDepth: 8,
    channels: 3,
    hasAlpha: false,
    colourSpace: 'srgb',
    icc: true,
    orientation: 1,
    tileSize: { width: 256, height: 256 },
    pyramid: [
      { width: 6000, height: 4000, location: { page: 0 } },
      { width: 3000, height: 2000, location: { subifd: 0 } },
    ],
    pages: 1,
    metadata: { density: 300, artist: 'Ü' },
    source: { size: 12, lastModified: '1700000000000000001', inode: '5', changed: '1', etag: '"x"' },
    ...changes,
  };
}
