import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { openFiles } from '../../support/filesystem-store.js';
import { occupiedMemory } from '../../support/occupied-memory.js';
import { put, variantOf } from '../../support/stores.js';

// Stores a body of many megabytes from a stream and reads it again; tells by how much the process has grown meanwhile.
const [directory = '', megabytes = ''] = process.argv.slice(2);
const { store } = await openFiles(directory, { maxSize: '2GB' });
const key = variantOf('large');
const CHUNK = Buffer.alloc(64 * 1024, 'chunk ');
const CHUNKS = Number(megabytes) * 16;

/** Bytes on their way in or out between two looks at the memory. */
const BETWEEN_LOOKS = 32 * 1024 ** 2;

let most = 0;
let passed = 0;

function pass(chunk: Buffer): void {
  passed += chunk.byteLength;
  if (passed < BETWEEN_LOOKS) return;
  passed = 0;
  most = Math.max(most, occupiedMemory());
}

function* body(chunks: number): Generator<Buffer> {
  for (let index = 0; index < chunks; index += 1) {
    const chunk = Buffer.from(CHUNK);
    chunk.writeUInt32BE(index);
    pass(chunk);
    yield chunk;
  }
}

async function read(): Promise<string> {
  const entry = await store.read(key);
  if (entry === undefined || 'notModified' in entry || Buffer.isBuffer(entry.body)) return 'no stream';
  const hash = createHash('sha256');
  for await (const chunk of entry.body as AsyncIterable<Buffer>) {
    pass(chunk);
    hash.update(chunk);
  }
  return hash.digest('hex');
}

// What Node allocates once is not counted.
await put(store, key, Readable.from(body(16)));
await read();
const before = occupiedMemory();
most = before;
const whole = createHash('sha256');
for (const chunk of body(CHUNKS)) whole.update(chunk);
await put(store, key, Readable.from(body(CHUNKS)));
const isSame = (await read()) === whole.digest('hex');
await store.close?.();
process.stdout.write(`${JSON.stringify({ isSame, grownBy: (most - before) / 1024 ** 2 })}\n`);
