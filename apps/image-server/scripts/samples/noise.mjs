/** A random number generator with a memory of its own: the same seed gives the same pictures. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Fractal noise from 0 to 1: sums of ever finer grids of random numbers.
 * `cells` is the number of cells of the coarsest grid across the width.
 */
export function fractalNoise(width, height, { seed, cells, octaves, gain = 0.5 }) {
  const field = new Float32Array(width * height);
  const random = randomFrom(seed);
  let weight = 1;
  let total = 0;
  for (let octave = 0; octave < octaves; octave++) {
    const cell = width / (cells * 2 ** octave);
    if (cell < 1) break;
    addGrid(field, { width, height, cell, weight, random });
    total += weight;
    weight *= gain;
  }
  for (let index = 0; index < field.length; index++) field[index] /= total;
  return field;
}

function addGrid(field, { width, height, cell, weight, random }) {
  const columns = Math.ceil(width / cell) + 2;
  const rows = Math.ceil(height / cell) + 2;
  const grid = Float32Array.from({ length: columns * rows }, random);
  const left = new Int32Array(width);
  const share = new Float32Array(width);
  for (let x = 0; x < width; x++) {
    left[x] = Math.floor(x / cell);
    share[x] = smooth(x / cell - left[x]);
  }
  const line = new Float32Array(columns);
  for (let y = 0; y < height; y++) {
    const top = Math.floor(y / cell);
    const down = smooth(y / cell - top);
    for (let column = 0; column < columns; column++) {
      const above = grid[top * columns + column];
      line[column] = (above + (grid[(top + 1) * columns + column] - above) * down) * weight;
    }
    const start = y * width;
    for (let x = 0; x < width; x++) {
      const value = line[left[x]];
      field[start + x] += value + (line[left[x] + 1] - value) * share[x];
    }
  }
}

/** Eases in and out from 0 to 1. */
export function smooth(share) {
  return share * share * (3 - 2 * share);
}

/** A number from one end of a range to the other. */
export function mix(from, to, share) {
  return from + (to - from) * share;
}

/** A number kept between 0 and 1. */
export function unit(value) {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}
