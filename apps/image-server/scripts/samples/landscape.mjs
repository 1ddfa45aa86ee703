import { fractalNoise, mix, randomFrom, unit } from './noise.mjs';

/**
 * Paints a landscape: sky with clouds and sun, and ridges of hills one before the other. Positions are shares of the
 * height, colours are [red, green, blue].
 */
export function paintLandscape({ width, height, seed, sky, ridges }) {
  const pixels = Buffer.alloc(width * height * 3);
  const relief = fractalNoise(reliefWidth(width), height, { seed, cells: 10, octaves: 11, gain: 0.62 });
  const lines = ridges.map((ridge, index) => ridgeLine(ridge, { width, height, seed: seed + 10 + index }));
  const horizon = Math.ceil(height * Math.max(...ridges.slice(0, 1).map(({ top, rise }) => top + rise), 0.2));
  paintSky(pixels, { width, height: Math.min(height, horizon), full: height, seed, sky });
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let index = lines.length - 1; index >= 0; index--) {
        const { edge, ground } = lines[index];
        if (y < edge[x]) continue;
        paintGround(pixels, { x, y, depth: Math.max(0, y - ground[x]), width, height, relief, ridge: ridges[index] });
        break;
      }
    }
  }
  return pixels;
}

/** Wide enough for ridges that begin up to half the width aside. */
function reliefWidth(width) {
  return Math.ceil(width * 1.5);
}

function paintSky(pixels, { width, height, full, seed, sky }) {
  const { zenith, horizon, cloud, cover = 0.5, sun } = sky;
  const clouds = fractalNoise(width, height, { seed: seed + 1, cells: 4, octaves: 9, gain: 0.55 });
  for (let y = 0; y < height; y++) {
    const down = Math.min(1, y / (full * sky.bottom));
    // Clouds are drawn out along the horizon, and thinner above it.
    const row = Math.floor(y * (0.6 + 0.4 * down)) * width;
    for (let x = 0; x < width; x++) {
      const distance = Math.hypot(x - sun.x * width, y - sun.y * full) / full;
      const glow = Math.exp(-distance * sun.spread);
      const disc = unit((sun.radius - distance) * 400);
      const density = clouds[row + Math.floor(x * (0.75 - 0.4 * down))];
      const veil = unit((density - 1 + cover) * 5) * (1 - down * 0.55);
      const lit = unit((density - 0.55) * 3);
      const at = (y * width + x) * 3;
      for (let c = 0; c < 3; c++) {
        const air = mix(mix(zenith[c], horizon[c], down ** 1.4), sun.colour[c], glow);
        const white = mix(cloud[c], mix(cloud[c] * 0.72, sun.colour[c], glow), lit);
        pixels[at + c] = mix(mix(air, white, veil * 0.85), sun.colour[c], disc);
      }
    }
  }
}

/** The ground and the upper edge of a ridge in pixels, for every column; they differ where there are trees. */
function ridgeLine({ top, rise, cells, gain = 0.5, trees, slope = 0, octaves = 9 }, { width, height, seed }) {
  const noise = fractalNoise(width, 1, { seed, cells, octaves, gain });
  const ground = noise.map((value, x) => (top + rise * (1 - 2 * value) + slope * (x / width - 0.5)) * height);
  const edge = ground.slice();
  if (trees !== undefined) plant(edge, { ground, trees, width, height, random: randomFrom(seed) });
  return { ground, edge };
}

function plant(edge, { ground, trees, width, height, random }) {
  for (let tree = 0; tree < trees.count; tree++) {
    const foot = Math.floor(random() * width);
    const tall = trees.height * height * (0.45 + 0.55 * random());
    const half = Math.ceil(tall * 0.2);
    for (let dx = -half; dx <= half; dx++) {
      const x = foot + dx;
      if (x < 0 || x >= width) continue;
      // Branches: the outline goes in and out on its way up.
      const branches = 1 + 0.22 * Math.sin((dx / half) * 19) + 0.1 * random();
      edge[x] = Math.min(edge[x], ground[foot] + tall * 0.05 - tall * (1 - (Math.abs(dx) / half) * branches));
    }
  }
}

function paintGround(pixels, { x, y, depth, width, height, relief, ridge }) {
  const { near, far, light = 2, grain = 0.25, fade, snow } = ridge;
  // One relief serves all ridges: every one takes it from another place.
  const columns = reliefWidth(width);
  const rx = x + Math.floor(ridge.shift * width);
  const value = relief[y * columns + rx];
  const back = relief[Math.max(0, y - 2) * columns + Math.max(0, rx - 2)];
  const shade = 1 + (value - back) * light * (width / 1000) + (value - 0.5) * grain * 2;
  const down = unit(depth / (height * fade));
  const white = snow === undefined ? 0 : unit((snow - depth / height + (value - 0.5) * 0.35) * 30);
  const at = (y * width + x) * 3;
  for (let c = 0; c < 3; c++) {
    const ground = mix(far[c], near[c], down);
    pixels[at + c] = Math.max(0, Math.min(255, mix(ground, 238 + c * 6, white) * shade));
  }
}

/** Turns everything below a line into water that mirrors what is above; with a path of light, where there is one. */
export function flood(pixels, { width, height, level, seed, tint, glitter }) {
  const first = Math.round(height * level);
  const rows = height - first;
  const waves = fractalNoise(width, rows, { seed, cells: 70, octaves: 7, gain: 0.66 });
  const scale = width / 6000;
  for (let row = 0; row < rows; row++) {
    const near = row / rows;
    // Waves get flatter with the distance, and so does what they do to the mirrored picture.
    const waveRow = Math.floor(Math.sqrt(near) * (rows - 1)) * width;
    for (let x = 0; x < width; x++) {
      const wave = waves[waveRow + Math.floor(x * (0.6 - 0.25 * near))] - 0.5;
      const mirrored = Math.floor(first - 1 - row * 0.95 + wave * scale * (60 + 320 * near));
      const aside = Math.floor(x + wave * scale * (20 + 60 * near));
      const from = (Math.max(0, Math.min(first - 1, mirrored)) * width + Math.max(0, Math.min(width - 1, aside))) * 3;
      const at = ((first + row) * width + x) * 3;
      const spark = glitter === undefined ? 0 : sparkle(wave, (x / width - glitter.x) / (0.03 + 0.09 * near));
      for (let c = 0; c < 3; c++) {
        const water = mix(pixels[from + c], tint[c], 0.3 + 0.35 * near) * (1 + wave * 0.6);
        pixels[at + c] = Math.min(255, spark > 0 ? mix(water, glitter.colour[c], spark) : water);
      }
    }
  }
  return pixels;
}

function sparkle(wave, aside) {
  return unit((wave - 0.04) * 9) * Math.exp(-(aside ** 2));
}
