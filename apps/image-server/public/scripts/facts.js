import { imageUri } from './api.js';
import { element } from './dom.js';
import { dimensions, formatName, pixels } from './format.js';

/** @typedef {import('./api.js').DescribedImage} DescribedImage */
/** @typedef {{ tiles?: readonly { width: number, height?: number, scaleFactors: readonly number[] }[] }} ServiceDocument */

/**
 * What is known about an image, as rows of a list.
 *
 * @param {DescribedImage} image
 * @param {ServiceDocument} service
 */
export function factsOf(image, service) {
  const { format, tileSize, levels, hasAlpha } = image;
  const [tiles] = service.tiles ?? [];
  /** @type {readonly (readonly [string, string])[]} */
  const facts = [
    ['Size', dimensions(image)],
    ['Pixels', pixels(image)],
    ['Format', formatName(format) + (hasAlpha ? ' with transparency' : '')],
    ['Stored as', storageOf(tileSize, levels)],
    ['Served as', tiles === undefined ? 'whole' : `tiles of ${dimensions({ height: tiles.width, ...tiles })}`],
    ['Zoom steps', String(tiles?.scaleFactors.length ?? 1)],
  ];
  return facts.flatMap(([name, value]) => [element('dt', {}, [name]), element('dd', {}, [value])]);
}

/**
 * @param {DescribedImage['tileSize']} tileSize
 * @param {number} levels
 */
function storageOf(tileSize, levels) {
  const layout = tileSize === null ? 'whole' : `tiles of ${dimensions(tileSize)}`;
  return levels > 1 ? `pyramid of ${levels}, ${layout}` : layout;
}

/** @param {string} identifier */
export function linksOf(identifier) {
  return /** @type {const} */ ([3, 2]).map((version) =>
    element('a', { href: `${imageUri(identifier, version)}/info.json`, target: '_blank', rel: 'noreferrer' }, [
      `IIIF ${version} info.json`,
    ]),
  );
}
