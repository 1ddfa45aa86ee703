import type { CacheStore } from 'nestjs-image-cache';
import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { entryFiles, filesIn, openFiles } from '../../support/filesystem-store.js';
import { put, readBody, variantOf } from '../../support/stores.js';

/** What came of writing more than there is room for. */
export interface FullDiskReport {
  /** Codes of the errors, by how the body was given; `'stored'` where there was none. */
  readonly outcomes: Readonly<Record<string, string>>;
  /** What can be read of the entries that did not fit. */
  readonly readable: readonly string[];
  /** Whether what was stored before can still be read whole. */
  readonly keeps: boolean;
  /** Files of entries and of unfinished writes, and what is set aside. */
  readonly files: number;
  readonly temporaries: readonly string[];
  readonly quarantined: readonly string[];
  readonly incidents: number;
  /** Whether a small entry can be written afterwards. */
  readonly recovers: boolean;
}

/** Fills the directory of a filesystem store; a file of `room` bytes is the largest that fits. */
export async function fillDisk(directory: string, room: number): Promise<FullDiskReport> {
  const { store, incidents } = await openFiles(directory);
  const kept = Buffer.alloc(100_000, 'kept');
  await put(store, variantOf('kept'), kept);
  const tooMuch = Buffer.alloc(room + 1_000_000, 'much');
  const rest = Buffer.alloc(room, 'rest');
  const attempts: Readonly<Record<string, () => Promise<unknown>>> = {
    buffer: () => put(store, variantOf('buffer'), tooMuch),
    stream: () => put(store, variantOf('stream'), Readable.from([tooMuch])),
    trailer: () => commitFile(store, rest),
  };
  const outcomes: Record<string, string> = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    outcomes[name] = await attempt().then(
      () => 'stored',
      (error: unknown) => String((error as { code?: unknown }).code),
    );
  }
  const readable: string[] = [];
  for (const name of Object.keys(attempts)) if (await store.read(variantOf(name))) readable.push(name);
  const keeps = (await readBody(store, variantOf('kept')))?.equals(kept) === true;
  const files = (await entryFiles(directory)).length;
  const all = await filesIn(directory);
  await put(store, variantOf('small'), 'small');
  return {
    outcomes,
    readable,
    keeps,
    files,
    temporaries: all.filter((name) => name.includes('.tmp')),
    quarantined: all.filter((name) => name.startsWith('quarantine')),
    incidents: incidents.length,
    recovers: (await readBody(store, variantOf('small')))?.toString() === 'small',
  };
}

/** The picture fits exactly, and its trailer does not. */
async function commitFile(store: CacheStore, body: Buffer): Promise<unknown> {
  const reservation = await store.reserve(variantOf('trailer'));
  await writeFile(reservation.file ?? '', body);
  return reservation.commit({ file: true }, { identifier: 'image', contentType: 'image/jpeg', createdAt: 0 });
}
