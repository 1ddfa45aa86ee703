/** How the value of a key is written. */
export type KeyKind =
  | 'flag'
  | 'integer'
  | 'number'
  | 'seconds'
  | 'size'
  | 'text'
  | 'path'
  | 'url'
  | 'choice'
  | 'implementation'
  | 'list'
  | 'map';

/** What is said about a key. */
export interface KeyDetails {
  /** The value when nobody sets one. */
  readonly fallback?: unknown;
  /** Says what happens when nobody sets a value, where the default itself does not. */
  readonly otherwise?: string;
  readonly description: string;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** Whether the value must not be shown. */
  readonly secret?: boolean;
}

/** A key of the configuration; parsing, variable names, reports and documentation derive from it. */
export interface KeyDefinition<K extends string = string, V = unknown> extends KeyDetails {
  readonly key: K;
  readonly kind: KeyKind;
  /** Never there; carries the type of the value. */
  readonly valueType?: V;
}

/** The values of keys, by key. A key with a default always has a value. */
export type ValuesOf<D extends KeyDefinition> = {
  readonly [E in D as E['key']]: E extends KeyDefinition<string, infer V> ? V : never;
};

type Value<T, D extends KeyDetails> = D extends { readonly fallback: unknown } ? T : T | undefined;

/** A hundred years. */
const LONGEST = 3_153_600_000;

/** True or false. */
export function flag<const K extends string, const D extends KeyDetails>(
  key: K,
  details: D,
): KeyDefinition<K, Value<boolean, D>> {
  return { key, kind: 'flag', ...details };
}

/** A whole number, not negative unless `min` says so. */
export function integer<const K extends string, const D extends KeyDetails>(
  key: K,
  details: D,
): KeyDefinition<K, Value<number, D>> {
  return { key, kind: 'integer', min: 0, max: Number.MAX_SAFE_INTEGER, ...details };
}

/** A number that need not be whole. */
export function number<const K extends string, const D extends KeyDetails>(
  key: K,
  details: D,
): KeyDefinition<K, Value<number, D>> {
  return { key, kind: 'number', min: 0, max: Number.MAX_SAFE_INTEGER, ...details };
}

/** Whole seconds. */
export function seconds<const K extends string, const D extends KeyDetails>(
  key: K,
  details: D,
): KeyDefinition<K, Value<number, D>> {
  return { key, kind: 'seconds', min: 0, max: LONGEST, ...details };
}

/** A number of bytes, or a text such as `128MB`. */
export function size<const K extends string, const D extends KeyDetails>(
  key: K,
  details: D,
): KeyDefinition<K, Value<string | number, D>> {
  return { key, kind: 'size', ...details };
}

/** A text that is not empty. */
export function text<const K extends string, const D extends KeyDetails>(
  key: K,
  details: D,
): KeyDefinition<K, Value<string, D>> {
  return { key, kind: 'text', ...details };
}

/** A path of the file system; a relative one starts at the working directory. */
export function path<const K extends string, const D extends KeyDetails>(
  key: K,
  details: D,
): KeyDefinition<K, Value<string, D>> {
  return { key, kind: 'path', ...details };
}

/** An `http` or `https` URL. */
export function url<const K extends string, const D extends KeyDetails>(
  key: K,
  details: D,
): KeyDefinition<K, Value<string, D>> {
  return { key, kind: 'url', ...details };
}

/** One of several words. */
export function choice<const K extends string, const D extends KeyDetails & { readonly choices: readonly string[] }>(
  key: K,
  details: D,
): KeyDefinition<K, Value<D['choices'][number], D>> {
  return { key, kind: 'choice', ...details };
}

/** One of several words, or a module: the name of a package, or a path that begins with `./`, `../` or `/`. */
export function implementation<
  const K extends string,
  const D extends KeyDetails & { readonly choices: readonly string[] },
>(key: K, details: D): KeyDefinition<K, Value<string, D>> {
  return { key, kind: 'implementation', ...details };
}

/** Names with values of any kind, not to be shown since passwords may be among them; in the environment a JSON object. */
export function map<const K extends string, const D extends KeyDetails>(
  key: K,
  details: D,
): KeyDefinition<K, Value<Readonly<Record<string, unknown>>, D>> {
  return { key, kind: 'map', secret: true, ...details };
}

/** Several texts; in the environment a JSON array. */
export function list<const K extends string, const D extends KeyDetails>(
  key: K,
  details: D,
): KeyDefinition<K, Value<readonly string[], D>> {
  return { key, kind: 'list', ...details };
}

/** The environment variable that sets a key. */
export function variableOf({ key }: Pick<KeyDefinition, 'key'>): string {
  return key.toUpperCase().replaceAll('.', '_');
}
