import { randomFrom } from './noise.mjs';
import { at, many, pick, svg } from './svg.mjs';

function balloon(random) {
  const colours = pick(random, [
    ['#d2483a', '#f6d58a'],
    ['#2f6f9f', '#f4efe2'],
    ['#e59a2f', '#a5322c'],
    ['#4b8b5d', '#f2dc9b'],
    ['#74508f', '#f0b6a0'],
  ]);
  const gores = many(8, (index) => {
    const edge = (share) => (Math.sin((share - 0.5) * Math.PI) * 60).toFixed(1);
    const [left, right] = [edge(index / 8), edge((index + 1) / 8)];
    return `<path d="M0 -150C${left} -150 ${left} -70 ${(left * 0.2).toFixed(1)} -12H${(right * 0.2).toFixed(1)}C${right} -70 ${right} -150 0 -150" fill="${colours[index % 2]}"/>`;
  });
  const shade = '<path d="M0 -150C60 -150 60 -70 12 -12H5C38 -70 38 -150 0 -150" fill="#000" opacity="0.18"/>';
  return `${gores}${shade}<path d="M-11 -12L-8 12M11 -12L8 12" stroke="#4a3a2c" stroke-width="1.4"/><path d="M-9 12h18v13h-18z" fill="#8a5a30"/><circle cx="-3" cy="9" r="3" fill="#2f2a28"/><circle cx="4" cy="8" r="3" fill="#2f2a28"/>`;
}

/** Hot-air balloons, near and far. */
export function balloons(width, height) {
  const random = randomFrom(9);
  const unit = width / 1600;
  const spots = [
    [0.62, 0.36, 3.2],
    [0.22, 0.24, 1.7],
    [0.83, 0.16, 1.1],
    [0.36, 0.48, 0.9],
    [0.12, 0.44, 0.6],
    [0.9, 0.42, 0.5],
    [0.48, 0.13, 0.6],
    [0.7, 0.5, 0.4],
  ];
  return svg(
    width,
    height,
    spots.map(([x, y, scale]) => at(x * width, y * height, scale * unit, balloon(random))).join(''),
  );
}

/** A compass rose on nothing. */
export function compassRose(size) {
  const ray = (angle, length, [light, dark]) =>
    `<g transform="rotate(${angle})"><path d="M0 ${-length}L${length * 0.13} ${-length * 0.13}L0 0z" fill="${dark}"/><path d="M0 ${-length}L${-length * 0.13} ${-length * 0.13}L0 0z" fill="${light}"/></g>`;
  const ticks = many(72, (index) => {
    const inner = index % 6 === 0 ? 470 : 488;
    return `<path transform="rotate(${index * 5})" d="M0 -${inner}V-512" stroke="#22405f" stroke-width="${index % 6 === 0 ? 6 : 3}"/>`;
  });
  const rays = [22.5, 67.5, 112.5, 157.5, 202.5, 247.5, 292.5, 337.5].map((angle) =>
    ray(angle, 300, ['#d9b877', '#9b7634']),
  );
  const diagonals = [45, 135, 225, 315].map((angle) => ray(angle, 390, ['#7fa6bd', '#3c6a88']));
  const main = [0, 90, 180, 270].map((angle) => ray(angle, 500, ['#e8574a', '#9c2a22']));
  const rings =
    '<circle r="540" fill="none" stroke="#22405f" stroke-width="14"/><circle r="455" fill="#f7efdc" fill-opacity="0.55" stroke="#22405f" stroke-width="4"/>';
  const hub = '<circle r="56" fill="#22405f"/><circle r="34" fill="#e6c987"/>';
  return svg(
    size,
    size,
    at(size / 2, size / 2, size / 1200, rings + ticks + rays.join('') + diagonals.join('') + main.join('') + hub),
  );
}
