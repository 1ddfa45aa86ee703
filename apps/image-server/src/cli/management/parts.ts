/** Images of one request. */
const MOST = 1000;

/** Bytes of their names: with what else there is in a body, less than a server takes. */
const LARGEST = 48 * 1024;

/** Names of images, as many at a time as one request may name. */
export function* inParts(identifiers: readonly string[]): Generator<readonly string[]> {
  let part: string[] = [];
  let bytes = 0;
  for (const identifier of identifiers) {
    const more = Buffer.byteLength(JSON.stringify(identifier)) + 1;
    if (part.length === MOST || (part.length > 0 && bytes + more > LARGEST)) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(identifier);
    bytes += more;
  }
  if (part.length > 0) yield part;
}
