/** A strong validator: equal tags mean equal bytes (RFC 9110, section 8.8.3). */
export function formatEtag(digest: string): string {
  return `"${digest}"`;
}

/** The tags of an `If-None-Match` header without quotes and weakness: it asks for the weak comparison. */
export function parseEtags(header: string): readonly string[] {
  return [...header.matchAll(/(?:W\/)?"([^"]*)"/g)].map(([, tag]) => tag ?? '');
}

/** The strong tags of an `If-Match` or `If-Range` header, without quotes: a weak one is never equal to another there. */
export function parseStrongEtags(header: string): readonly string[] {
  return [...header.matchAll(/(W\/)?"([^"]*)"/g)]
    .filter(([, weak]) => weak === undefined)
    .map(([, , tag]) => tag ?? '');
}
