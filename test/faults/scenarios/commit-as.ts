import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { CacheStore, CommitBody, EntryKey, EntryMeta } from 'nestjs-image-cache';

/** The ways in which a body comes to a store. */
export const WAYS = ['buffer', 'stream', 'file'] as const;

export type Way = (typeof WAYS)[number];

/** Publishes an entry, whose body is made once the right to publish it has been taken. */
export async function commitAs(
  way: Way,
  store: CacheStore,
  { key, make }: { readonly key: EntryKey; readonly make: () => Buffer | Promise<Buffer> },
): Promise<EntryMeta | 'fenced'> {
  const reservation = await store.reserve(key);
  const body = await given(way, await make(), reservation.file);
  return reservation.commit(body, { identifier: 'image', contentType: 'image/jpeg', createdAt: Date.now() });
}

/** A file cannot be written any more once its entry has been evicted. */
async function given(way: Way, body: Buffer, file: string | undefined): Promise<CommitBody> {
  if (way === 'stream') return { body: Readable.from([body.subarray(0, 500), body.subarray(500)]) };
  if (way === 'buffer' || file === undefined) return { body };
  return writeFile(file, body).then(
    () => ({ file: true }),
    () => ({ body }),
  );
}
