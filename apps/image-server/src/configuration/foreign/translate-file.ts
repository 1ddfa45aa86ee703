import { basename } from 'node:path';
import { stringify } from 'yaml';
import { ConfigurationError } from '../configuration-error.js';
import type { Written } from '../parse-value.js';
import { translateGalia } from './galia-options.js';
import { translateGlance } from './glance-options.js';
import { readForeignFile } from './read-foreign-file.js';
import type { Translation } from './translation.js';

/** Servers whose configuration is understood. */
export type ForeignServer = keyof typeof TRANSLATIONS;

const TRANSLATIONS = {
  glance: translateGlance,
  galia: translateGalia,
} satisfies Readonly<Record<string, (settings: readonly Written[]) => Translation>>;

/** A configuration of another server, translated. */
export interface TranslatedFile {
  /** A configuration file for this server; says in comments what has to be added. */
  readonly yaml: string;
  /** Names of settings of a cache that mean nothing here. */
  readonly unknown: readonly string[];
}

/**
 * Translates the configuration file of another server.
 *
 * @throws ConfigurationError when it cannot be read, a value is wrong, or nothing in it is known
 */
export function translateFile(server: ForeignServer, file: string): TranslatedFile {
  const written = readForeignFile(file);
  const { configuration, settings, unknown } = TRANSLATIONS[server](written);
  if (unknown.length === written.length)
    throw new ConfigurationError(`${file}: no setting in it is one of an image cache; is it a file of ${server}?`);
  const missing = configuration.missing.map(({ key, reason }) => `# ${key}: to be added; ${reason}.\n`);
  return {
    yaml: `# From ${basename(file)}\n${stringify(settings)}${missing.join('')}`,
    unknown: unknown.filter((name) => /cache/i.test(name)),
  };
}
