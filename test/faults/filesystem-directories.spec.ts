import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dirname, join, relative } from 'node:path';
import { infoKey, type CacheStore, type EntryKey } from 'nestjs-image-cache';
import { runChild } from '../support/child-process.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { directoriesBelow } from '../support/disk-usage.js';
import { entryFiles, openFiles } from '../support/filesystem-store.js';
import { put, variantOf } from '../support/stores.js';

const META = { identifier: 'image', contentType: 'image/jpeg', createdAt: 0 };

const TREES = ['image', 'info', 'source'];

const KEYS: readonly (readonly [string, EntryKey])[] = [
  ['picture', variantOf('image')],
  ['info', infoKey('image')],
  ['original', { ...variantOf('image'), kind: 'source' }],
];

/** What ends without an entry, or ends one. */
const ENDS: readonly (readonly [string, (store: CacheStore, key: EntryKey) => Promise<unknown>])[] = [
  ['a reservation is given back', async (store, key) => (await store.reserve(key)).abort()],
  [
    'a commit fails',
    async (store, key) => {
      const reservation = await store.reserve(key);
      const commit = reservation.commit({ body: Buffer.from('body') }, { ...META, announcedLength: 5 });
      await expect(commit).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_LENGTH_MISMATCH' });
      await reservation.abort();
    },
  ],
  ['a lease is given back', async (store, key) => (await store.leases?.take(key))?.release()],
  [
    'an entry is deleted',
    async (store, key) => {
      await put(store, key, 'body');
      await store.delete(key);
    },
  ],
  [
    'an image is evicted',
    async (store, key) => {
      await put(store, key, 'body');
      await store.deleteGroup(key.group);
    },
  ],
];

describe.each([
  ['with an index', { maxEntries: 1000 }],
  ['without an index', {}],
])('the directories of a filesystem store %s', (_, options) => {
  let directory: TestDirectory;
  let store: CacheStore;

  beforeEach(async () => {
    directory = await makeDirectory();
    ({ store } = await openFiles(directory.path, options));
  });

  afterEach(async () => {
    await store.close?.();
    await directory.remove();
  });

  const left = (): readonly string[] => TREES.flatMap((tree) => directoriesBelow(join(directory.path, tree)));

  describe.each(KEYS)('of an %s', (__, key) => {
    it.each(ENDS)('go when %s', async (___, end) => {
      await end(store, key);
      expect(left()).toEqual([]);
    });

    it('stay while something else is in them', async () => {
      await put(store, key, 'body');
      const before = left();
      for (const other of [key, { ...key, extension: 'png' }]) await (await store.reserve(other)).abort();
      expect(left()).toEqual(before);
    });
  });
});

const PROCESSES = 4;

const TURNS = 150;

/** Those that the files of entries are in, up to the trees. */
async function directoriesOfEntries(root: string): Promise<readonly string[]> {
  const directories = new Set<string>();
  for (const file of await entryFiles(root))
    for (let path = dirname(file); relative(root, path).includes('/'); path = dirname(path)) directories.add(path);
  return [...directories].sort();
}

describe('directories that several processes make and remove at once', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
  });

  afterEach(() => directory.remove());

  it('are there for whoever needs them, and only for those', async () => {
    const root = join(directory.path, 'cache');
    const children = Array.from({ length: PROCESSES }, (_, me) =>
      runChild('faults/scenarios/reserving-process.ts', [root, `${me}`, `${TURNS}`]),
    );
    await Promise.all(children.map(({ next }) => next()));
    for (const { tell } of children) tell('go');
    const told = await Promise.all(children.map(({ end }) => end()));
    expect(told).toEqual(children.map(() => [{ turns: TURNS, problems: [] }]));
    expect(TREES.flatMap((tree) => directoriesBelow(join(root, tree))).sort()).toEqual(
      await directoriesOfEntries(root),
    );
  }, 120_000);
});
