/** A format that is agreed on by `Accept`. */
export type NegotiableFormat = 'avif' | 'webp' | 'jpeg' | 'png';

/** All of them. */
export const NEGOTIABLE: readonly NegotiableFormat[] = ['avif', 'webp', 'jpeg', 'png'];

/** What `'auto'` means: the smaller formats for those who know them. */
export const AUTO: readonly NegotiableFormat[] = ['avif', 'webp', 'jpeg'];

/** Formats that every client shows, whatever it says. */
const UNIVERSAL: readonly NegotiableFormat[] = ['jpeg', 'png'];

/**
 * The first of the formats that a client names, else the first one that every client shows, else the last. That it takes
 * anything does not count, nor does any order of its own: all clients that name the same formats get the same one.
 *
 * @param accept value of `Accept` (RFC 9110, section 12.5.1)
 */
export function negotiateFormat(accept: string | undefined, formats: readonly NegotiableFormat[]): NegotiableFormat {
  const named = namedIn(accept ?? '');
  const known = formats.find((format) => named.has(`image/${format}`));
  return known ?? formats.find((format) => UNIVERSAL.includes(format)) ?? formats.at(-1) ?? 'jpeg';
}

/** Media types that are wanted, in lower case; a quality of 0 says that one is not. */
function namedIn(accept: string): ReadonlySet<string> {
  const ranges = accept.split(',').map((range) => range.split(';').map((part) => part.trim().toLowerCase()));
  const wanted = ranges.filter(([, ...parameters]) => !parameters.some((each) => /^q\s*=\s*0(\.0*)?$/.test(each)));
  return new Set(wanted.map(([type = '']) => type));
}
