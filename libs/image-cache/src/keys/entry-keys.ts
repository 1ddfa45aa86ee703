import { hash } from 'node:crypto';
import type { EntryKey, VariantIdentity } from '../ports/entry.js';

export type { VariantIdentity } from '../ports/entry.js';

const EXTENSIONS: ReadonlyMap<string, string> = new Map([
  ['image/jpeg', 'jpg'],
  ['image/png', 'png'],
  ['image/webp', 'webp'],
  ['image/avif', 'avif'],
  ['image/gif', 'gif'],
  ['image/tiff', 'tif'],
  ['image/heic', 'heic'],
  ['image/jxl', 'jxl'],
  ['application/pdf', 'pdf'],
]);

/** The group of all entries that belong to a source image. */
export function groupOf(identifier: string): string {
  return sha256(identifier);
}

/** The address of an image's info. */
export function infoKey(identifier: string): EntryKey {
  return { kind: 'info', group: groupOf(identifier), id: 'info', extension: 'json' };
}

/** The address of an original. A hash like the others, since indexes may have no place for anything else. */
export function sourceKey(identifier: string): EntryKey {
  return { kind: 'source', group: groupOf(identifier), id: sha256('original'), extension: 'img' };
}

/** The address of a variant. */
export function variantKey({ identifier, operations, extension = 'img' }: VariantIdentity): EntryKey {
  const safe = /^[a-z0-9]{1,8}$/.test(extension) ? extension : 'img';
  return { kind: 'variant', group: groupOf(identifier), id: sha256(operations), extension: safe };
}

/** The usual extension of a content type; `img` for an unknown one. */
export function extensionOf(contentType: string): string {
  return EXTENSIONS.get(contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '') ?? 'img';
}

/** A key as one string, for maps, cursors and messages. Sorts by kind, image and entry. */
export function keyString({ kind, group, id, extension }: EntryKey): string {
  return `${kind}/${group}/${id}.${extension}`;
}

/** An identifier within a namespace. Unambiguous: the namespace has no slash. */
export function namespacedIdentifier(namespace: string, identifier: string): string {
  // Not all of it is encoded: that throws for half a surrogate pair, which a function of the request may tell.
  const encoded = namespace.replace(/[%/]/g, (character) => encodeURIComponent(character));
  return namespace === '' ? identifier : `${encoded}/${identifier}`;
}

/** Hashes the JSON form: plain UTF-8 maps all lone surrogates to one character, and two identifiers to one group. */
function sha256(text: string): string {
  return hash('sha256', JSON.stringify(text), 'hex');
}
