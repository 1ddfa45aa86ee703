// Measures how long a process goes on trusting its memory after another one has evicted: node bench/evictions.mjs
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createImageCache, filesystemStore } from 'nestjs-image-cache';

const ROUNDS = 200;

const INFO = {
  identifier: 'image',
  width: 600,
  height: 400,
  format: 'jpeg',
  componentDepth: 8,
  channels: 3,
  hasAlpha: false,
  colourSpace: 'srgb',
  icc: false,
  orientation: 1,
  pyramid: [],
  pages: 1,
  metadata: {},
};

const openCache = (directory) => createImageCache({ variant: { store: filesystemStore({ directory }), hot: '16MB' } });

/** Milliseconds by a clock that all processes of the machine share. */
const now = () => Number(process.hrtime.bigint()) / 1e6;

async function evictWhenTold(directory) {
  const cache = await openCache(directory);
  process.on('message', async () => {
    await cache.evict('image');
    process.send(now());
  });
  process.send('ready');
}

async function measure(directory) {
  const cache = await openCache(directory);
  const other = fork(fileURLToPath(import.meta.url), [directory]);
  await once(other, 'message');
  const delays = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await cache.infos.getOrRead('image', () => Promise.resolve(INFO));
    await setTimeout(Math.random() * 100);
    const known = new Promise((resolve) => {
      const stop = cache.on('evicted', () => {
        stop();
        resolve(now());
      });
    });
    other.send('evict');
    const [resolved] = await once(other, 'message');
    delays.push(Math.max(0, (await known) - resolved));
  }
  other.disconnect();
  await cache.close();
  return delays.sort((one, another) => one - another);
}

const [given] = process.argv.slice(2);
if (given === undefined) {
  const directory = await mkdtemp(join(tmpdir(), 'bench-'));
  const delays = await measure(join(directory, 'cache'));
  await rm(directory, { recursive: true });
  const median = delays[delays.length / 2];
  console.log(`${ROUNDS} evictions: median ${median.toFixed(0)} ms, longest ${delays.at(-1).toFixed(0)} ms`);
} else await evictWhenTold(given);
