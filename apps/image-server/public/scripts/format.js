const whole = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

/** @param {number} count */
export function number(count) {
  return whole.format(count);
}

/** @param {{ width: number, height: number }} size */
export function dimensions({ width, height }) {
  return `${whole.format(width)}\u00a0×\u00a0${whole.format(height)}`;
}

/** @param {{ width: number, height: number }} size */
export function pixels({ width, height }) {
  return `${short.format((width * height) / 1e6)} million`;
}

/** @param {number} count */
export function bytes(count) {
  if (count < 1024) return `${count} B`;
  if (count < 1024 ** 2) return `${short.format(count / 1024)} KB`;
  return `${short.format(count / 1024 ** 2)} MB`;
}

/** @param {number} milliseconds */
export function duration(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${short.format(milliseconds / 1000)} s`;
}

/**
 * What to call an image that has only the name of a file.
 *
 * @param {string} identifier
 */
export function titleOf(identifier) {
  const name = identifier.slice(identifier.lastIndexOf('/') + 1).replace(/\.[^.]+$/, '');
  const words = name.replaceAll(/[_-]+/g, ' ').trim();
  return words === '' ? identifier : words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {string} format */
export function formatName(format) {
  return format === 'webp' ? 'WebP' : format.toUpperCase();
}
