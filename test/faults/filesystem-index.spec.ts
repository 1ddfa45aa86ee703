import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { variantKey, type CacheStore, type FilesystemStoreOptions } from 'nestjs-image-cache';
import { digestOf } from '../../libs/image-cache/src/common/streams.js';
import { checksumsOf } from '../../libs/image-cache/src/stores/filesystem/files/body-blocks.js';
import { encodeTrailer } from '../../libs/image-cache/src/stores/filesystem/files/entry-file.js';
import { Layout } from '../../libs/image-cache/src/stores/filesystem/files/layout.js';
import { eventually, until } from '../support/async.js';
import { runChild } from '../support/child-process.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { entryFiles, filesIn, isLeftBehind, openFiles, type OpenedStore } from '../support/filesystem-store.js';
import { MAY_MOUNT, mountSmall, release } from '../support/mounts.js';
import { put, readBody, readText, variantOf } from '../support/stores.js';

const BOUNDS: Omit<FilesystemStoreOptions, 'directory'> = { maxSize: '10MB', maxEntries: 1000 };

const DAY = 86_400_000;

/** The operations of entries, the least recently used first. */
async function byAccess(store: CacheStore): Promise<(string | undefined)[]> {
  const listed: (string | undefined)[] = [];
  for await (const { meta } of store.entries({ order: 'lastAccess' })) listed.push(meta.operations);
  return listed;
}

/** Publishes entries named by letters, each asked for a day after the one before. */
async function putInOrder({ store, clock }: OpenedStore, names: readonly string[]): Promise<void> {
  for (const [index, operations] of names.entries()) {
    const key = variantKey({ identifier: `image ${index % 2}`, operations, extension: 'jpg' });
    await put(store, key, Buffer.alloc(1000 + index, operations), { operations });
    await store.touch([{ key, at: clock.now() - (100 - index) * DAY + 200 * DAY, hits: index }]);
  }
}

describe('the index of a filesystem store', () => {
  let directory: TestDirectory;
  const opened: CacheStore[] = [];

  const open = async (options = BOUNDS): Promise<OpenedStore> => {
    const store = await openFiles(directory.path, options);
    opened.push(store.store);
    return store;
  };

  /** Puts files of entries into their places that no index knows of. */
  const writeEntries = (count: number): void => {
    const layout = new Layout(directory.path, { depth: 3, nameLength: 2 });
    const body = Buffer.from('body');
    const meta = { identifier: 'image', contentType: 'image/jpeg', createdAt: 0, size: 4, digest: digestOf(body) };
    mkdirSync(dirname(layout.file(variantOf('image'))), { recursive: true });
    for (let each = 0; each < count; each += 1) {
      const key = variantOf('image', `${each}`);
      const trailer = encodeTrailer(key, { ...meta, operations: `${each}` }, checksumsOf(body));
      writeFileSync(layout.file(key), Buffer.concat([body, trailer]));
    }
  };

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
  });

  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close?.();
    release(directory.path);
    await directory.remove();
  });

  it('is made anew from the files when it is lost', async () => {
    const first = await open();
    await putInOrder(first, ['a', 'b', 'c', 'd', 'e', 'f']);
    const usage = await first.store.usage();
    await first.store.close?.();
    await rm(join(directory.path, 'index'), { recursive: true });
    const { store, incidents } = await open();
    expect(await store.usage()).toEqual(usage);
    await eventually(async () => {
      expect(await byAccess(store)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    });
    expect(incidents).toEqual([]);
  });

  it('is made anew behind the first hit, which does not wait for it', async () => {
    const key = variantOf('image', 'asked');
    const first = await open();
    await put(first.store, key, 'body');
    await first.store.close?.();
    await rm(join(directory.path, 'index'), { recursive: true });
    writeEntries(1000);
    const { store } = await open();
    expect(await readText(store, key)).toBe('body');
    expect(store.isIndexing).toBe(true);
    await until(() => store.isIndexing === false);
    expect((await store.usage()).entries).toBe(1001);
  });

  it('lets the least recently used go for a new one', async () => {
    const first = await open({ maxEntries: 6 });
    await putInOrder(first, ['a', 'b', 'c', 'd', 'e', 'f']);
    const key = variantOf('image 0', 'b');
    await first.store.touch([{ key, at: first.clock.now() + 300 * DAY, hits: 1 }]);
    await put(first.store, variantOf('image', 'g'), 'new', { operations: 'g' });
    await first.store.close?.();
    const { store } = await open({ maxEntries: 6 });
    const left = await byAccess(store);
    expect(left).toContain('g');
    expect(left).not.toContain('a');
    expect(left.length).toBeGreaterThan(3);
  });

  it('is done without where it cannot live, which is said', async () => {
    const first = await open({});
    await put(first.store, variantOf('image'), 'body');
    await first.store.close?.();
    await writeFile(join(directory.path, 'index'), 'a file in its place');
    const { store, incidents } = await open();
    expect(incidents).toEqual([expect.objectContaining({ kind: 'unindexed' })]);
    expect(store.features.orderedByAccess).toBe(false);
    expect(await readText(store, variantOf('image'))).toBe('body');
    await put(store, variantOf('another'), 'body');
    expect(await store.usage()).toEqual({ entries: 2, bytes: 8 });
  });

  it.each([3, 40, 120])(
    'counts nothing of a process that was killed after %d commits but what it has published',
    async (commits) => {
      const child = runChild('faults/scenarios/committing-process.ts', [
        directory.path,
        'writer',
        JSON.stringify(BOUNDS),
      ]);
      for (let told = 0; told < commits; told += 1) await child.next();
      child.process.kill('SIGKILL');
      await child.end();
      const { store } = await open();
      await eventually(async () => {
        expect((await filesIn(directory.path)).filter(isLeftBehind)).toEqual([]);
        let bytes = 0;
        let entries = 0;
        for await (const { meta } of store.entries()) {
          bytes += meta.size;
          entries += 1;
        }
        expect(await store.usage()).toEqual({ entries, bytes });
      });
      expect((await byAccess(store)).length).toBe((await store.usage()).entries);
    },
  );

  it('loses nothing that one process writes while others open it, again and again', async () => {
    const writers = ['a', 'b'].map((name) =>
      runChild('faults/scenarios/index-process.ts', [directory.path, name, '4000']),
    );
    const openers = [0, 1].map(() => runChild('faults/scenarios/index-process.ts', [directory.path, '', '150']));
    const all = [...writers, ...openers];
    await Promise.all(all.map((child) => child.next()));
    for (const child of all) child.tell('go');
    expect(await Promise.all(all.map((child) => child.end()))).toEqual([[0], [0], [0], [0]]);
  });

  it('can be opened while the last process that has it open closes it', async () => {
    const openers = [0, 1, 2].map(() => runChild('faults/scenarios/index-process.ts', [directory.path, '', '300']));
    await Promise.all(openers.map((child) => child.next()));
    for (const child of openers) child.tell('go');
    expect(await Promise.all(openers.map((child) => child.end()))).toEqual([[0], [0], [0]]);
  });

  it('is made anew with the root when that is taken away while it is in use', async () => {
    const { store } = await open();
    await put(store, variantOf('image'), 'before');
    await rm(directory.path, { recursive: true });
    await put(store, variantOf('image'), 'after');
    await put(store, variantOf('image', 'other'), 'after');
    expect(await readText(store, variantOf('image'))).toBe('after');
    expect(await store.usage()).toEqual({ entries: 2, bytes: 10 });
    expect(await filesIn(join(directory.path, 'index'))).toContainEqual(expect.stringMatching(/data\.mdb$/));
  });

  if (MAY_MOUNT)
    it('gives a full disk room by letting the least recently used go', async () => {
      mountSmall(directory.path, '8m');
      const { store, incidents } = await open({ maxSize: '1GB' });
      const body = Buffer.alloc(100_000, 'body');
      for (let index = 0; index < 20; index += 1) await put(store, variantOf('image', `${index}`), body);
      const { bavail, bsize } = statfsSync(directory.path);
      await writeFile(join(directory.path, 'index', 'of-others'), Buffer.alloc((bavail - 30) * bsize));
      const outcomes: unknown[] = [];
      for (let turn = 0; turn < 30; turn += 1) {
        const key = variantOf('late', `${turn}`);
        outcomes.push(
          await put(store, key, body).then(
            () => 'stored',
            (error: unknown) => (error as { code: string }).code,
          ),
        );
        expect((await readBody(store, key))?.equals(body)).not.toBe(false);
      }
      expect(outcomes.filter((outcome) => outcome === 'stored').length).toBeGreaterThan(10);
      expect(
        outcomes.filter(
          (outcome) => outcome !== 'stored' && outcome !== 'E_IMAGE_CACHE_STORE_FULL' && outcome !== 'ENOSPC',
        ),
      ).toEqual([]);
      expect(incidents.filter(({ kind }) => kind === 'quarantined')).toEqual([]);
      await eventually(async () => {
        expect((await store.usage()).entries).toBe((await entryFiles(directory.path)).length);
      });
    });
});
