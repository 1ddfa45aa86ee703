/** What things are drawn with, by names of the style sheet. @type {Readonly<Record<string, string>>} */
export const COLOURS = {
  hit: '--hit',
  'not-modified': '--browser',
  stale: '--stale',
  collapsed: '--collapsed',
  miss: '--miss',
  bypass: '--source',
  'client-error': '--muted',
  'server-error': '--failed',
  aborted: '--faint',
};

/**
 * A colour of the style sheet as it is now, by day or by night.
 *
 * @param {string} name
 */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/**
 * The same, to be seen through.
 *
 * @param {string} name
 * @param {number} share
 */
export function tint(name, share) {
  const hex = colour(name);
  const [red, green, blue] = [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));
  return `rgb(${red} ${green} ${blue} / ${share})`;
}
