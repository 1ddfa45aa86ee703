import { IiifError } from '../errors.js';

/** `{scheme}://{server}{/prefix}/iiif/{version}/{identifier}`, with or without `info.json`. */
const IMAGE_SERVICE = /^(?<base>https?:\/\/[^?#]*)\/iiif\/[23]\/(?<identifier>[^/?#]+)(?:\/info\.json)?\/?$/;

/** Things in a document that are looked at; a manifest of ten thousand pages has some hundred thousand. */
const MOST = 5_000_000;

/**
 * The identifiers of the images of this server that a document shows: a manifest or a collection page of the IIIF
 * Presentation API 3 or 2, or anything else in which image services are named.
 *
 * @param baseUri only services below it are those of this server; without it, all at `…/iiif/3` and `…/iiif/2` are
 * @throws IiifError `E_IIIF_BAD_REQUEST` when it shows none
 */
export function manifestImages(document: unknown, { baseUri }: { readonly baseUri?: string } = {}): readonly string[] {
  const base = baseUri?.replace(/\/+$/, '');
  const identifiers = new Set<string>();
  // A stack of its own: documents may be nested more deeply than calls.
  const left: unknown[] = [document];
  for (let looked = 0; left.length > 0; looked += 1) {
    if (looked === MOST) throw new IiifError('E_IIIF_BAD_REQUEST', 'The manifest is too large.');
    const part = left.pop();
    if (typeof part !== 'object' || part === null) continue;
    const identifier = imageOf(part, base);
    if (identifier !== undefined) identifiers.add(identifier);
    // In the order of the document, which is the order in which they are going to be looked at.
    for (const inner of Object.values(part).reverse()) left.push(inner);
  }
  if (identifiers.size === 0) {
    const where = base === undefined ? 'at …/iiif/3 or …/iiif/2' : `below ${base}/iiif`;
    throw new IiifError('E_IIIF_BAD_REQUEST', `The manifest shows no image with an image service ${where}.`);
  }
  return [...identifiers];
}

function imageOf(part: object, base: string | undefined): string | undefined {
  const fields = new Map<string, unknown>(Object.entries(part));
  if (!isImageService(fields)) return undefined;
  const uri = fields.get('id') ?? fields.get('@id');
  const found = typeof uri === 'string' ? IMAGE_SERVICE.exec(uri) : null;
  if (found?.groups === undefined || (base !== undefined && found.groups['base'] !== base)) return undefined;
  try {
    return decodeURIComponent(found.groups['identifier'] ?? '');
  } catch {
    return undefined;
  }
}

/** Says so by its type in version 3, by its context or its profile before. */
function isImageService(fields: ReadonlyMap<string, unknown>): boolean {
  const [type, context, profile] = [
    fields.get('type') ?? fields.get('@type'),
    fields.get('@context'),
    fields.get('profile'),
  ];
  if (typeof type === 'string' && /^ImageService[23]$/.test(type)) return true;
  return [context, profile]
    .flat()
    .some((each) => typeof each === 'string' && /^https?:\/\/iiif\.io\/api\/image\//.test(each));
}
