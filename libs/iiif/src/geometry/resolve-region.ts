import { IiifError } from '../errors.js';
import type { Region } from '../request/image-request.js';
import type { Dimensions, Rectangle } from './operations.js';

/**
 * Turns the region parameter into pixels of the full image, cropped at its edges; a square is centred
 * (IIIF Image API, section 4.1).
 *
 * @throws IiifError `E_IIIF_BAD_REGION` when nothing of the image is left
 */
export function resolveRegion(region: Region, image: Dimensions): Rectangle {
  if (region.kind === 'full') return { x: 0, y: 0, width: image.width, height: image.height };
  if (region.kind === 'square') return centredSquare(image);
  const scaleX = region.kind === 'percent' ? image.width / 100 : 1;
  const scaleY = region.kind === 'percent' ? image.height / 100 : 1;
  const x = Math.round(region.x * scaleX);
  const y = Math.round(region.y * scaleY);
  if (x >= image.width || y >= image.height) {
    throw new IiifError('E_IIIF_BAD_REGION', 'The region lies outside the image.');
  }
  const width = Math.min(Math.round(region.width * scaleX), image.width - x);
  const height = Math.min(Math.round(region.height * scaleY), image.height - y);
  if (width === 0 || height === 0) throw new IiifError('E_IIIF_BAD_REGION', 'The region is smaller than one pixel.');
  return { x, y, width, height };
}

function centredSquare(image: Dimensions): Rectangle {
  const side = Math.min(image.width, image.height);
  return {
    x: Math.floor((image.width - side) / 2),
    y: Math.floor((image.height - side) / 2),
    width: side,
    height: side,
  };
}
