import type { ImageCacheOptions } from 'nestjs-image-cache';
import { configurationOf, type Configuration } from '../configuration.js';
import { imageCacheOptions } from '../image-cache-options.js';
import { KNOWN_KEYS } from '../known-keys.js';
import type { Written } from '../parse-value.js';
import { refuseRepeated } from '../read-file.js';

/** Another server's settings in the words of this one. */
export interface Translation {
  readonly configuration: Configuration;
  /** What has been said, by our keys, as it is understood. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Names that mean nothing here. */
  readonly unknown: readonly string[];
}

/** How settings are translated. */
export interface Dictionary {
  /** Our key for a name of theirs. */
  readonly keyOf: (name: string) => string | undefined;
  /** What a value means that is written for a key of ours. */
  readonly understood: (key: string, value: unknown) => unknown;
  /** What goes without saying there. @default nothing */
  readonly implied?: readonly Written[];
}

/** Options made of the settings of another server. */
export interface TranslatedOptions extends Pick<Translation, 'settings' | 'unknown'> {
  /** Without `source`. */
  readonly options: ImageCacheOptions;
}

/**
 * Translates settings; empty ones are not set.
 *
 * @throws ConfigurationError when a value is wrong, or two say something of the same
 */
export function translate(foreign: readonly Written[], { keyOf, understood, implied = [] }: Dictionary): Translation {
  const known = foreign.map(({ key: name, value, origin }) => ({ name, key: ourKey(keyOf(name)), value, origin }));
  const written = known.flatMap(({ key, value, origin }): Written[] =>
    key === undefined || value === '' || value === null || value === undefined
      ? []
      : [{ key, value: understood(key, value), origin }],
  );
  refuseRepeated(written);
  const all = [...implied, ...written];
  const configuration = configurationOf(all);
  const said = configuration.values.filter(({ definition }) => all.some(({ key }) => key === definition.key));
  return {
    configuration,
    settings: Object.fromEntries(said.map(({ definition, value }) => [definition.key, value])),
    unknown: known.filter(({ key }) => key === undefined).map(({ name }) => name),
  };
}

/** Settings that are given by a program. */
export function settingsOf(config: Readonly<Record<string, unknown>>): readonly Written[] {
  return Object.entries(config).map(([key, value]) => ({ key, value, origin: key }));
}

/** The options of an image cache that a translation means. */
export async function optionsOf({ configuration, settings, unknown }: Translation): Promise<TranslatedOptions> {
  return { options: await imageCacheOptions(configuration.settings), settings, unknown };
}

const KEYS: ReadonlySet<string> = new Set(KNOWN_KEYS.map(({ key }) => key));

function ourKey(key: string | undefined): string | undefined {
  return key !== undefined && KEYS.has(key) ? key : undefined;
}
