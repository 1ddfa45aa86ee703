import { IiifError } from '../errors.js';
import type { ApiVersion, Size, SizeForm } from './image-request.js';
import { parseDecimal, parseInteger } from './numbers.js';

const PERCENT = 'pct:';

const forms: Readonly<Record<ApiVersion, string>> = {
  2: 'full, max, w, ,h pct:n w,h and !w,h',
  3: 'max, w, ,h pct:n w,h and !w,h, each with or without ^',
};

/**
 * Reads the size parameter (IIIF Image API, section 4.2). Version 3 knows `^` and no `full`; version 2 knows `full`
 * and allows enlarging in every form.
 *
 * @throws IiifError `E_IIIF_BAD_SIZE` when it is not a size, or has no area
 */
export function parseSize(version: ApiVersion, text: string): Size {
  const caret = version === 3 && text.startsWith('^');
  const form = parseForm(version, caret ? text.slice(1) : text);
  if (form === undefined) {
    throw new IiifError('E_IIIF_BAD_SIZE', `The size is not one of ${forms[version]}.`);
  }
  if (isEmpty(form)) throw new IiifError('E_IIIF_BAD_SIZE', 'The size has no area.');
  return { ...form, upscale: version === 2 || caret };
}

function parseForm(version: ApiVersion, text: string): SizeForm | undefined {
  if (text === 'max') return { kind: 'max' };
  if (text === 'full') return version === 2 ? { kind: 'full' } : undefined;
  if (text.startsWith(PERCENT)) {
    const percent = parseDecimal(text.slice(PERCENT.length));
    return percent === undefined ? undefined : { kind: 'percent', percent };
  }
  const confined = text.startsWith('!');
  return parseSides(confined ? text.slice(1) : text, confined);
}

function parseSides(text: string, confined: boolean): SizeForm | undefined {
  const [left = '', right = '', ...rest] = text.split(',', 3);
  if (rest.length > 0 || !text.includes(',')) return undefined;
  const width = parseInteger(left);
  const height = parseInteger(right);
  if (width !== undefined && height !== undefined) return { kind: confined ? 'confined' : 'exact', width, height };
  if (confined) return undefined;
  if (width !== undefined && right === '') return { kind: 'width', width };
  if (height !== undefined && left === '') return { kind: 'height', height };
  return undefined;
}

function isEmpty(form: SizeForm): boolean {
  return (
    ('width' in form && form.width === 0) ||
    ('height' in form && form.height === 0) ||
    ('percent' in form && form.percent === 0)
  );
}
