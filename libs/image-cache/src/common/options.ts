import { inspect } from 'node:util';
import { ImageCacheError } from './errors.js';

/** The error for an option that cannot be; `path` is the option's full path. */
export function invalidOption(path: string, problem: string): ImageCacheError {
  return new ImageCacheError('E_IMAGE_CACHE_OPTIONS', `${path}: ${problem}`);
}

/** A wrong value as messages show it; a bigint or what contains itself has no JSON. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : inspect(value, { depth: 1, breakLength: Infinity });
}

/**
 * Refuses keys that no option has, so that a misspelt option is not silently left out.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS`
 */
export function refuseUnknownKeys(value: unknown, known: readonly string[], path: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidOption(path, `has to be an object with options; there are ${known.join(', ')}.`);
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    throw invalidOption(`${path}.${key}`, `there is no such option; there are ${known.join(', ')}.`);
  }
}

/**
 * A whole number within bounds.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS`
 */
export function parseInteger(
  value: unknown,
  path: string,
  bounds: { readonly min: number; readonly max: number },
): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= bounds.min && value <= bounds.max) return value;
  throw invalidOption(path, `${shown(value)} is not a whole number from ${bounds.min} to ${bounds.max}.`);
}
