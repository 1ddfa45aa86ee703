import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CacheStore } from 'nestjs-image-cache';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { runChild, type Child } from '../support/child-process.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { drain } from '../support/drain.js';
import { openDescriptors, openFiles, type OpenedStore } from '../support/filesystem-store.js';
import { seededBytes } from '../support/random.js';
import { put, variantOf } from '../support/stores.js';

const KEY = variantOf('image');

/** Streamed, in many blocks. */
const OLD = seededBytes(2 * 1024 * 1024, 1);

const NEW = seededBytes(OLD.byteLength, 2);

const GONE = [
  'deleted',
  'evicted',
  'purged',
  'expired',
  'emptied from the trash',
  'pushed out by others',
  'removed with the whole tree',
];

describe('whoever reads an entry that another process has changed', () => {
  let directory: TestDirectory;
  let opened: OpenedStore;
  let child: Child;

  beforeAll(async () => {
    directory = await makeDirectory();
    opened = await openFiles(directory.path, { maxEntries: 100 });
    child = runChild('faults/scenarios/changing-process.ts', [directory.path, String(OLD.byteLength)]);
    await child.next();
  });

  afterAll(async () => {
    child.process.stdin?.end();
    await child.end();
    await opened.store.close?.();
    await directory.remove();
  });

  const change = async (name: string): Promise<void> => {
    if (name === 'removed with the whole tree') await rm(join(directory.path, 'image'), { recursive: true });
    else {
      child.tell(name);
      await child.next();
    }
  };

  /** Bodies of one that has not been read yet, one that is being read, and two parts. */
  const readers = async (store: CacheStore): Promise<readonly { body: Readable; expected: Buffer }[]> => {
    const ranges = [undefined, undefined, { start: 5, end: OLD.byteLength - 5 }, { start: 1_000_000, end: 1_900_000 }];
    const bodies = ranges.map(async (range) => {
      const entry = await store.read(KEY, range && { range });
      if (entry === undefined || !('body' in entry) || Buffer.isBuffer(entry.body))
        throw new Error('There is no stream.');
      return { body: entry.body, expected: range ? OLD.subarray(range.start, range.end + 1) : OLD };
    });
    return Promise.all(bodies);
  };

  it.each(['replaced', ...GONE])('gets the whole old one when it was %s meanwhile', async (name) => {
    await put(opened.store, KEY, OLD);
    const open = await readers(opened.store);
    const [first] = open;
    const start = await new Promise<Buffer>((resolve) => first?.body.once('data', resolve));
    first?.body.pause();
    first?.body.unshift(start);
    await change(name);
    for (const { body, expected } of open) {
      const got = Buffer.concat((await body.toArray()) as Buffer[]);
      expect(got.equals(expected)).toBe(true);
    }
    const { bytes } = await drain(await opened.store.read(KEY));
    expect(bytes.equals(name === 'replaced' ? NEW : Buffer.of())).toBe(true);
    expect(opened.incidents).toEqual([]);
    expect(await openDescriptors(directory.path, ['image', 'trash', 'quarantine'])).toBe(0);
  });
});
