import { IiifError } from '../errors.js';

/** Bytes in UTF-8. File systems allow more in total, but no honest identifier needs it. */
const MAX_IDENTIFIER = 1024;
/** Bytes in UTF-8: the longest name that common file systems can store. */
const MAX_NAME = 255;

// Control characters have no place in names and confuse logs; lone surrogates have no UTF-8 form, so that several
// identifiers would name the same file. The backslash separates names on some systems.
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\\]|\p{Surrogate}/u;

/**
 * Splits an identifier, already percent-decoded exactly once, into the names of folders and of a file.
 *
 * @throws IiifError `E_IIIF_BAD_IDENTIFIER` when it is not a plain relative path: it is empty, absolute or too long,
 * has empty, `.` or `..` segments, control characters, backslashes or ill-formed Unicode
 */
export function parseIdentifier(identifier: string): string[] {
  // The number of characters is looked at first: it is known without walking over them.
  if (identifier.length > MAX_IDENTIFIER || Buffer.byteLength(identifier) > MAX_IDENTIFIER) {
    throw bad('is too long');
  }
  if (FORBIDDEN.test(identifier)) throw bad('has characters that are not allowed');
  const names = identifier.split('/');
  for (const name of names) {
    if (name === '') throw bad('is empty or has an empty segment');
    if (name === '.' || name === '..') throw bad('has a segment of dots');
    if (Buffer.byteLength(name) > MAX_NAME) throw bad('has a segment that is too long');
  }
  return names;
}

/** Whether one of the names begins with a dot: such files are not shown. */
export function isHidden(names: readonly string[]): boolean {
  return names.some((name) => name.startsWith('.'));
}

function bad(what: string): IiifError {
  return new IiifError('E_IIIF_BAD_IDENTIFIER', `The identifier ${what}.`);
}
