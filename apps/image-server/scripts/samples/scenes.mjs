import sharp from 'sharp';
import { coastDetails, moorings, quay, valleyDetails } from './drawings.mjs';
import { balloons, compassRose } from './emblems.mjs';
import { flood, paintLandscape } from './landscape.mjs';
import { paintDunes, paintIsland } from './terrain.mjs';

const raw = (pixels, width, height) => sharp(pixels, { raw: { width, height, channels: 3 }, limitInputPixels: false });

const draw = (pixels, { width, height }, drawing) =>
  raw(pixels, width, height)
    .composite([{ input: drawing }])
    .removeAlpha();

/** Mountains before sunrise, woods in the mist, cabins on a meadow. */
export function valley() {
  const [width, height] = [6000, 4000];
  const sun = { x: 0.68, y: 0.3, spread: 5, radius: 0.02, colour: [255, 240, 205] };
  const sky = {
    zenith: [52, 98, 166],
    horizon: [252, 216, 176],
    cloud: [250, 240, 236],
    cover: 0.55,
    bottom: 0.5,
    sun,
  };
  const ridges = [
    {
      top: 0.4,
      rise: 0.26,
      cells: 5,
      gain: 0.55,
      far: [128, 140, 172],
      near: [214, 196, 190],
      fade: 0.22,
      light: 3.2,
      snow: 0.08,
      shift: 0.1,
    },
    { top: 0.47, rise: 0.12, cells: 7, far: [98, 116, 150], near: [206, 194, 192], fade: 0.16, shift: 0.4 },
    {
      top: 0.54,
      rise: 0.09,
      cells: 5,
      far: [70, 94, 116],
      near: [186, 188, 186],
      fade: 0.14,
      shift: 0.3,
      trees: { count: 1400, height: 0.011 },
    },
    {
      top: 0.61,
      rise: 0.08,
      cells: 4,
      far: [48, 76, 84],
      near: [158, 176, 160],
      fade: 0.14,
      shift: 0.15,
      trees: { count: 1100, height: 0.018 },
    },
    {
      top: 0.69,
      rise: 0.08,
      cells: 3,
      far: [34, 62, 54],
      near: [120, 150, 112],
      fade: 0.15,
      shift: 0.5,
      trees: { count: 800, height: 0.03 },
    },
    {
      top: 0.82,
      rise: 0.05,
      cells: 2,
      gain: 0.42,
      far: [74, 104, 44],
      near: [142, 160, 66],
      fade: 0.2,
      grain: 0.7,
      light: 4,
      shift: 0.25,
    },
    {
      top: 0.96,
      rise: 0.05,
      cells: 2,
      gain: 0.4,
      slope: -0.05,
      far: [22, 42, 30],
      near: [52, 76, 34],
      fade: 0.1,
      grain: 0.7,
      light: 4,
      shift: 0.2,
      trees: { count: 60, height: 0.12 },
    },
  ];
  const pixels = paintLandscape({ width, height, seed: 7, sky, ridges });
  return draw(pixels, { width, height }, valleyDetails(width, height));
}

/** Cliffs and a lighthouse at sunset. */
export function coast() {
  const [width, height] = [4800, 3200];
  const sun = { x: 0.36, y: 0.44, spread: 3.4, radius: 0.03, colour: [255, 226, 160] };
  const sky = {
    zenith: [58, 74, 130],
    horizon: [255, 176, 112],
    cloud: [232, 190, 190],
    cover: 0.6,
    bottom: 0.52,
    sun,
  };
  const ridges = [
    {
      top: 0.56,
      rise: 0.06,
      cells: 4,
      slope: -0.16,
      far: [122, 96, 122],
      near: [214, 150, 128],
      fade: 0.12,
      shift: 0.3,
    },
    {
      top: 0.62,
      rise: 0.1,
      cells: 3,
      slope: -0.5,
      far: [74, 66, 84],
      near: [150, 108, 96],
      fade: 0.3,
      light: 5,
      grain: 0.4,
      shift: 0.1,
    },
  ];
  const level = 0.5;
  const pixels = paintLandscape({ width, height, seed: 15, sky, ridges });
  const glitter = { x: sun.x, colour: [255, 238, 190] };
  flood(pixels, { width, height, level, seed: 4, tint: [34, 62, 92], glitter });
  return draw(pixels, { width, height }, coastDetails(width, height, { x: width * 0.92, y: height * 0.469 }));
}

/** A quay at dusk, mirrored in the water. */
export async function harbour() {
  const [width, height] = [3600, 2400];
  const level = 0.58;
  const sun = { x: 0.2, y: 0.4, spread: 3, radius: 0, colour: [250, 190, 150] };
  const sky = { zenith: [36, 52, 98], horizon: [240, 168, 136], cloud: [190, 160, 180], cover: 0.5, bottom: 0.5, sun };
  const ridges = [
    { top: 0.42, rise: 0.1, cells: 4, far: [66, 72, 104], near: [150, 126, 140], fade: 0.2, shift: 0.1 },
    {
      top: 0.5,
      rise: 0.06,
      cells: 5,
      far: [44, 56, 70],
      near: [84, 82, 84],
      fade: 0.2,
      shift: 0.3,
      trees: { count: 500, height: 0.02 },
    },
  ];
  const pixels = paintLandscape({ width, height, seed: 23, sky, ridges });
  const built = await draw(pixels, { width, height }, quay(width, height, level))
    .removeAlpha()
    .raw()
    .toBuffer();
  flood(built, { width, height, level, seed: 12, tint: [26, 40, 62] });
  return draw(built, { width, height }, moorings(width, height, level));
}

/** A map. */
export function island() {
  const size = 3200;
  return raw(paintIsland(size, 42), size, size);
}

/** Balloons over hills, lying on their side as a camera that was turned stores them: orientation 6 sets them upright. */
export async function portrait() {
  const [width, height] = [1600, 2400];
  const sun = { x: 0.2, y: 0.5, spread: 3, radius: 0.02, colour: [255, 236, 190] };
  const sky = {
    zenith: [70, 140, 200],
    horizon: [250, 226, 190],
    cloud: [255, 250, 244],
    cover: 0.55,
    bottom: 0.7,
    sun,
  };
  const ridges = [
    { top: 0.64, rise: 0.08, cells: 3, far: [120, 150, 176], near: [220, 216, 196], fade: 0.12, shift: 0.1 },
    {
      top: 0.7,
      rise: 0.05,
      cells: 3,
      far: [96, 134, 110],
      near: [196, 206, 150],
      fade: 0.12,
      shift: 0.3,
      trees: { count: 220, height: 0.012 },
    },
    {
      top: 0.8,
      rise: 0.05,
      cells: 2,
      far: [104, 142, 70],
      near: [190, 190, 90],
      fade: 0.12,
      grain: 0.5,
      light: 4,
      shift: 0.45,
      trees: { count: 60, height: 0.03 },
    },
    {
      top: 0.92,
      rise: 0.04,
      cells: 2,
      far: [170, 120, 150],
      near: [120, 80, 140],
      fade: 0.1,
      grain: 0.9,
      light: 6,
      shift: 0.2,
    },
  ];
  const pixels = paintLandscape({ width, height, seed: 3, sky, ridges });
  const upright = await draw(pixels, { width, height }, balloons(width, height)).raw().toBuffer();
  return raw(upright, width, height).rotate(270).withMetadata({ orientation: 6 });
}

/** A compass rose on a transparent ground. */
export function emblem() {
  return sharp(compassRose(1600));
}

/** Sand in evening light. */
export function dunes() {
  const [width, height] = [2700, 1800];
  return raw(paintDunes(width, height, 8), width, height);
}
