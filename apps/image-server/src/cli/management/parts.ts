/** Images of one request, so that it is not too large for any server. */
const MOST = 1000;

/** Names of images, as many at a time as one request may name. */
export function* inParts(identifiers: readonly string[]): Generator<readonly string[]> {
  for (let first = 0; first < identifiers.length; first += MOST) yield identifiers.slice(first, first + MOST);
}
