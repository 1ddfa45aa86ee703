import type { CacheStore, EntryKey } from 'nestjs-image-cache';

/** Reads the body of an entry to its end; `undefined` when there is no such entry. */
export async function readBody(store: CacheStore, key: EntryKey): Promise<Buffer | undefined> {
  const entry = await store.read(key);
  if (entry === undefined || 'notModified' in entry) return undefined;
  return Buffer.isBuffer(entry.body) ? entry.body : Buffer.concat((await entry.body.toArray()) as Buffer[]);
}
