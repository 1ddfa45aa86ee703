import { createInterface } from 'node:readline';
import type { CacheStore } from 'nestjs-image-cache';
import { openFiles } from '../../support/filesystem-store.js';
import { seededBytes } from '../../support/random.js';
import { put, variantOf } from '../../support/stores.js';

// Does to an entry that others read what it is told to, one thing a line, and tells when it is done.
const [directory = '', size = ''] = process.argv.slice(2);
const { store, clock } = await openFiles(directory, { maxEntries: 100 });
const key = variantOf('image');
const expiry = { idle: 1, staleness: 0 };

const changes: Readonly<Record<string, (store: CacheStore) => unknown>> = {
  replaced: () => put(store, key, seededBytes(Number(size), 2)),
  deleted: () => store.delete(key),
  evicted: () => store.deleteGroup(key.group),
  purged: async () => (await store.clear()).completed,
  expired: () => store.maintain?.('expired', { stall: 1, expiry: { variant: expiry, info: expiry, source: expiry } }),
  'emptied from the trash': async () => {
    await store.deleteGroup(key.group);
    await store.maintain?.('trash', { stall: 0 });
  },
  'pushed out by others': async () => {
    for (let index = 0; index < 150; index += 1)
      await put(store, variantOf(`${index}`), 'body', { createdAt: clock.now() });
  },
};

process.stdout.write('"ready"\n');
for await (const change of createInterface({ input: process.stdin })) {
  await changes[change]?.(store);
  process.stdout.write('"done"\n');
}
await store.close?.();
