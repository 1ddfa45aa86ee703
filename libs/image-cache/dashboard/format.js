const whole = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const percents = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 });

/** @param {number} count */
export function number(count) {
  return Math.abs(count) < 100 && !Number.isInteger(count) ? short.format(count) : whole.format(Math.round(count));
}

/** @param {number} share */
export function percent(share) {
  return percents.format(share);
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** @param {number} count */
export function bytes(count) {
  let value = count;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : short.format(value)}\u00a0${UNITS[unit]}`;
}

/** @param {number} milliseconds */
export function duration(milliseconds) {
  if (milliseconds < 1000) return `${short.format(milliseconds)}\u00a0ms`;
  if (milliseconds < 60_000) return `${short.format(milliseconds / 1000)}\u00a0s`;
  return span(milliseconds);
}

/** @type {readonly (readonly [number, string])[]} */
const SPANS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
];

/**
 * A time in its two largest units.
 *
 * @param {number} milliseconds
 */
export function span(milliseconds) {
  const first = SPANS.findIndex(([length]) => milliseconds >= length);
  if (first === -1) return '0\u00a0s';
  let rest = milliseconds;
  const parts = [];
  for (const [length, unit] of SPANS.slice(first, first + 2)) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) parts.push(`${count}\u00a0${unit}`);
  }
  return parts.join(' ');
}

/**
 * How long ago something was.
 *
 * @param {string} iso
 */
export function ago(iso) {
  const past = Date.now() - Date.parse(iso);
  return past < 1500 ? 'now' : `${span(past)} ago`;
}

/** @param {string} iso */
export function until(iso) {
  const left = Date.parse(iso) - Date.now();
  return left < 1000 ? 'now' : `in ${span(left)}`;
}

/**
 * `1 image`, `2 images`.
 *
 * @param {number} count
 * @param {string} what
 */
export function plural(count, what) {
  return `${number(count)} ${what}${count === 1 ? '' : 's'}`;
}
