import { fractalNoise, mix, unit } from './noise.mjs';

/** Heights and their colours on a map: from the deep sea to snow. */
const TINTS = [
  [0, [16, 44, 92]],
  [0.3, [28, 88, 146]],
  [0.42, [74, 150, 190]],
  [0.475, [156, 208, 214]],
  [0.49, [232, 216, 164]],
  [0.53, [132, 168, 88]],
  [0.62, [76, 128, 66]],
  [0.72, [148, 132, 84]],
  [0.82, [134, 110, 92]],
  [0.9, [238, 238, 242]],
  [1, [255, 255, 255]],
];
const SEA = 0.48;

/** Paints an island as seen from above: tinted by height, lit from the north-west, with contour lines. */
export function paintIsland(size, seed) {
  const heights = fractalNoise(size, size, { seed, cells: 4, octaves: 10, gain: 0.52 });
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const distance = Math.hypot((x / size - 0.5) * 1.9, (y / size - 0.48) * 2.1);
      heights[y * size + x] = unit(heights[y * size + x] * 1.3 + 0.2 - distance * distance * 0.62);
    }
  }
  const pixels = Buffer.alloc(size * size * 3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) paintPoint(pixels, { heights, size, x, y });
  }
  return pixels;
}

function paintPoint(pixels, { heights, size, x, y }) {
  const here = y * size + x;
  const height = heights[here];
  const east = heights[x + 2 < size ? here + 2 : here];
  const south = heights[y + 2 < size ? here + 2 * size : here];
  const steepness = (height < SEA ? 8 : 22) * (size / 3000);
  const light = 1 + (east - height + south - height) * steepness;
  const step = height < SEA ? 0.04 : 0.025;
  const contour =
    Math.floor(height / step) !== Math.floor(east / step) || Math.floor(height / step) !== Math.floor(south / step);
  const shore = height >= SEA !== east >= SEA || height >= SEA !== south >= SEA;
  const dim = (shore ? 0.45 : contour ? 0.86 : 1) * Math.max(0.35, Math.min(1.5, light));
  const colour = tint(height);
  for (let c = 0; c < 3; c++) pixels[here * 3 + c] = Math.min(255, colour[c] * dim);
}

function tint(height) {
  let index = 1;
  while (index < TINTS.length - 1 && TINTS[index][0] < height) index++;
  const [low, from] = TINTS[index - 1];
  const [high, to] = TINTS[index];
  const share = unit((height - low) / (high - low));
  return [mix(from[0], to[0], share), mix(from[1], to[1], share), mix(from[2], to[2], share)];
}

/** From the foot of a dune in the light to its crest, then down through its shadow; edges are a little soft. */
function duneLight(crest) {
  if (crest < 0.6) return mix(0.55, 1.08, crest / 0.6);
  if (crest < 0.63) return mix(1.08, 0.34, (crest - 0.6) / 0.03);
  return crest < 0.9 ? mix(0.34, 0.46, (crest - 0.63) / 0.27) : mix(0.46, 0.55, (crest - 0.9) / 0.1);
}

/** Paints sand dunes: crests between light and shadow, with ripples that the wind has left. */
export function paintDunes(width, height, seed) {
  const broad = fractalNoise(width, height, { seed, cells: 3, octaves: 3, gain: 0.35 });
  const fine = fractalNoise(width, height, { seed: seed + 1, cells: 9, octaves: 9, gain: 0.6 });
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    // Further up the picture is further away: dunes get flatter and paler.
    const far = 1 - y / height;
    for (let x = 0; x < width; x++) {
      const here = y * width + x;
      const phase = (y / height + 0.06) ** 0.7 * 24 + broad[here] * 9 + (x / width) * 2.4;
      const crest = phase - Math.floor(phase);
      const lit = duneLight(crest);
      const ripple =
        Math.sin((y * (2.4 - 1.6 * (1 - far)) + x * 0.22 + fine[here] * 160) * 0.35) * 0.035 * (1 - far * 0.7);
      const shade = lit + ripple + (fine[here] - 0.5) * 0.3;
      const at = here * 3;
      pixels[at] = Math.min(255, mix(238 * shade, 246, far * 0.45));
      pixels[at + 1] = Math.min(255, mix(176 * shade, 208, far * 0.45));
      pixels[at + 2] = Math.min(255, mix(104 * shade + (lit < 0.5 ? 26 : 0), 172, far * 0.45));
    }
  }
  return pixels;
}
