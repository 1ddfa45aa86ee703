import { refuseContradictions, missingIn } from './conditions.js';
import { ConfigurationError } from './configuration-error.js';
import { didYouMean } from './did-you-mean.js';
import type { KeyDefinition } from './key-definition.js';
import { KNOWN_KEYS, type Settings } from './known-keys.js';
import { parseValue, type Written } from './parse-value.js';
import { readEnvironment, type Environment } from './read-environment.js';
import { readFile } from './read-file.js';
import type { MissingValue } from './source-conditions.js';

/** The value of a key, and where it comes from. */
export interface ConfiguredValue {
  readonly definition: KeyDefinition;
  readonly value: unknown;
  /** A file with its line, or a variable; `undefined` for a default. */
  readonly origin: string | undefined;
}

/** What the server is told, with every default filled in. */
export interface Configuration {
  readonly values: readonly ConfiguredValue[];
  readonly settings: Settings;
  /** What has to be said before the server can start. */
  readonly missing: readonly MissingValue[];
}

/** Where a configuration is read from. */
export interface ConfigurationSources {
  /** A YAML file. */
  readonly file?: string | undefined;
  readonly environment: Environment;
}

/**
 * Reads the configuration; the environment goes before the file.
 *
 * @throws ConfigurationError when a key is unknown, a value is wrong, or two contradict each other
 */
export function readConfiguration({ file, environment }: ConfigurationSources): Configuration {
  const inFile = file === undefined ? [] : readFile(file);
  for (const written of inFile) refuseUnknown(written);
  return configurationOf([...inFile, ...readEnvironment(environment)]);
}

/**
 * Makes a configuration of what is written; the last one who sets a key wins.
 *
 * @throws ConfigurationError when a value is wrong, or two contradict each other
 */
export function configurationOf(written: readonly Written[]): Configuration {
  const byKey = new Map(written.map((each) => [each.key, each]));
  const values = KNOWN_KEYS.map((definition: KeyDefinition): ConfiguredValue => {
    const own = byKey.get(definition.key);
    if (own === undefined) return { definition, value: definition.fallback, origin: undefined };
    return { definition, value: parseValue(definition, own), origin: own.origin };
  });
  const settings = Object.fromEntries(values.map(({ definition, value }) => [definition.key, value])) as Settings;
  refuseContradictions(settings, (key) => byKey.get(key)?.origin);
  return { values, settings, missing: missingIn(settings) };
}

/** @throws ConfigurationError when something is missing */
export function requireComplete({ missing: [first] }: Configuration): void {
  if (first !== undefined) throw new ConfigurationError(`${first.key}: is not set; ${first.reason}.`);
}

const KEYS: readonly string[] = KNOWN_KEYS.map(({ key }) => key);

function refuseUnknown({ key, origin }: Written): void {
  if (KEYS.includes(key)) return;
  const suggestion = didYouMean(key, KEYS);
  const hint = suggestion === undefined ? '' : ` Did you mean ${suggestion}?`;
  throw new ConfigurationError(`${key} (${origin}): there is no such key.${hint}`);
}
