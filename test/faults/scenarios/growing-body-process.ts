import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Variant } from 'nestjs-image-cache';
import { createImageCache } from '../../../libs/image-cache/src/service/create-image-cache.js';
import { filesystemStore } from '../../../libs/image-cache/src/stores/filesystem/filesystem-store.js';

// Renders a picture of many megabytes from a stream for twenty, some of whom read when it has been stored; tells by how
// much the process has grown meanwhile.
const [directory = '', megabytes = ''] = process.argv.slice(2);
const CHUNK = Buffer.alloc(64 * 1024, 'chunk ');
const READERS = 20;
const LATE = 3;

function* bodyOf(chunks: number): Generator<Buffer> {
  for (let index = 0; index < chunks; index += 1) {
    const chunk = Buffer.from(CHUNK);
    chunk.writeUInt32BE(index);
    yield chunk;
  }
}

async function digestOf(chunks: Iterable<Buffer> | Readable): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(chunks, hash);
  return hash.digest('hex');
}

const cache = await createImageCache({ variant: { store: filesystemStore({ directory, maxSize: '2GB' }) } });

const ask = (operations: string, chunks: number): Promise<Variant> =>
  cache.variants.getOrRender({ identifier: 'image', operations }, () =>
    Promise.resolve({ body: Readable.from(bodyOf(chunks)), contentType: 'image/jpeg' }),
  );

/** The digests of what all have read. */
async function readByAll(operations: string, chunks: number): Promise<readonly string[]> {
  const stored = new Promise((resolve) => cache.on('stored', resolve));
  const variants = await Promise.all(Array.from({ length: READERS }, () => ask(operations, chunks)));
  const bodies = variants.map(({ body }) => (body instanceof Readable ? body : Readable.from([])));
  const early = bodies.slice(LATE).map(digestOf);
  await stored;
  return Promise.all([...early, ...bodies.slice(0, LATE).map(digestOf)]);
}

// What Node allocates once is not counted.
await readByAll('small', 32);
const counted = cache.stats();
const before = process.memoryUsage().rss;
let most = before;
const watching = setInterval(() => {
  most = Math.max(most, process.memoryUsage().rss);
}, 5);
const chunks = Number(megabytes) * 16;
const digests = new Set(await readByAll('large', chunks));
clearInterval(watching);
digests.add(await digestOf(bodyOf(chunks)));
const { renders, collapsed, stored } = cache.stats();
await cache.close();
const told = {
  renders: renders - counted.renders,
  collapsed: collapsed - counted.collapsed,
  stored: stored - counted.stored,
  areSame: digests.size === 1,
  grownBy: (most - before) / 1024 ** 2,
};
process.stdout.write(`${JSON.stringify(told)}\n`);
