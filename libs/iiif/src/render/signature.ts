/** Formats of source images that are accepted, as the decoder names them. */
export type SourceFormat = 'jpeg' | 'png' | 'webp' | 'tiff' | 'gif' | 'heif';

/** Number of leading bytes that {@link detectFormat} looks at. */
export const SIGNATURE_LENGTH = 32;

const signatures: readonly (readonly [SourceFormat, string])[] = [
  ['jpeg', '\xff\xd8\xff'],
  ['png', '\x89PNG\r\n\x1a\n'],
  ['gif', 'GIF87a'],
  ['gif', 'GIF89a'],
  ['tiff', 'II*\0'],
  ['tiff', 'MM\0*'],
  ['tiff', 'II+\0'],
  ['tiff', 'MM\0+'],
];

const HEIF_BRANDS: ReadonlySet<string> = new Set(['avif', 'avis', 'heic', 'heix', 'mif1', 'msf1']);

/**
 * Tells the format from the first bytes of a file, never from its name. Anything but the accepted formats, SVG and PDF
 * among them, is `undefined`: it must not reach a decoder, which would happily run it.
 */
export function detectFormat(head: Buffer): SourceFormat | undefined {
  const text = head.toString('latin1', 0, SIGNATURE_LENGTH);
  const known = signatures.find(([, signature]) => text.startsWith(signature));
  if (known !== undefined) return known[0];
  if (text.startsWith('RIFF') && text.startsWith('WEBP', 8)) return 'webp';
  if (text.startsWith('ftyp', 4) && HEIF_BRANDS.has(text.slice(8, 12))) return 'heif';
  return undefined;
}
