/**
 * @typedef {{ identifier: string, width?: number, height?: number, format?: string, hasAlpha?: boolean }} ListedImage
 * @typedef {{ images: ListedImage[], isListable: boolean, next?: string }} ImageList
 * @typedef {{
 *   identifier: string, width: number, height: number, format: string, levels: number, hasAlpha: boolean,
 *   tileSize: { width: number, height: number } | null,
 * }} DescribedImage
 */

/**
 * The base URI of an image on this server, whatever name the server has for others.
 *
 * @param {string} identifier
 * @param {2 | 3} [version]
 */
export function imageUri(identifier, version = 3) {
  return `${location.origin}/iiif/${version}/${encodeURIComponent(identifier)}`;
}

/**
 * @param {string | undefined} after
 * @returns {Promise<ImageList>}
 */
export async function listImages(after) {
  const query = after === undefined ? '' : `?${new URLSearchParams({ after })}`;
  return readJson(await fetch(`/images${query}`));
}

/**
 * @param {string} identifier
 * @returns {Promise<DescribedImage>}
 */
export async function describeImage(identifier) {
  return readJson(await fetch(`/images/${encodeURIComponent(identifier)}`));
}

/**
 * The document of a good answer; what the server says about a bad one is thrown.
 *
 * @param {Response} response
 */
export async function readJson(response) {
  if (response.ok) return response.json();
  throw new Error(await reasonOf(response));
}

/** @param {Response} response */
async function reasonOf(response) {
  try {
    const { message } = await response.json();
    return String(message);
  } catch {
    return `The server answered with status ${response.status}.`;
  }
}
