import { aboutWhen } from './clock.js';
import { bytes, number, span } from './format.js';

/** @typedef {{ perDay: number, fullAt?: string }} Trend */

/** Growth of which it is not worth telling: as much in a day. */
const BYTES_OF_NOTE = 1024 * 1024;
const ENTRIES_OF_NOTE = 1;

/**
 * How what is stored grows, in words.
 *
 * @param {Trend | undefined} trend
 * @param {number | undefined} bound
 */
export function bytesForecast(trend, bound) {
  return text(trend, { bound, least: BYTES_OF_NOTE, format: bytes });
}

/**
 * How the number of entries grows, in words.
 *
 * @param {Trend | undefined} trend
 * @param {number | undefined} bound
 */
export function entriesForecast(trend, bound) {
  return text(trend, { bound, least: ENTRIES_OF_NOTE, format: (count) => `${number(Math.round(count))} entries` });
}

/**
 * @param {Trend | undefined} trend
 * @param {{ bound: number | undefined, least: number, format: (value: number) => string }} how
 */
function text(trend, { bound, least, format }) {
  if (trend === undefined) return 'A forecast needs an hour without a purge or restart.';
  const { perDay, fullAt } = trend;
  if (Math.abs(perDay) < least) return 'Stays as it is.';
  const change = `${perDay > 0 ? 'Grows' : 'Shrinks'} by ${format(Math.abs(perDay))} a day`;
  if (fullAt !== undefined) return `${change}: full ${aboutWhen(fullAt)} (in ${roughly(fullAt)}).`;
  return perDay > 0 && bound !== undefined ? `${change}; the bound is not to be seen from here.` : `${change}.`;
}

/** No more than the largest unit: a forecast is not known to the minute. @param {string} iso */
function roughly(iso) {
  const left = Math.max(60_000, Date.parse(iso) - Date.now());
  const days = Math.round(left / 86_400_000);
  if (left > 36 * 3_600_000) return `${days} days`;
  return span(left >= 3_600_000 ? Math.round(left / 3_600_000) * 3_600_000 : Math.round(left / 60_000) * 60_000);
}
