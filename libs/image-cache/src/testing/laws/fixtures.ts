import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { CacheStore, ListOptions } from '../../ports/cache-store.js';
import type { EntryKey, EntryMeta, Kind, ListedEntry, NewEntryMeta } from '../../ports/entry.js';
import { requireEntry, requirePublished } from './assertions.js';
import type { LawContext } from './law.js';

/** A group as keys have them: a hash in lower-case hexadecimal digits. */
export function groupNamed(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}

/** The address of an entry of an image. */
export function keyOf(image: string, entry = 'a', kind: Kind = 'variant'): EntryKey {
  const group = groupNamed(image);
  return kind === 'info'
    ? { kind, group, id: 'info', extension: 'json' }
    : { kind, group, id: groupNamed(entry), extension: 'jpg' };
}

/** A body that differs from every other label's in every part. */
export function bodyLabelled(label: string, size: number): Buffer {
  return Buffer.alloc(size, createHash('sha512').update(label).digest());
}

/** Metadata for an entry made now. */
export function newMeta({ clock }: LawContext, identifier = 'image'): NewEntryMeta {
  return { identifier, operations: 'max/0/default', contentType: 'image/jpeg', createdAt: clock.now() };
}

/** Publishes an entry and requires that it is. */
export async function put(context: LawContext, key: EntryKey, body: Buffer | Readable): Promise<EntryMeta> {
  const reservation = await context.store.reserve(key);
  return requirePublished(await reservation.commit({ body }, newMeta(context)));
}

/** Reads an entry whole and checks it against its metadata; `undefined` when it is absent. */
export async function readWhole(store: CacheStore, key: EntryKey): Promise<Buffer | undefined> {
  const entry = await store.read(key);
  if (entry === undefined) return undefined;
  const body = await bytesOf(entry);
  const { size, digest } = entry.meta;
  assert.ok(body.byteLength === size, `a body was read of ${body.byteLength} bytes, its metadata say ${size}`);
  assert.ok(sha256(body) === digest, 'a body was read that has another digest than its metadata say');
  return body;
}

/** Takes the bytes out of the answer to a read. */
export async function bytesOf(answer: Awaited<ReturnType<CacheStore['read']>>): Promise<Buffer> {
  const { body } = requireEntry(answer);
  if (Buffer.isBuffer(body)) return body;
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** SHA-256 as metadata have it. */
export function sha256(body: Buffer): string {
  return createHash('sha256').update(body).digest('base64url');
}

/** Takes a listing to its end. */
export async function list(store: CacheStore, options?: ListOptions): Promise<ListedEntry[]> {
  const listed: ListedEntry[] = [];
  for await (const entry of store.entries(options)) listed.push(entry);
  return listed;
}

/** A key as one string. */
export function nameOf({ kind, group, id, extension }: EntryKey): string {
  return [kind, group, id, extension].join('/');
}

/** A body that comes as a stream. */
export function streamOf(body: Buffer | string): Readable {
  return Readable.from([Buffer.from(body)], { objectMode: false });
}

/** A stream that stops in its middle until it is told to go on. */
export interface StoppingStream {
  readonly stream: Readable;
  /** Resolves when the first half has been read. */
  readonly middle: Promise<void>;
  readonly goOn: () => void;
}

/** Makes a stream that stops in its middle. */
export function stoppingStream(body: Buffer): StoppingStream {
  let reached = (): void => undefined;
  let goOn = (): void => undefined;
  const middle = new Promise<void>((resolve) => (reached = resolve));
  const released = new Promise<void>((resolve) => (goOn = resolve));
  const half = Math.floor(body.byteLength / 2);
  const halves = async function* (): AsyncGenerator<Buffer> {
    yield body.subarray(0, half);
    reached();
    await released;
    yield body.subarray(half);
  };
  return { stream: Readable.from(halves(), { objectMode: false }), middle, goOn };
}

/** Acts while a commit is in the middle of its body, then lets it go on to its end, whatever came of the act. */
export async function inTheMiddle<T>(
  commit: Promise<T>,
  { middle, goOn }: StoppingStream,
  act: () => Promise<unknown>,
): Promise<T> {
  const acting = async (): Promise<void> => {
    try {
      // A commit that fails never gets to the middle.
      await Promise.race([middle, commit]);
      await act();
    } finally {
      goOn();
    }
  };
  await together([acting(), commit]);
  return commit;
}

/**
 * Waits for all, and fails as the first of them that has failed: nothing goes on behind a law that is broken, and no
 * rejection is left unhandled, which would end the process.
 */
export async function together(works: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(works);
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}

/** A stream that breaks after so many bytes. */
export function breakingStream(body: Buffer, error: Error): Readable {
  const start = async function* (): AsyncGenerator<Buffer> {
    yield body;
    await Promise.resolve();
    throw error;
  };
  return Readable.from(start(), { objectMode: false });
}

/** Does something with every item, some of them at a time. */
export async function forEachAtOnce<T>(
  items: readonly T[],
  limit: number,
  act: (item: T) => Promise<unknown>,
): Promise<void> {
  const queue = [...items];
  const work = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await act(item);
  };
  await together(Array.from({ length: limit }, work));
}
