// Tries the laws on a store that gives torn bodies. Node ends a process for a rejection that nobody handles.
import type { CacheStore, StoreContext } from '../../../../libs/image-cache/src/ports/cache-store.js';
import type { EntryKey } from '../../../../libs/image-cache/src/ports/entry.js';
import { heapStore } from '../../../../libs/image-cache/src/stores/heap/heap-store.js';
import { cacheStoreLaws, ChaosStore, tryLaw } from '../../../../libs/image-cache/src/testing/index.js';

class TearingBodies extends ChaosStore {
  override async read(key: EntryKey): ReturnType<CacheStore['read']> {
    const found = await super.read(key);
    if (found === undefined || 'notModified' in found || !Buffer.isBuffer(found.body)) return found;
    return { ...found, body: found.body.subarray(1) };
  }
}

const create = (context: StoreContext): { store: CacheStore } => ({
  store: new TearingBodies(heapStore()(context), context.clock),
});

const broken: string[] = [];
for (const law of cacheStoreLaws) {
  if (/20 MB|2,000|large body|while it is read|that is open/.test(law.name)) continue;
  await tryLaw(law, { create }).catch(() => broken.push(law.name));
}
process.stdout.write(`${JSON.stringify(broken)}\n`);
