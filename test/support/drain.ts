import type { CacheStore } from 'nestjs-image-cache';

/** What came of a body. */
export interface Drained {
  readonly bytes: Buffer;
  /** What it broke off with. */
  readonly error: unknown;
}

/** Takes as much of an entry's body as there is; nothing of an entry that is not there. */
export async function drain(entry: Awaited<ReturnType<CacheStore['read']>>): Promise<Drained> {
  if (entry === undefined || 'notModified' in entry) return { bytes: Buffer.of(), error: undefined };
  const { body } = entry;
  if (Buffer.isBuffer(body)) return { bytes: body, error: undefined };
  const chunks: Buffer[] = [];
  let error: unknown;
  body.on('data', (chunk: Buffer) => chunks.push(chunk));
  body.on('error', (cause) => (error = cause));
  await new Promise((resolve) => body.once('close', resolve));
  return { bytes: Buffer.concat(chunks), error };
}
