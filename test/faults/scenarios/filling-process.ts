import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { FilesystemStoreOptions } from 'nestjs-image-cache';
import { openFiles } from '../../support/filesystem-store.js';
import { put, readBody, variantOf } from '../../support/stores.js';
import { describedBody, isDescribed } from './self-describing.js';

// Fills a bounded cache with more than it may hold, in every way, as other processes do; tells what came of it.
const [directory = '', writer = '', turns = '', bounds = '{}'] = process.argv.slice(2);
const { store, incidents } = await openFiles(
  directory,
  JSON.parse(bounds) as Omit<FilesystemStoreOptions, 'directory'>,
);
process.stdout.write('"ready"\n');
await new Promise((resolve) => process.stdin.once('data', resolve));
const told = { stored: 0, full: 0, spoilt: 0 };
const failures: string[] = [];

async function commit(turn: number): Promise<unknown> {
  const key = variantOf(`image ${turn % 41} of ${writer}`, `${turn}`);
  const body = describedBody(`${writer} ${turn}`, 1000 + ((turn * 7919) % 60_000));
  if (turn % 3 === 0) return put(store, key, body);
  if (turn % 3 === 1) return put(store, key, Readable.from([body.subarray(0, 500), body.subarray(500)]));
  const reservation = await store.reserve(key);
  const meta = { identifier: 'image', contentType: 'image/jpeg', createdAt: Date.now() };
  if (reservation.file === undefined) return reservation.commit({ body }, meta);
  await writeFile(reservation.file, body);
  return reservation.commit({ file: true }, meta);
}

const work = async (lane: number): Promise<void> => {
  for (let turn = lane; turn < Number(turns); turn += 3) {
    try {
      await commit(turn);
      told.stored += 1;
    } catch (error) {
      if ((error as { code?: unknown }).code === 'E_IMAGE_CACHE_STORE_FULL') told.full += 1;
      else failures.push(String(error));
    }
    const body = await readBody(store, variantOf(`image ${(turn * 5) % 41} of ${writer}`, `${turn}`));
    if (body !== undefined && !isDescribed(body)) told.spoilt += 1;
  }
};
await Promise.all([0, 1, 2].map(work));
await store.close?.();
process.stdin.destroy();
process.stdout.write(`${JSON.stringify({ ...told, failures, incidents: incidents.map(({ message }) => message) })}\n`);
