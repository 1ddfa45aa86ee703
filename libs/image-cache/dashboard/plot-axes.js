import { axisTime } from './clock.js';

/** @typedef {import('./plot.js').Drawing} Drawing */

/** @param {Drawing} drawing */
export function scaleOf({ scale, bound, bytes }) {
  if (scale === 'share') return { range: [0, 1.0001] };
  if (scale === 'log')
    return {
      distr: 3,
      range: (/** @type {any} */ _, /** @type {number | null} */ low, /** @type {number | null} */ high) => [
        10 ** Math.floor(Math.log10(Math.max(0.1, low ?? 1))),
        10 ** Math.ceil(Math.log10(Math.max(1, (high ?? 10) * 1.05))),
      ],
    };
  return {
    range: (/** @type {any} */ _, /** @type {number | null} */ __, /** @type {number | null} */ high) => {
      const top = Math.max(high ?? 0, bytes ? 1024 : 1);
      // A bound that is far away would press everything to the ground.
      const isNear = bound !== undefined && top > bound.value / 4;
      return [0, (isNear ? Math.max(top, bound.value) : top) * 1.12];
    },
  };
}

/**
 * @param {any} _
 * @param {number} __
 * @param {number} low
 * @param {number} high
 */
export function powersOfTen(_, __, low, high) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const count = Math.floor(Math.log10(high) + 1e-9) - first + 1;
  return Array.from({ length: count }, (_each, index) => 10 ** (first + index));
}

/** Powers of two, for bytes. */
export const BYTE_STEPS = Array.from({ length: 44 }, (_, power) => 2 ** power);

/**
 * @param {any} _
 * @param {number[]} values
 * @param {number} __
 * @param {number} ___
 * @param {number} step
 */
export function timeLabels(_, values, __, ___, step) {
  return values.map((value) => axisTime(value * 1000, step));
}
