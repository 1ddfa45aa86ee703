import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { FilesystemStoreOptions } from 'nestjs-image-cache';
import { openFiles } from '../../support/filesystem-store.js';
import { put, variantOf } from '../../support/stores.js';
import { describedBody } from './self-describing.js';

// Writes entries in every way, over and over, until it is killed; tells of every one that was committed.
const [directory = '', writer = '', options = '{}'] = process.argv.slice(2);
const { store } = await openFiles(directory, JSON.parse(options) as Omit<FilesystemStoreOptions, 'directory'>);

async function commit(turn: number): Promise<void> {
  const key = variantOf(`image ${turn % 7}`, `${turn % 50}`);
  const body = describedBody(`${writer} ${turn}`, 1000 + ((turn * 7919) % 400_000));
  if (turn % 3 === 0) await put(store, key, body);
  else if (turn % 3 === 1) await put(store, key, Readable.from([body.subarray(0, 500), body.subarray(500)]));
  else {
    const reservation = await store.reserve(key);
    const { file } = reservation;
    if (file !== undefined) await writeFile(file, body);
    await reservation.commit(file === undefined ? { body } : { file: true }, {
      identifier: 'image',
      contentType: 'image/jpeg',
      createdAt: Date.now(),
    });
  }
}

// One write that never ends: whenever the process is killed, something is unfinished.
const endless = Readable.from(
  (async function* (): AsyncGenerator<Buffer> {
    yield Buffer.alloc(100_000);
    await new Promise(() => undefined);
  })(),
);
put(store, variantOf('endless'), endless).catch(() => undefined);

const work = async (lane: number): Promise<never> => {
  for (let turn = lane; ; turn += 4) {
    await commit(turn);
    process.stdout.write(`${turn}\n`);
  }
};
await Promise.all([0, 1, 2, 3].map(work));
