import { parseDuration, type Duration } from 'nestjs-image-cache';
import { IiifError } from '../errors.js';

/** What may be asked of the server. All are optional; see {@link Limits} for the meanings. */
export interface LimitOptions {
  /** @default 400_000_000 */
  readonly maxPixels?: number | undefined;
  /** @default no limit */
  readonly maxBytes?: number | undefined;
  /** @default 1 */
  readonly maxScale?: number | undefined;
  readonly maxWidth?: number | undefined;
  readonly maxHeight?: number | undefined;
  readonly maxArea?: number | undefined;
  /** Whole seconds, from `'1s'` to `'1h'`. @default '30s' */
  readonly timeout?: Duration | undefined;
}

/** Limits that every request is checked against before any work is done. */
export interface Limits {
  /** Most pixels that a source image may have, and that a picture may have. */
  readonly maxPixels: number;
  /** Most bytes that a source image may have. */
  readonly maxBytes?: number;
  /** Most that a region may be enlarged: 1 allows none, 2 twice its width and height. */
  readonly maxScale: number;
  /** Widest picture, in pixels (IIIF Image API 3.0, section 5.2); also the highest when `maxHeight` is not set. */
  readonly maxWidth?: number;
  /** Highest picture, in pixels; needs `maxWidth`. */
  readonly maxHeight?: number;
  /** Most pixels of a picture, published in info.json. */
  readonly maxArea?: number;
  /** Seconds that the rendering of one picture may take. */
  readonly timeout: number;
}

/**
 * Checks limits and fills in the defaults.
 *
 * @throws IiifError `E_IIIF_BAD_OPTIONS` or ImageCacheError `E_IMAGE_CACHE_OPTIONS`; both name the option
 */
export function createLimits(options: LimitOptions = {}): Limits {
  const { maxPixels = 400_000_000, maxScale = 1, timeout = '30s', maxBytes, maxWidth, maxHeight, maxArea } = options;
  for (const [name, value] of Object.entries({ maxPixels, maxBytes, maxWidth, maxHeight, maxArea })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) fail(name, 'a whole number above 0');
  }
  if (!(maxScale >= 1 && Number.isFinite(maxScale))) fail('maxScale', 'a number of at least 1');
  // The clock of the decoder counts whole seconds, at most an hour.
  const seconds = parseDuration(timeout, 'limits.timeout') / 1000;
  if (!(Number.isInteger(seconds) && seconds >= 1 && seconds <= 3600)) fail('timeout', "whole seconds, '1s' to '1h'");
  if (maxHeight !== undefined && maxWidth === undefined) fail('maxHeight', 'given together with maxWidth');
  return {
    maxPixels,
    maxScale,
    timeout: seconds,
    ...(maxBytes !== undefined && { maxBytes }),
    ...(maxWidth !== undefined && { maxWidth }),
    ...(maxHeight !== undefined && { maxHeight }),
    ...(maxArea !== undefined && { maxArea }),
  };
}

function fail(name: string, expectation: string): never {
  throw new IiifError('E_IIIF_BAD_OPTIONS', `limits.${name} must be ${expectation}.`);
}
