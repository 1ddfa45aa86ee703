import { basename } from 'node:path';
import { stringify } from 'yaml';
import { translateGalia } from './galia-options.js';
import { translateGlance } from './glance-options.js';
import { readForeignFile } from './read-foreign-file.js';
import type { ForeignSettings, Translation } from './translation.js';

/** Servers whose configuration is understood. */
export type ForeignServer = keyof typeof TRANSLATIONS;

const TRANSLATIONS = {
  glance: translateGlance,
  galia: translateGalia,
} satisfies Readonly<Record<string, (foreign: ForeignSettings) => Translation>>;

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
 * @throws ConfigurationError when it cannot be read, or a value is wrong
 */
export function translateFile(server: ForeignServer, file: string): TranslatedFile {
  const { configuration, settings, unknown } = TRANSLATIONS[server](readForeignFile(file));
  const missing = configuration.missing.map(({ key, reason }) => `# ${key}: to be added; ${reason}.\n`);
  return {
    yaml: `# From ${basename(file)}\n${stringify(settings)}${missing.join('')}`,
    unknown: unknown.filter((name) => /cache/i.test(name)),
  };
}
