import { LRUCache } from 'lru-cache';
import { createImageCache } from 'nestjs-image-cache';
import { median } from './contenders.mjs';

const ROUNDS = 15;
const LOOKUPS = 300_000;
const INFO = {
  identifier: '',
  width: 6000,
  height: 4000,
  format: 'tiff',
  componentDepth: 8,
  channels: 3,
  hasAlpha: false,
  colourSpace: 'srgb',
  icc: false,
  orientation: 1,
  pyramid: [{ width: 6000, height: 4000, location: { page: 0 } }],
  pages: 1,
  metadata: {},
};

/** What looking an info up in the heap costs, relative to `get` of lru-cache. */
export async function measureLookups() {
  const identifiers = Array.from({ length: 1000 }, (_, index) => `images/${index}.tif`);
  const lru = new LRUCache({ max: 10_000 });
  const cache = await createImageCache();
  for (const identifier of identifiers) {
    const info = { ...INFO, identifier };
    lru.set(identifier, info);
    await cache.infos.getOrRead(identifier, () => Promise.resolve(info));
  }
  const contenders = {
    'lru-cache get': (identifier) => lru.get(identifier),
    'infos.peek': (identifier) => cache.infos.peek(identifier),
    'await infos.getOrRead': (identifier) =>
      cache.infos.getOrRead(identifier, () => Promise.reject(new Error('missed'))),
  };
  const rates = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [name, look] of Object.entries(contenders)) {
      const started = process.hrtime.bigint();
      for (let index = 0; index < LOOKUPS; index += 1) {
        const found = look(identifiers[index % identifiers.length]);
        if (found instanceof Promise) await found;
      }
      if (round > 0) rates[name].push(LOOKUPS / Number(process.hrtime.bigint() - started));
    }
  }
  await cache.close();
  return Object.keys(contenders).map((name) => ({
    name,
    ratio: median(rates[name].map((rate, round) => rate / rates['lru-cache get'][round])),
  }));
}
