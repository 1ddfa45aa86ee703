import { readFile } from '../read-file.js';
import { readText } from '../read-text.js';
import type { Written } from '../parse-value.js';

/** How files are called that are YAML; others have a setting in each line, with or without sections. */
const YAML = /\.ya?ml$/i;

/**
 * Reads the settings in a file of another server, with where they are; those of all sections together.
 *
 * @throws ConfigurationError when it cannot be read
 */
export function readForeignFile(file: string): readonly Written[] {
  return YAML.test(file) ? readFile(file) : [...settingsIn(readText(file), file)];
}

/**
 * Lines of `name = value` or `name: value`, as properties files and those of Glance have them. What is behind `#` in a value
 * is part of it.
 */
function* settingsIn(text: string, file: string): Generator<Written> {
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const [, key, value] = /^\s*([^\s#;!=:[][^\s=:]*)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) yield { key, value, origin: `${file}:${index + 1}` };
  }
}
