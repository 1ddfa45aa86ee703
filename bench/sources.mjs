// Bytes from the origin and times of tiles of a large remote original, with and without the cache of originals.
// node bench/sources.mjs [rounds]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';

const SIDE = 5120;
const TILES = 20;
const BURST = 50;

const image = sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: '#487' } });
const original = await image
  .tiff({ tile: true, tileWidth: 512, tileHeight: 512, pyramid: true, compression: 'none' })
  .toBuffer();

const told = { requests: 0, bytes: 0 };
const origin = createServer((request, response) => {
  told.requests += 1;
  response.writeHead(200, { etag: '"1"', 'content-length': original.byteLength });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  told.bytes += original.byteLength;
  response.end(original);
}).listen(0, '127.0.0.1');
await once(origin, 'listening');

for (let round = 0; round < Number(process.argv[2] ?? 3); round += 1) {
  for (const isKept of [false, true]) process.stdout.write(`${JSON.stringify(await measure(isKept))}\n`);
}
origin.closeAllConnections();
origin.close();

async function measure(isKept) {
  const directory = await mkdtemp(join(process.env.BENCH_DIRECTORY ?? tmpdir(), 'bench-sources-'));
  let server = await start(directory, isKept);
  const first = await counted(() => tile(server, 0));
  const next = await counted(async () => {
    const times = [];
    for (let index = 1; index <= TILES; index += 1) times.push(await tile(server, index));
    return times.sort((one, other) => one - other)[TILES / 2];
  });
  const burst = await counted(async () => {
    const begun = performance.now();
    await Promise.all(Array.from({ length: BURST }, (_, index) => tile(server, TILES + 1 + index)));
    return performance.now() - begun;
  });
  await server.end();
  server = await start(directory, isKept);
  const restarted = await counted(() => tile(server, 90));
  const afterwards = await counted(() => tile(server, 91));
  await server.end();
  await rm(directory, { recursive: true });
  return { isKept, first, next, burst, restarted, afterwards };
}

/** What something took, and what the origin was asked meanwhile. */
async function counted(work) {
  Object.assign(told, { requests: 0, bytes: 0 });
  const ms = Math.round(await work());
  return { ms, ...told };
}

async function tile({ url }, index) {
  const begun = performance.now();
  const region = `${(index % 10) * 512},${Math.floor(index / 10) * 512},512,512`;
  const answer = await fetch(`${url}/iiif/3/large.tif/${region}/256,/0/default.jpg`);
  await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`The server answered with ${answer.status}.`);
  return performance.now() - begun;
}

async function start(directory, isKept) {
  const env = {
    PATH: process.env.PATH,
    PORT: '0',
    TMPDIR: directory,
    SOURCE_IMPLEMENTATION: 'HttpSource',
    SOURCE_HTTPSOURCE_URL_PREFIX: `http://127.0.0.1:${origin.address().port}/`,
    SOURCE_HTTPSOURCE_ALLOW: '["127.0.0.1"]',
    CACHE_SERVER_VARIANT_ENABLED: 'true',
    CACHE_SERVER_VARIANT_IMPLEMENTATION: 'FilesystemCache',
    CACHE_FILESYSTEMCACHE_PATHNAME: join(directory, 'pictures'),
    CACHE_SERVER_SOURCE_ENABLED: String(isKept),
    CACHE_SERVER_SOURCE_PATHNAME: join(directory, 'originals'),
    PROCESSOR_TIMEOUT: '300',
  };
  const child = spawn(process.execPath, ['apps/image-server/bin/image-server.cjs'], { env });
  const exited = once(child, 'exit');
  const url = await new Promise((resolve) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const [, address] = /listens on (http:\S+)\n/.exec(text) ?? [];
      if (address !== undefined) resolve(address);
    });
  });
  return { url, end: () => (child.kill('SIGTERM'), exited) };
}
