import type { CacheStore, EntryKey } from 'nestjs-image-cache';
import { infoKey } from '../../../libs/image-cache/src/keys/entry-keys.js';
import { openFiles } from '../../support/filesystem-store.js';
import { randomOf } from '../../support/random.js';
import { put, variantOf } from '../../support/stores.js';

// Reserves, gives back, publishes and prunes the same few entries as other processes do, so that each takes directories
// away that another one is about to use; tells what went wrong.
const [root = '', me = '', turns = ''] = process.argv.slice(2);

/** Things done at a time. */
const LANES = 8;

const KEYS: readonly EntryKey[] = [variantOf('image', 'a'), variantOf('image', 'b'), infoKey('image')];

const random = randomOf(Number(me));
const problems: string[] = [];

async function turn(store: CacheStore): Promise<void> {
  const key = KEYS[random(KEYS.length)] ?? infoKey('image');
  const chance = random(10);
  if (chance < 5) await (await store.reserve(key)).abort();
  else if (chance < 7) await (await store.leases?.take(key))?.release();
  else if (chance < 9) {
    const outcome = await put(store, key, 'body', { createdAt: Date.now() });
    if (outcome === 'fenced') problems.push('a write was lost although nobody evicts');
  } else await (await store.reserve({ ...key, extension: 'png' })).abort();
}

process.stdout.write('"ready"\n');
await new Promise((resolve) => process.stdin.once('data', resolve));
const { store, incidents } = await openFiles(root, { maxEntries: 1 });
let done = 0;
const lane = async (): Promise<void> => {
  while (done < Number(turns)) {
    done += 1;
    await turn(store).catch((error: unknown) => {
      const isFull = (error as { readonly code?: unknown }).code === 'E_IMAGE_CACHE_STORE_FULL';
      if (!isFull) problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    });
  }
};
await Promise.all(Array.from({ length: LANES }, lane));
await store.close?.();
process.stdin.destroy();
problems.push(...incidents.map(({ message }) => message));
process.stdout.write(`${JSON.stringify({ turns: done, problems: problems.slice(0, 10) })}\n`);
