// Measures against others and writes report.md beside this file. Machines differ: only the ratios mean anything.
// All of it, or the sections that are named, with sweeps of as many files as one likes, and into another file:
// `npm run bench -- hits sweeps --files 20000 --report report.md`.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { measureHits } from './hits.mjs';
import { measureLookups } from './lookups.mjs';
import { measureOverload } from './overload.mjs';
import { overloadPlot, overloadReport } from './overload-report.mjs';
import { measureStampede } from './stampede.mjs';
import { measureSweeps, SWEEP_OPTIONS, sweepsOf } from './sweeps.mjs';
import { sweepsReport } from './sweeps-report.mjs';
import { number, table } from './tables.mjs';
import { measureTiles } from './tiles.mjs';

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { ...SWEEP_OPTIONS, report: { type: 'string' } },
});
const REPORT = options.report ?? new URL('./report.md', import.meta.url);

const directory = await mkdtemp(join(tmpdir(), 'bench-'));
const noise = (width, height) =>
  sharp({ create: { width, height, channels: 3, noise: { type: 'gaussian', mean: 128, sigma: 20 } } });

async function makeTile() {
  const file = join(directory, 'tile.jpg');
  await noise(200, 200).jpeg({ quality: 80 }).toFile(file);
  return file;
}

async function makePyramid() {
  const file = join(directory, 'pyramid.tif');
  await noise(6000, 4000)
    .blur(2)
    .tiff({ tile: true, tileWidth: 256, tileHeight: 256, pyramid: true, compression: 'jpeg', quality: 85 })
    .toFile(file);
  return file;
}

const sections = {
  async hits() {
    const tile = await makeTile();
    const { size } = await stat(tile);
    const { hits, files } = await measureHits(tile);
    return `## A cached hit

CPU time of the server per request, all its threads, 32 connections; a picture of ${Math.round(size / 1024)} KB. Median
of rounds in which the contenders took turns; relative to node:http sending a Buffer.

${table(
  ['', 'µs', 'relative', 'lowest to highest'],
  hits.map(({ name, cpu, ratio, range }) => [
    name,
    number(cpu, 0),
    number(ratio),
    range.map((each) => number(each)).join(' – '),
  ]),
)}

In the same rounds, \`fs.readFile\` and \`response.end\` cost ${number(files.ratio)} (${files.range.map((each) => number(each)).join(' – ')}) times as much as the cache in files,
which checks what it reads.
`;
  },

  async stampede() {
    const stampede = await measureStampede(await makeTile());
    return `## 200 clients ask for the same picture that nobody has

${table(
  ['', 'renders'],
  stampede.map(({ name, renders }) => [name, renders]),
)}
`;
  },

  async tiles() {
    const tiles = await measureTiles(await makePyramid());
    return `## A tile of a pyramidal TIFF, 6000 × 4000

CPU time; tiles of 512 pixels at a quarter to an eighth of the full size.

${table(
  ['', 'ms', 'relative'],
  tiles.map(({ name, cpu, ratio }) => [name, number(cpu, 1), number(ratio, 1)]),
)}
`;
  },

  async lookups() {
    const lookups = await measureLookups();
    return `## Looking an info up in the heap

Lookups per time relative to \`get\` of lru-cache; more is better.

${table(
  ['', 'relative'],
  lookups.map(({ name, ratio }) => [name, number(ratio)]),
)}
`;
  },

  async overload() {
    const measured = await measureOverload(directory);
    await writeFile(new URL('./overload.svg', import.meta.url), overloadPlot(measured));
    return overloadReport(measured);
  },

  async sweeps() {
    return sweepsReport(await measureSweeps(sweepsOf(options)));
  },
};

for (const name of wanted) {
  if (!(name in sections))
    throw new Error(`There is no section ${name}; there are ${Object.keys(sections).join(', ')}.`);
}

const measured = [];
for (const [name, measure] of Object.entries(sections))
  if (wanted.length === 0 || wanted.includes(name)) measured.push(await measure());
await rm(directory, { recursive: true });

/** The sections of the last report, with those that have been measured now in their places. */
async function updated() {
  const [, ...known] = (await readFile(REPORT, 'utf8')).split(/^(?=## )/m);
  const headingOf = (section) => section.split('\n', 1)[0];
  const added = new Map(measured.map((section) => [headingOf(section), section]));
  const replaced = known.map((section) => {
    const anew = added.get(headingOf(section));
    added.delete(headingOf(section));
    return anew ?? section;
  });
  return [...replaced, ...added.values()];
}

const body = wanted.length === 0 || !existsSync(REPORT) ? measured : await updated();
await writeFile(
  REPORT,
  `# Measurements

\`npm run bench\` on Node ${process.version}, ${cpus().length} cores. Machines are noisy and differ: compare the ratios,
which were taken in the same rounds, not the times.

${body.map((section) => section.trimEnd()).join('\n\n')}
`,
);
