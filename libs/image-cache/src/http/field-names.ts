import { invalidOption } from '../common/options.js';

/** A token (RFC 9110, section 5.6.2). */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/**
 * Checks a list of header names.
 *
 * @returns the names in lower case
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` with the path of the wrong one, which starts with `path`
 */
export function parseFieldNames(value: unknown, path: string): readonly string[] {
  if (!Array.isArray(value)) throw invalidOption(path, "has to be a list of header names, such as ['X-Credit'].");
  return value.map((name: unknown, index) => {
    if (typeof name === 'string' && TOKEN.test(name)) return name.toLowerCase();
    const what = typeof name === 'string' ? JSON.stringify(name) : `what is there, of type ${typeof name},`;
    throw invalidOption(`${path}[${index}]`, `${what} is no name of a header.`);
  });
}
