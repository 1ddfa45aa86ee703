// Makes the sample images: `node make-samples.mjs [directory]`. What is there already is left as it is.
import { access, mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import * as scenes from './samples/scenes.mjs';
import { toSubifdPyramid } from './samples/subifd-pyramid.mjs';

const pyramid = { tile: true, tileWidth: 256, tileHeight: 256, pyramid: true, compression: 'jpeg', quality: 88 };
const jpeg = { quality: 88 };

/** The largest first: two are made at a time. */
const samples = {
  'valley.tif': () => scenes.valley().tiff(pyramid).toBuffer(),
  'coast.tif': async () => toSubifdPyramid(await scenes.coast().tiff(pyramid).toBuffer()),
  'harbour.jpg': async () => (await scenes.harbour()).jpeg(jpeg).toBuffer(),
  'maps/island.jpg': () => scenes.island().jpeg(jpeg).toBuffer(),
  'portrait.jpg': async () => (await scenes.portrait()).jpeg(jpeg).toBuffer(),
  'dunes.webp': () => scenes.dunes().webp({ quality: 86, effort: 2 }).toBuffer(),
  'emblem.png': () => scenes.emblem().png({ compressionLevel: 9 }).toBuffer(),
};

if (isMainThread) {
  const samplesDirectory = join(dirname(fileURLToPath(import.meta.url)), '..', 'samples');
  await makeMissing(resolve(process.argv[2] ?? samplesDirectory));
} else {
  await make(workerData.directory, workerData.name);
}

async function makeMissing(directory) {
  const missing = [];
  for (const name of Object.keys(samples)) {
    if (!(await exists(join(directory, name)))) missing.push(name);
  }
  const started = Date.now();
  const lane = async () => {
    for (let name = missing.shift(); name !== undefined; name = missing.shift()) {
      await makeInWorker(directory, name);
      console.log(`made ${join(directory, name)}`);
    }
  };
  if (missing.length === 0) return;
  console.log(`Making ${missing.length} sample images; this takes a moment.`);
  await Promise.all([lane(), lane()]);
  console.log(`Done in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
}

function makeInWorker(directory, name) {
  return new Promise((done, fail) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { directory, name } });
    worker.once('error', fail);
    worker.once('exit', (code) => (code === 0 ? done() : fail(new Error(`${name} could not be made`))));
  });
}

/** Writes one sample under another name first, so that nobody ever sees half of it. */
async function make(directory, name) {
  const file = join(directory, name);
  const temporary = `${file}.${process.pid}.tmp`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(temporary, await samples[name]());
  await rename(temporary, file);
}

async function exists(file) {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
