import { IiifError } from '../errors.js';
import {
  FORMATS,
  QUALITIES,
  type ApiVersion,
  type ImageRequest,
  type ImageRequestSegments,
  type Rotation,
} from './image-request.js';
import { parseDecimal } from './numbers.js';
import { parseRegion } from './parse-region.js';
import { parseSize } from './parse-size.js';

/** Longest segment that any valid parameter can need is 91 characters: `pct:` and four decimals of 21. */
const MAX_SEGMENT = 100;

/**
 * Reads the parameters of an image request: `{region}/{size}/{rotation}/{quality}.{format}` of IIIF Image API 3.0 and
 * 2.1, section 4. Takes time linear in the length of the segments.
 *
 * @throws IiifError `E_IIIF_BAD_REGION`, `…_SIZE`, `…_ROTATION`, `…_QUALITY`, `…_FORMAT` (status 400)
 */
export function parseImageRequest(version: ApiVersion, segments: ImageRequestSegments): ImageRequest {
  for (const [name, text] of Object.entries(segments) as [string, string][]) {
    if (text.length > MAX_SEGMENT) throw new IiifError('E_IIIF_BAD_REQUEST', `The ${name} parameter is too long.`);
  }
  const region = parseRegion(segments.region);
  const size = parseSize(version, segments.size);
  const rotation = parseRotation(segments.rotation);
  return { version, region, size, rotation, ...parseFile(segments.file) };
}

function parseRotation(text: string): Rotation {
  const mirror = text.startsWith('!');
  const degrees = parseDecimal(mirror ? text.slice(1) : text);
  if (degrees === undefined || degrees > 360) {
    throw new IiifError('E_IIIF_BAD_ROTATION', 'The rotation is not a number of degrees from 0 to 360, or ! and one.');
  }
  return { mirror, degrees };
}

function parseFile(text: string): Pick<ImageRequest, 'quality' | 'format'> {
  const dot = text.indexOf('.');
  const quality = QUALITIES.find((known) => known === text.slice(0, Math.max(dot, 0)));
  const format = FORMATS.find((known) => known === text.slice(dot + 1));
  if (dot < 0) throw new IiifError('E_IIIF_BAD_REQUEST', 'The last segment is not of the form {quality}.{format}.');
  if (quality === undefined) {
    throw new IiifError('E_IIIF_BAD_QUALITY', `The quality is not one of ${QUALITIES.join(', ')}.`);
  }
  if (format === undefined) {
    throw new IiifError('E_IIIF_BAD_FORMAT', `The format is not one of ${FORMATS.join(', ')}.`);
  }
  return { quality, format };
}
