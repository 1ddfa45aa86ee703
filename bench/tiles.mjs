import { createReadStream } from 'node:fs';
import { Processor } from 'iiif-processor';
import { createLimits, createRenderer, parseImageRequest, readImageInfo, resolveOperations } from 'nestjs-iiif';
import { median } from './contenders.mjs';

const ROUNDS = 15;

/** Tiles that show a quarter of the picture's width and more: what a viewer asks for first. */
const TILES = [
  '0,0,2048,2048/512,/0/default.jpg',
  '2048,1024,2048,2048/512,/0/default.jpg',
  '0,0,4096,4000/512,/0/default.jpg',
];

/** What a tile of a pyramidal TIFF costs: by the right page, by the full size, and by another IIIF processor. */
export async function measureTiles(file) {
  const limits = createLimits();
  const renderer = createRenderer({ limits });
  const info = await readImageInfo({ file }, { identifier: 'pyramid', limits });
  const flat = { ...info, pyramid: info.pyramid.slice(0, 1) };
  const render = (of) => async (tile) => {
    const [region, size, rotation, name] = tile.split('/');
    const request = parseImageRequest(3, { region, size, rotation, file: name });
    const operations = resolveOperations(request, of, limits);
    const { body } = await renderer.render(
      { input: { file }, info: of, operations },
      { signal: new AbortController().signal },
    );
    return body;
  };
  const processor = async (tile) => {
    const url = `http://localhost/iiif/3/pyramid/${tile}`;
    const { body } = await new Processor(url, () => Promise.resolve(createReadStream(file))).execute();
    return body;
  };
  const contenders = {
    'nestjs-iiif, the right page': render(info),
    'nestjs-iiif, the full size': render(flat),
    'iiif-processor': processor,
  };
  const costs = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [name, make] of Object.entries(contenders)) {
      const before = process.cpuUsage();
      for (const tile of TILES) await make(tile);
      const { user, system } = process.cpuUsage(before);
      if (round > 0) costs[name].push((user + system) / TILES.length / 1000);
    }
  }
  const [base] = Object.keys(contenders);
  return Object.keys(contenders).map((name) => ({
    name,
    cpu: median(costs[name]),
    ratio: median(costs[name].map((cost, round) => cost / costs[base][round])),
  }));
}
