import type { VariantIdentity } from 'nestjs-image-cache';
import { IiifError } from '../errors.js';
import type { Operations } from '../geometry/operations.js';
import { FORMATS, type ImageRequest } from '../request/image-request.js';
import { parseImageRequest } from '../request/parse-image-request.js';

/** The name of a variant: the parameters of a request, or the tiles of some levels. */
export type VariantName =
  | { readonly kind: 'picture'; readonly request: ImageRequest }
  | { readonly kind: 'tiles'; readonly first: number; readonly last: number };

/**
 * Reads the name of a variant: `{region}/{size}/{rotation}/{quality}.{format}` as in a request, of version 3 of the API
 * if it can be read so, else of version 2; or `tiles:0-2`, the tiles of the levels 0 to 2, 0 being the smallest.
 *
 * @throws IiifError with status 400
 */
export function parseVariantName(name: string): VariantName {
  const [, first, last = first] = /^tiles:(\d{1,2})(?:-(\d{1,2}))?$/.exec(name) ?? [];
  if (first !== undefined && Number(first) <= Number(last))
    return { kind: 'tiles', first: Number(first), last: Number(last) };
  const [region, size, rotation, file, ...rest] = name.split('/');
  if (region === undefined || size === undefined || rotation === undefined || file === undefined || rest.length > 0)
    throw new IiifError(
      'E_IIIF_BAD_REQUEST',
      'It is neither {region}/{size}/{rotation}/{quality}.{format} nor tiles:{first}-{last}.',
    );
  const segments = { region, size, rotation, file };
  try {
    return { kind: 'picture', request: parseImageRequest(3, segments) };
  } catch (error) {
    try {
      return { kind: 'picture', request: parseImageRequest(2, segments) };
    } catch {
      throw error;
    }
  }
}

const KEY = /^(\d+),(\d+),(\d+),(\d+)\/(\d+),(\d+)\/(!?)([\d.]+)\/(color|gray|bitonal)\.(\w+);/;

/** Reverses `operationsKey`, but for the recipe; `undefined` when it is none. */
export function parseOperationsKey({ operations }: Pick<VariantIdentity, 'operations'>): Operations | undefined {
  const [, x, y, width, height, toWidth, toHeight, mirror, degrees, quality, extension] = KEY.exec(operations) ?? [];
  const format = FORMATS.find((each) => each === extension);
  if (format === undefined || (quality !== 'color' && quality !== 'gray' && quality !== 'bitonal')) return undefined;
  return {
    region: { x: Number(x), y: Number(y), width: Number(width), height: Number(height) },
    size: { width: Number(toWidth), height: Number(toHeight) },
    rotation: { mirror: mirror === '!', degrees: Number(degrees) },
    quality,
    format,
  };
}
