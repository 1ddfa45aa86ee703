import { readFileSync } from 'node:fs';
import { oneLine } from '../one-line.js';
import { ConfigurationError } from './configuration-error.js';

/**
 * The text of a configuration file.
 *
 * @throws ConfigurationError when it cannot be read
 */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigurationError(`${file}: the configuration cannot be read: ${oneLine(cause)}.`, { cause });
  }
}
