import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { infoKey, type CacheStore, type EntryKey } from 'nestjs-image-cache';
import { lstat, readdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../support/async.js';
import { bodyIn, damagesOf, type Damage } from '../support/damages.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { drain } from '../support/drain.js';
import { entryFiles, openDescriptors, openFiles, type OpenedStore } from '../support/filesystem-store.js';
import { seededBytes } from '../support/random.js';
import { put, readBody, variantOf } from '../support/stores.js';

/** Entries that are read in different ways: at once, asynchronously, as a stream of some blocks, as JSON. */
const ENTRIES: readonly (readonly [string, EntryKey, Buffer])[] = [
  ['a small variant', variantOf('image', 'small'), seededBytes(1000)],
  ['a variant', variantOf('image', 'medium'), seededBytes(100_000)],
  ['a large variant', variantOf('image', 'large'), seededBytes(300_000)],
  ['an original', { ...variantOf('image', 'original'), kind: 'source' }, seededBytes(150_000)],
  ['an info', infoKey('image'), Buffer.from(JSON.stringify({ width: 1, text: 'ü'.repeat(50) }))],
];

/** What a look at an entry has shown of it. */
interface Seen {
  /** Bytes that were served. */
  readonly bytes?: Buffer;
  /** Where they lie in the body. @default 0 */
  readonly start?: number;
  /** Whether the entry was there. */
  readonly isThere?: boolean;
}

/** A way of looking at an entry. */
interface Way {
  /** Whether all of the file is looked at, and not only what it says of itself. */
  readonly isThorough?: boolean;
  /** Whether it is another way where there is an index. */
  readonly isWithoutIndex?: boolean;
  readonly look: (store: CacheStore, key: EntryKey, size: number) => Promise<Seen>;
}

const readPart = async (store: CacheStore, key: EntryKey, start: number, end: number): Promise<Seen> => {
  const { bytes } = await drain(await store.read(key, { range: { start, end } }));
  return { bytes, start };
};

const list = async (store: CacheStore, order: 'id' | 'lastAccess'): Promise<Seen> => {
  for await (const _ of store.entries({ order })) return { isThere: true };
  return { isThere: false };
};

const sweep = async (store: CacheStore): Promise<Seen> => {
  expect(await store.maintain?.('scrub', { stall: 0 })).toMatchObject({ failed: 0 });
  return {};
};

const WAYS: readonly (readonly [string, Way])[] = [
  ['read', { isThorough: true, look: async (store, key) => drain(await store.read(key)) }],
  ['read from its start', { look: (store, key, size) => readPart(store, key, 0, Math.floor(size / 3)) }],
  ['read to its end', { look: (store, key, size) => readPart(store, key, Math.floor(size / 2), size - 1) }],
  ['described', { look: async (store, key) => ({ isThere: (await store.stat(key)) !== undefined }) }],
  ['listed', { look: (store) => list(store, 'id') }],
  ['listed by its last access', { look: (store) => list(store, 'lastAccess') }],
  ['counted', { isWithoutIndex: true, look: async (store) => ({ isThere: (await store.usage()).entries > 0 }) }],
  ['swept', { isThorough: true, look: sweep }],
];

describe('a file of the filesystem store that is not what was written', () => {
  let directory: TestDirectory;
  let opened: OpenedStore;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(async () => {
    await opened.store.close?.();
    await directory.remove();
  });

  /** Writes an entry and tells the path of its file. */
  const write = async (key: EntryKey, body: Buffer): Promise<string> => {
    const before = await entryFiles(directory.path);
    await put(opened.store, key, body);
    const [file = ''] = (await entryFiles(directory.path)).filter((each) => !before.includes(each));
    return file;
  };

  /** The files of other entries with the same body. */
  const others = async (key: EntryKey, body: Buffer): Promise<Record<string, Buffer>> => {
    const files: Record<string, Buffer> = {};
    const keys = { 'of another image': { ...key, group: variantOf('other').group } };
    const more = { 'of another picture': { ...key, id: variantOf('image', 'other').id } };
    for (const [name, other] of Object.entries(key.kind === 'info' ? keys : { ...keys, ...more })) {
      files[`the file is ${name}`] = await readFile(await write(other, body));
      await opened.store.delete(other);
    }
    return files;
  };

  /** Nothing wrong is served, and the file is set aside, at the latest when all of it is read. */
  const expectNothingWrong = async (way: Way, entry: Entry, { name, content }: Damage): Promise<void> => {
    const { key, body, file, original } = entry;
    const [, end] = bodyIn(original, key);
    const tellsTruth = key.kind !== 'info' && content.subarray(end).equals(original.subarray(end));
    await writeFile(file, content);
    // A sweep verifies what nobody has read for long.
    await utimes(file, 0, 0);
    const { bytes = Buffer.of(), start = 0, isThere = tellsTruth } = await way.look(opened.store, key, body.byteLength);
    const isRight = bytes.equals(body.subarray(start, start + bytes.byteLength));
    expect({ name, isRight, isThere }).toEqual({ name, isRight: true, isThere: tellsTruth });
    const isFound = tellsTruth && way.isThorough !== true;
    if (isFound) expect((await drain(await opened.store.read(key))).bytes.byteLength).toBeLessThan(body.byteLength);
    await until(() => opened.incidents.length > 0);
  };

  /** The file was set aside as it was, once, and the entry can be rendered again. */
  const expectHealed = async ({ key, body, file }: Entry, { name, content }: Damage): Promise<void> => {
    expect({ name, gone: await opened.store.read(key) }).toEqual({ name, gone: undefined });
    expect(opened.incidents.splice(0).map(({ kind }) => kind)).toEqual(['quarantined']);
    await expect(lstat(file)).rejects.toMatchObject({ code: 'ENOENT' });
    const quarantine = join(directory.path, 'quarantine');
    const latest = (await readdir(quarantine)).sort().at(-1) ?? '';
    expect((await readFile(join(quarantine, latest))).equals(content)).toBe(true);
    await put(opened.store, key, body);
    expect((await readBody(opened.store, key))?.equals(body)).toBe(true);
  };

  describe.each(ENTRIES)('(%s)', (_, key, body) => {
    it.each(WAYS)('serves nothing wrong when it is %s, whatever has become of it, and heals', async (__, way) => {
      opened = await openFiles(directory.path, way.isWithoutIndex === true ? {} : { maxEntries: 1000 });
      const foreign = await others(key, body);
      const file = await write(key, body);
      const entry = { key, body, file, original: await readFile(file) };
      for (const damage of damagesOf(entry.original, key, foreign)) {
        await expectNothingWrong(way, entry, damage);
        await expectHealed(entry, damage);
      }
      expect(await opened.store.usage()).toEqual({ entries: 1, bytes: body.byteLength });
      expect(await openDescriptors(directory.path, ['image', 'info', 'source', 'quarantine'])).toBe(0);
    });

    it('serves nothing wrong when any one bit has changed', async () => {
      opened = await openFiles(directory.path);
      const file = await write(key, body);
      const original = await readFile(file);
      const anywhere = fc.oneof(
        fc.nat(original.byteLength - 1),
        fc.integer({ min: bodyIn(original, key)[1] - 1, max: original.byteLength - 1 }),
      );
      await fc.assert(
        fc.asyncProperty(anywhere, fc.nat(7), async (position, bit) => {
          const changed = Buffer.from(original);
          changed.writeUInt8(changed.readUInt8(position) ^ (1 << bit), position);
          // What was set aside last time has taken its directory along.
          await put(opened.store, key, body);
          await writeFile(file, changed);
          const { bytes } = await drain(await opened.store.read(key));
          expect(bytes.byteLength).toBeLessThan(body.byteLength);
          expect(bytes.equals(body.subarray(0, bytes.byteLength))).toBe(true);
          await until(() => opened.incidents.splice(0).length > 0);
        }),
        { numRuns: 150 },
      );
    });
  });

  it('breaks a stream of 20 MB where one bit has changed', async () => {
    opened = await openFiles(directory.path);
    const body = seededBytes(20 * 1024 * 1024);
    const file = await write(variantOf('image'), body);
    const changed = await readFile(file);
    changed.writeUInt8(changed.readUInt8(12_345_678) ^ 4, 12_345_678);
    await writeFile(file, changed);
    const { bytes, error } = await drain(await opened.store.read(variantOf('image')));
    expect(error).toMatchObject({ code: 'E_IMAGE_CACHE_CORRUPT' });
    expect(bytes.equals(body.subarray(0, bytes.byteLength))).toBe(true);
    expect(bytes.byteLength).toBeLessThan(12_345_678);
    await until(() => opened.incidents.length > 0);
    expect(await opened.store.read(variantOf('image'))).toBeUndefined();
  });

  it('breaks a stream when the file is cut short while it is read', async () => {
    opened = await openFiles(directory.path);
    const file = await write(variantOf('image'), seededBytes(5_000_000));
    const [whole, part] = [
      await opened.store.read(variantOf('image')),
      await opened.store.read(variantOf('image'), { range: { start: 100, end: 3_000_000 } }),
    ];
    await truncate(file, 2_000_000);
    for (const entry of [whole, part])
      expect(await drain(entry)).toMatchObject({ error: { code: 'E_IMAGE_CACHE_CORRUPT' } });
  });
});

interface Entry {
  readonly key: EntryKey;
  readonly body: Buffer;
  readonly file: string;
  /** What was written to it. */
  readonly original: Buffer;
}
