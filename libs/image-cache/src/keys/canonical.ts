import { invalidOption } from '../common/options.js';

/** Deeper than what anybody writes, and a bound for what contains itself. */
const DEEPEST = 16;

/**
 * Writes plain data as text: the same text for the same data, in whatever order its members are, and another one for
 * any other. Members that are undefined are left out.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` with the path of what is no plain data, which starts with `path`
 */
export function canonicalText(value: unknown, path: string, depth = 0): string {
  if (depth > DEEPEST) throw invalidOption(path, 'is too deep, or contains itself.');
  if (typeof value === 'string') return JSON.stringify(value);
  // Not as JSON has them: NaN and null are two values, and one that is not there is a third.
  if (value === null || ['undefined', 'boolean', 'number'].includes(typeof value)) return String(value);
  if (Array.isArray(value)) {
    const items = Array.from(value, (item: unknown, index) => canonicalText(item, `${path}[${index}]`, depth + 1));
    return `[${items.join(',')}]`;
  }
  if (!isPlain(value)) throw invalidOption(path, `${kindOf(value)} is no plain data: text, number, list or object.`);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalText(member, `${path}.${name}`, depth + 1)}`);
  return `{${members.join(',')}}`;
}

/** What a value is, for messages: its contents may be large or secret. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (value === '') return 'an empty text';
  if (typeof value === 'string') return 'a text';
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const { constructor } = value as { readonly constructor?: unknown };
  return typeof constructor === 'function' ? `an object of class ${constructor.name}` : 'an object';
}

/** An object of a literal, of JSON or without a prototype, of whatever realm. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
