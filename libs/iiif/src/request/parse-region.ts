import { IiifError } from '../errors.js';
import type { Region } from './image-request.js';
import { parseDecimal, parseInteger, parseList } from './numbers.js';

const PERCENT = 'pct:';

/**
 * Reads the region parameter: `full`, `square`, `x,y,w,h` or `pct:x,y,w,h` (IIIF Image API, section 4.1).
 *
 * @throws IiifError `E_IIIF_BAD_REGION` when it is none of these, or has no area
 */
export function parseRegion(text: string): Region {
  if (text === 'full' || text === 'square') return { kind: text };
  const percent = text.startsWith(PERCENT);
  const numbers = percent ? parseList(text.slice(PERCENT.length), 4, parseDecimal) : parseList(text, 4, parseInteger);
  const [x, y, width, height] = numbers ?? [];
  if (x === undefined || y === undefined || width === undefined || height === undefined) {
    throw new IiifError('E_IIIF_BAD_REGION', 'The region is not one of full, square, x,y,w,h and pct:x,y,w,h.');
  }
  if (width === 0 || height === 0) throw new IiifError('E_IIIF_BAD_REGION', 'The region has no area.');
  return { kind: percent ? 'percent' : 'pixels', x, y, width, height };
}
