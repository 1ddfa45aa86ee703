import {
  heapStore,
  variantKey,
  type CacheStore,
  type EntryKey,
  type EntryMeta,
  type StoreContext,
} from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { type Readable } from 'node:stream';
import { readBody } from './read-body.js';

/** What the cache would give to the stores that it makes. */
export function storeContext(clock = new FakeClock(), maxBufferedEntry = 64 * 1024): StoreContext {
  return { clock, maxBufferedEntry, report: () => undefined };
}

/** A store in memory. */
export function makeHeap(clock?: FakeClock, maxSize = '64MB'): CacheStore {
  return heapStore({ maxSize })(storeContext(clock));
}

/** The address of a variant. */
export function variantOf(identifier: string, operations = 'max'): EntryKey {
  return variantKey({ identifier, operations, extension: 'jpg' });
}

/** Publishes an entry. */
export async function put(
  store: CacheStore,
  key: EntryKey,
  body: Buffer | Readable | string,
  meta: Partial<EntryMeta> = {},
): Promise<EntryMeta | 'fenced'> {
  const reservation = await store.reserve(key);
  return reservation.commit(
    { body: typeof body === 'string' ? Buffer.from(body) : body },
    { identifier: 'image', operations: 'max', contentType: 'image/jpeg', createdAt: Date.UTC(2024, 0, 1), ...meta },
  );
}

export { readBody };

/** The body of an entry as text. */
export async function readText(store: CacheStore, key: EntryKey): Promise<string | undefined> {
  return (await readBody(store, key))?.toString();
}
