import { totalmem } from 'node:os';
import { invalidOption } from './options.js';
import { parseSize, type Size } from './units.js';

/** Bytes that this process may use: what its container allows, else what the machine has. */
export function availableMemory(): number {
  const constrained = process.constrainedMemory();
  const total = totalmem();
  return constrained > 0 && constrained < total ? constrained : total;
}

/** Bytes for a message. */
export function inMegabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MB`;
}

/**
 * Parses a size that is to be held in memory.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when it is no size, zero, or more than the process may use
 */
export function parseMemorySize(value: Size, path: string): number {
  const bytes = parseSize(value, path);
  const limit = availableMemory();
  if (bytes === 0) throw invalidOption(path, 'a cache of 0 bytes holds nothing; leave it out instead.');
  if (bytes > limit) {
    throw invalidOption(
      path,
      `${value} is more than the ${Math.floor(limit / 1024 ** 2)} MB that this process may use.`,
    );
  }
  return bytes;
}
