import { parse as parseIni } from 'ini';
import { parse as parseYaml } from 'yaml';
import { oneLine } from '../../one-line.js';
import { ConfigurationError } from '../configuration-error.js';
import { readText } from '../read-text.js';
import type { ForeignSettings } from './translation.js';

/** How files are called that are YAML; others are lines of `name = value`, with or without sections. */
const YAML = /\.ya?ml$/i;

/**
 * Reads the settings in a file of another server; those of all sections together, names inside of maps with dots.
 *
 * @throws ConfigurationError when it cannot be read, or has no settings
 */
export function readForeignFile(file: string): ForeignSettings {
  const text = readText(file);
  const isYaml = YAML.test(file);
  const content = isYaml ? yamlOf(text, file) : parseIni(text);
  if (!isMap(content)) throw new ConfigurationError(`${file}: is not a map of names and values.`);
  return Object.fromEntries(isYaml ? dotted(content) : inSections(content));
}

function yamlOf(text: string, file: string): unknown {
  try {
    return parseYaml(text);
  } catch (cause) {
    throw new ConfigurationError(`${file}: ${oneLine(cause)}`, { cause });
  }
}

function* dotted(map: ForeignSettings, prefix = ''): Generator<[string, unknown]> {
  for (const [name, value] of Object.entries(map)) {
    if (isMap(value)) yield* dotted(value, `${prefix}${name}.`);
    else yield [prefix + name, value];
  }
}

function* inSections(map: ForeignSettings): Generator<[string, unknown]> {
  for (const [name, value] of Object.entries(map)) {
    if (isMap(value)) yield* inSections(value);
    else yield [name, value];
  }
}

function isMap(value: unknown): value is ForeignSettings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
