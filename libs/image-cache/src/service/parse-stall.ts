import { invalidOption } from '../common/options.js';
import { parseDuration, type Duration } from '../common/units.js';

/**
 * The age after which an unfinished write is abandoned; milliseconds.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS`
 */
export function parseStall(value: Duration, path: string): number {
  const stall = parseDuration(value, path);
  if (stall === 0) throw invalidOption(path, 'is 0; writes that have just begun would be abandoned.');
  return stall;
}
