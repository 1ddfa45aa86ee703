import { colour, tint } from './palette.js';

const UPlot = /** @type {{ uPlot: any }} */ (/** @type {unknown} */ (window)).uPlot;

/** Values of which each is drawn as a point, too. */
const FEW = 8;

/**
 * @typedef {{ label: string, colour: string, values: (number | null)[], dash?: number[], width?: number }} Line
 * @typedef {{
 *   title: string,
 *   kind: 'lines' | 'stack' | 'bars',
 *   format: (value: number) => string,
 *   scale?: 'log' | 'share',
 *   bytes?: boolean,
 *   bound?: { value: number, label: string },
 *   alarm?: (number | null)[],
 *   lines: Line[],
 * }} Drawing
 */

/** Whether a line has so few values that it would hardly be seen. @param {Line} line */
export function isSparse({ values }) {
  return values.filter((value) => value !== null).length < FEW;
}

/**
 * The times, and for each of the series its values.
 *
 * @param {number[]} times
 * @param {Drawing} drawing
 */
export function dataOf(times, { kind, lines }) {
  const columns = lines.map(({ values }) => values);
  return [times, ...(kind === 'lines' ? columns : inOrderOf(kind, stacked(columns)))];
}

/**
 * A bar is drawn from the ground up and hides what was drawn before: the highest ones come first.
 *
 * @template T
 * @param {Drawing['kind']} kind
 * @param {T[]} each
 */
function inOrderOf(kind, each) {
  return kind === 'bars' ? each.reverse() : each;
}

/** Each with those below it; the first one is at the bottom. @param {(number | null)[][]} columns */
function stacked(columns) {
  /** @type {(number | null)[][]} */
  const sums = [];
  for (const values of columns) {
    const below = sums.at(-1);
    sums.push(
      values.map((value, index) => {
        const sum = below?.[index] ?? null;
        return value === null ? sum : value + (sum ?? 0);
      }),
    );
  }
  return sums;
}

/**
 * Where a line has a value with nothing on either side: as a line, it would not be seen.
 *
 * @param {{ data: (number | null)[][] }} plot
 * @param {number} index of the series
 * @param {boolean} areAllShown
 */
function alone({ data }, index, areAllShown) {
  if (areAllShown) return null;
  const values = data[index] ?? [];
  const isKnown = (/** @type {number} */ at) => (values[at] ?? null) !== null;
  return [...values.keys()].filter((at) => isKnown(at) && !isKnown(at - 1) && !isKnown(at + 1));
}

/** How each of the series is drawn. @param {Drawing} drawing */
export function seriesOf({ kind, lines }) {
  const isStacked = kind !== 'lines';
  const series = lines.map((line, index) => ({
    stroke: colour(line.colour),
    width: line.width ?? (isStacked ? 1 : 1.75),
    ...(line.dash && { dash: line.dash }),
    points: { show: kind === 'lines' && isSparse(line), size: 5, ...(kind === 'lines' && { filter: alone }) },
    ...(kind === 'lines' && index === 0 && lines.length === 1 && { fill: tint(line.colour, 0.12) }),
    ...(kind === 'stack' && index === 0 && { fill: tint(line.colour, 0.55) }),
    ...(kind === 'bars' && {
      fill: colour(line.colour),
      stroke: undefined,
      width: 0,
      paths: UPlot.paths.bars({ size: [0.8, 24], align: 1 }),
    }),
  }));
  return inOrderOf(kind, series);
}

/** What is between a line and the one below it. @param {Line[]} lines */
export function bandsOf(lines) {
  return lines.slice(1).map((line, index) => ({ series: [index + 2, index + 1], fill: tint(line.colour, 0.55) }));
}
