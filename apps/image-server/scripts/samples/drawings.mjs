import { randomFrom } from './noise.mjs';
import { at, many, pick, svg } from './svg.mjs';

const bird = '<path d="M-10 -3Q-5 -7 0 0Q5 -7 10 -3Q5 -4 0 2Q-5 -4 -10 -3" fill="#2c2f3a"/>';

/** Flocks of birds. */
function birds(random, { count, x, y, spread, size }) {
  return many(count, () => {
    const distance = random() ** 0.5;
    const angle = random() * 6.28;
    return at(
      x + Math.cos(angle) * distance * spread,
      y + Math.sin(angle) * distance * spread * 0.4,
      size * (0.6 + random()),
      bird,
    );
  });
}

function cabin(random) {
  const smoke = many(7, (index) => {
    const [x, y] = [16 + index * index * 0.8, -46 - index * 11];
    return `<circle cx="${x}" cy="${y}" r="${3 + index * 1.8}" fill="#f4efe9" opacity="${0.5 - index * 0.06}"/>`;
  });
  const glass = pick(random, ['#ffe9a0', '#ffd873', '#fff1bf']);
  const panes = many(
    2,
    (index) => `<path d="M${-20 + index * 26} -20h12v12h-12z" fill="${glass}" stroke="#4a3018" stroke-width="1.5"/>`,
  );
  const logs = many(5, (index) => `<path d="M-28 ${-24 + index * 5}h56" stroke="#5b3b20" stroke-width="0.8"/>`);
  return (
    `${smoke}<path d="M12 -50h7v18h-7z" fill="#6d6a68"/><path d="M-28 -26h56v26h-56z" fill="#7d5330"/>${logs}` +
    `<path d="M-36 -24L0 -50L36 -24z" fill="#7c2f26"/><path d="M-36 -24L0 -50L4 -47L-30 -22z" fill="#9a4033"/>` +
    `${panes}<path d="M-4 -16h9v16h-9z" fill="#3f2814"/>`
  );
}

/** Cabins with light in their windows, a path, and birds over the woods. */
export function valleyDetails(width, height) {
  const random = randomFrom(21);
  const spots = [
    [0.18, 0.845, 1.5],
    [0.235, 0.838, 1.1],
    [0.3, 0.85, 1.3],
    [0.52, 0.862, 1.4],
    [0.74, 0.858, 1.7],
    [0.47, 0.848, 0.8],
    [0.79, 0.846, 1],
    [0.58, 0.848, 0.9],
  ];
  const unit = width / 6000;
  const cabins = spots.map(([x, y, scale]) => at(x * width, y * height, scale * unit, cabin(random))).join('');
  const sheep = many(60, () => {
    const [x, y] = [random() * width, (0.85 + random() * 0.024) * height];
    return at(
      x,
      y,
      unit * 0.6,
      '<ellipse rx="9" ry="6" fill="#f3efe4"/><circle cx="9" cy="-3" r="3.4" fill="#3a3430"/>',
    );
  });
  const flocks = [0.25, 0.42, 0.86].map((x, index) =>
    birds(random, {
      count: 26,
      x: x * width,
      y: (0.2 + index * 0.06) * height,
      spread: width * 0.035,
      size: unit * 0.9,
    }),
  );
  return svg(width, height, sheep + cabins + flocks.join(''));
}

function sailboat(random) {
  const sail = pick(random, ['#fbf7ef', '#f5e6d2', '#e9f1f4', '#f2d7c4']);
  const stripe = pick(random, ['#b5442e', '#2b5d83', '#d9932b', '#35735c']);
  return (
    `<path d="M0 -120L6 -14L52 -20z" fill="${sail}"/><path d="M-3 -108L-3 -14L-38 -18z" fill="${sail}" opacity="0.92"/>` +
    `<path d="M2 -90L5 -50L33 -46z" fill="${stripe}"/><path d="M-1 -122V-8" stroke="#4d3a2b" stroke-width="3"/>` +
    '<path d="M-46 -12H58L42 8H-32z" fill="#6b3d2a"/><path d="M-46 -12H58L56 -7H-43z" fill="#f0e6d8"/>' +
    '<path d="M-30 10Q10 22 46 10" stroke="#ffffff" stroke-width="2.5" fill="none" opacity="0.5"/>'
  );
}

const lighthouse = (() => {
  const bands = many(4, (index) => {
    const [low, high] = [index * 60, index * 60 + 30];
    const edge = (up) => 34 - up * 0.06;
    return `<path d="M${-edge(low)} ${-low}L${edge(low)} ${-low}L${edge(high)} ${-high}L${-edge(high)} ${-high}z" fill="#b8362b"/>`;
  });
  const windows = many(3, (index) => `<path d="M-5 ${-62 - index * 62}h10v16h-10z" fill="#31404f"/>`);
  return (
    `<path d="M-34 0L34 0L20 -240L-20 -240z" fill="#f4efe6"/>${bands}<path d="M8 0L34 0L20 -240L6 -240z" fill="#000" opacity="0.16"/>${windows}` +
    '<path d="M-28 -240h56v8h-56z" fill="#3a4048"/><path d="M-17 -276h34v36h-34z" fill="#ffeeb0"/>' +
    '<path d="M-17 -276v36M-6 -276v36M6 -276v36M17 -276v36" stroke="#3a4048" stroke-width="3"/>' +
    '<path d="M-22 -276h44L0 -304z" fill="#8e2c24"/><path d="M50 0h70v-34h-70z" fill="#efe7da"/><path d="M42 -32L85 -62L128 -32z" fill="#7c3a2c"/>' +
    '<path d="M62 -22h12v12h-12zM96 -22h12v12h-12z" fill="#ffe39a"/>'
  );
})();

/** A lighthouse, sails near and far, and gulls. */
export function coastDetails(width, height, tower) {
  const random = randomFrom(5);
  const unit = width / 6000;
  const boats = many(26, (index) => {
    const near = random() ** 2;
    return at(
      (0.03 + ((index * 0.618) % 1) * 0.6) * width,
      (0.512 + near * 0.3) * height,
      unit * (0.3 + near * 2),
      sailboat(random),
    );
  });
  const gulls = [0.3, 0.52, 0.7].map((x, index) =>
    birds(random, {
      count: 14,
      x: x * width,
      y: (0.25 + index * 0.05) * height,
      spread: width * 0.05,
      size: unit * 1.4,
    }),
  );
  return svg(width, height, at(tower.x, tower.y, unit * 1.7, lighthouse) + boats + gulls.join(''));
}

function house(random, width) {
  const height = 110 + Math.floor(random() * 90);
  const wall = pick(random, ['#c9583e', '#e0b04c', '#e9dcc3', '#7fa0a8', '#b8c49a', '#d98e73', '#8c6f86', '#f0c9a0']);
  const roof = pick(random, ['#6b3a30', '#54423e', '#7d4a38', '#4b4f58']);
  const floors = Math.floor((height - 30) / 34);
  const columns = Math.max(2, Math.floor(width / 26));
  const windows = many(floors * columns, (index) => {
    const x = 8 + (index % columns) * ((width - 8) / columns);
    const y = -height + 14 + Math.floor(index / columns) * 34;
    const glass = random() < 0.55 ? pick(random, ['#ffd977', '#ffe7a6', '#ffc45c']) : '#2d3846';
    return `<path d="M${x.toFixed(1)} ${y}h11v18h-11z" fill="${glass}" stroke="#f6f0e6" stroke-width="1.6"/>`;
  });
  const door = `<path d="M${width / 2 - 7} -26h14v26h-14z" fill="#3b2a22"/>`;
  const gable = `<path d="M-4 ${-height}L${width / 2} ${-height - 34}L${width + 4} ${-height}z" fill="${roof}"/>`;
  return `<path d="M0 0V${-height}H${width}V0z" fill="${wall}"/><path d="M${width - 10} 0V${-height}H${width}V0z" fill="#000" opacity="0.14"/>${gable}${windows}${door}`;
}

/** A row of houses along the quay, at dusk. */
export function quay(width, height, level) {
  const random = randomFrom(77);
  const unit = width / 3600;
  let content = '';
  for (const [scale, lift] of [
    [1.25, 118],
    [1.5, 0],
  ]) {
    for (let x = -20; x < 3600;) {
      const wide = 56 + Math.floor(random() * 60);
      content += at(x * unit, (level - lift / 2400) * height, scale * unit, house(random, wide));
      x += (wide + (random() < 0.12 ? 40 : 3)) * scale;
    }
  }
  const wall = `<path d="M0 ${level * height - 26 * unit}H${width}V${level * height + 2}H0z" fill="#5d5650"/>`;
  const lamps = many(24, (index) => {
    const lamp =
      '<path d="M-1.5 0V-70H1.5V0z" fill="#26262a"/><circle cy="-74" r="26" fill="#ffdf9a" opacity="0.22"/><circle cy="-74" r="7" fill="#fff2cc"/>';
    return at((80 + index * 150) * unit, level * height - 10 * unit, unit, lamp);
  });
  return svg(width, height, content + wall + lamps);
}

/** Boats at their moorings. */
export function moorings(width, height, level) {
  const random = randomFrom(31);
  const unit = width / 3600;
  const boats = many(17, (index) => {
    const near = (index + random()) / 17;
    return at(
      ((index * 0.618 + 0.1) % 1) * width,
      (level + 0.03 + near * 0.28) * height,
      unit * (0.7 + near * 1.9),
      sailboat(random),
    );
  });
  return svg(width, height, boats);
}
