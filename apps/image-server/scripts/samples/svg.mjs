export const svg = (width, height, content) =>
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${content}</svg>`);

export const at = (x, y, scale, content) =>
  `<g transform="translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${scale.toFixed(3)})">${content}</g>`;

export const many = (count, draw) => Array.from({ length: count }, (_, index) => draw(index)).join('');

export const pick = (random, list) => list[Math.floor(random() * list.length)];
