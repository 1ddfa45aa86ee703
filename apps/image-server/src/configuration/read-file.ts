import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Pair, type YAMLMap } from 'yaml';
import { ConfigurationError } from './configuration-error.js';
import { KNOWN_KEYS } from './known-keys.js';
import type { Written } from './parse-value.js';
import { readText } from './read-text.js';

/**
 * Reads a YAML file. Keys may be written with dots, as maps inside of maps, or both; what has no value is not set.
 *
 * @throws ConfigurationError when the file cannot be read, is no YAML, or sets a key twice
 */
export function readFile(file: string): Written[] {
  const lines = new LineCounter();
  const document = parseDocument(readText(file), { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) {
    const [reason = ''] = error.message.split('\n', 1);
    throw new ConfigurationError(`${file}: ${reason.replace(/:$/, '')}.`);
  }
  const placeOf: PlaceOf = (offset) => `${file}:${lines.linePos(offset).line}`;
  const settings = [...settingsOf(document, placeOf)];
  refuseRepeated(settings);
  return settings.filter(({ value }) => value !== null);
}

type PlaceOf = (offset: number) => string;

function* settingsOf(document: Document.Parsed, placeOf: PlaceOf): Generator<Written> {
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) return;
  if (!isMap(contents)) {
    throw new ConfigurationError(`${placeOf(0)}: the configuration is not a map of keys and values.`);
  }
  yield* settingsIn(contents, { prefix: '', placeOf, document });
}

interface Place {
  readonly prefix: string;
  readonly placeOf: PlaceOf;
  readonly document: Document.Parsed;
}

/** The keys whose value is a map. */
const MAPS: readonly string[] = KNOWN_KEYS.filter(({ kind }) => kind === 'map').map(({ key }) => key);

function* settingsIn(map: YAMLMap, { prefix, ...place }: Place): Generator<Written> {
  for (const pair of map.items) {
    const { name, origin } = nameOf(pair, place.placeOf);
    const key = prefix + name;
    if (isMap(pair.value) && MAPS.includes(key)) yield { key, value: pair.value.toJS(place.document), origin };
    else if (isMap(pair.value)) yield* settingsIn(pair.value, { prefix: `${key}.`, ...place });
    else yield { key, value: valueOf(pair.value, origin), origin };
  }
}

function nameOf({ key }: Pair, placeOf: PlaceOf): { readonly name: string; readonly origin: string } {
  if (!isScalar(key)) throw new ConfigurationError(`${placeOf(0)}: a key is not a text.`);
  return { name: String(key.value), origin: placeOf(key.range?.[0] ?? 0) };
}

function valueOf(node: unknown, origin: string): unknown {
  if (node === null || isScalar(node)) return node?.value ?? null;
  if (isSeq(node)) return node.toJSON();
  throw new ConfigurationError(`${origin}: references to other values are not understood.`);
}

/** @throws ConfigurationError when a key is set twice */
export function refuseRepeated(settings: readonly Written[]): void {
  const places = new Map<string, string>();
  for (const { key, origin } of settings) {
    const first = places.get(key);
    if (first !== undefined) throw new ConfigurationError(`${key}: is set twice (${first} and ${origin}).`);
    places.set(key, origin);
  }
}
