import { IiifError } from '../../errors.js';
import { parseIdentifier } from '../identifier.js';

/** What `encodeURIComponent` leaves and some servers take for more than a character. */
const LEFT = /[!'()*]/g;

/**
 * The address of an original: its identifier behind the prefix. Whatever the identifier has in it stays in the path below the
 * prefix; it cannot leave it, nor begin a query or a fragment.
 *
 * @throws IiifError `E_IIIF_BAD_IDENTIFIER` when the identifier is not a plain relative path
 */
export function urlOf(prefix: string, identifier: string): URL {
  const path = parseIdentifier(identifier).map(encodeSegment).join('/');
  const url = new URL(prefix + path);
  // Parsers of addresses take more for dots and slashes than those of paths do.
  if (url.href === prefix + path) return url;
  throw new IiifError('E_IIIF_BAD_IDENTIFIER', 'The identifier cannot be a part of an address.');
}

function encodeSegment(name: string): string {
  const code = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(name).replace(LEFT, code);
}
