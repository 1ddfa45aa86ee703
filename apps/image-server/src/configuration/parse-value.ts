import { parseSize } from 'nestjs-image-cache';
import { ConfigurationError } from './configuration-error.js';
import type { KeyDefinition, KeyKind } from './key-definition.js';
import { displayed } from './masking.js';
import { isPath } from './own-store.js';

/** A value as somebody has written it, and where. */
export interface Written {
  readonly key: string;
  readonly value: unknown;
  /** A file with its line, or a variable. */
  readonly origin: string;
}

/**
 * Reads the value of a key; texts are understood for all kinds, since the environment has nothing else.
 *
 * @throws ConfigurationError with the key, the origin and what is expected
 */
export function parseValue(definition: KeyDefinition, { value, origin }: Omit<Written, 'key'>): unknown {
  const parsed = PARSERS[definition.kind](value, definition);
  if (parsed !== undefined) return parsed;
  const expected = EXPECTED[definition.kind](definition);
  throw new ConfigurationError(
    `${definition.key}: ${quoted(definition, value)} (${origin}) is not ${expected}.`.replaceAll(/\s+/g, ' '),
  );
}

type Parser = (value: unknown, definition: KeyDefinition) => unknown;

const PARSERS: Readonly<Record<KeyKind, Parser>> = {
  flag: (value) =>
    value === true || value === 'true' ? true : value === false || value === 'false' ? false : undefined,
  integer: wholeNumber,
  seconds: wholeNumber,
  number: boundedNumber,
  size: sizeOf,
  text: nonEmpty,
  path: nonEmpty,
  url: webAddress,
  choice: (value, { choices = [] }) => choices.find((each) => each === value),
  implementation: storeOrModule,
  list: textList,
  map: mapOf,
};

const EXPECTED: Readonly<Record<KeyKind, (definition: KeyDefinition) => string>> = {
  flag: () => 'true or false',
  integer: ({ min, max }) => `a whole number from ${min} to ${max}`,
  seconds: ({ min, max }) => `a whole number of seconds from ${min} to ${max}`,
  number: ({ min, max }) => `a number from ${min} to ${max}`,
  size: () => "a number of bytes or a size such as '128MB' or '10GB'",
  text: () => 'a text',
  path: () => 'a path',
  url: () => 'an http or https URL without query and fragment',
  choice: ({ choices = [] }) => `one of ${choices.join(', ')}`,
  implementation: ({ choices = [] }) =>
    `one of ${choices.join(', ')}, nor the name of a package or a path such as ./store.mjs`,
  list: () => 'a list of texts (in the environment a JSON array)',
  map: () => 'a map of names and values (in the environment a JSON object)',
};

function boundedNumber(value: unknown, { min = -Infinity, max = Infinity }: KeyDefinition): number | undefined {
  const isWritten = typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim());
  const number = isWritten ? Number(value) : value;
  return typeof number === 'number' && number >= min && number <= max ? number : undefined;
}

function wholeNumber(value: unknown, definition: KeyDefinition): number | undefined {
  const number = boundedNumber(value, definition);
  return Number.isSafeInteger(number) ? number : undefined;
}

function sizeOf(value: unknown, { key }: KeyDefinition): unknown {
  const size = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  try {
    parseSize(size, key);
    return size;
  } catch {
    return undefined;
  }
}

// Control characters have no place in names and addresses, and confuse logs.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;

function nonEmpty(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' && !CONTROL.test(value) ? value : undefined;
}

function webAddress(value: unknown): string | undefined {
  const text = nonEmpty(value);
  if (text === undefined || !URL.canParse(text)) return undefined;
  const { protocol, search, hash } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && search === '' && hash === '' ? text : undefined;
}

/** Names of packages are written small, so a store whose name is misspelt is told here. */
const PACKAGE = /^(@[a-z0-9][a-z0-9._~-]*\/)?[a-z0-9][a-z0-9._~-]*(\/[\w.~-]+)*$/;

function storeOrModule(value: unknown, { choices = [] }: KeyDefinition): string | undefined {
  const name = nonEmpty(value);
  if (name === undefined || choices.includes(name)) return name;
  return isPath(name) || PACKAGE.test(name) ? name : undefined;
}

function mapOf(value: unknown): unknown {
  const map = typeof value === 'string' ? parsedJson(value) : value;
  return typeof map === 'object' && map !== null && !Array.isArray(map) ? map : undefined;
}

function textList(value: unknown): readonly string[] | undefined {
  const entries = typeof value === 'string' ? parsedJson(value) : value;
  return Array.isArray(entries) && entries.every((entry) => typeof entry === 'string') ? entries : undefined;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function quoted(definition: KeyDefinition, value: unknown): string {
  const shown = displayed(definition, value);
  return typeof value === 'string' && definition.secret !== true ? JSON.stringify(shown) : shown;
}
