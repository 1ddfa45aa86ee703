import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { rm, stat, statfs, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { infoKey } from 'nestjs-image-cache';
import { runChild } from '../support/child-process.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { entryFiles, openFiles } from '../support/filesystem-store.js';
import { makeReadOnly, MAY_MOUNT, mountSmall, release } from '../support/mounts.js';
import { put, readText, variantOf } from '../support/stores.js';
import { fillDisk } from './scenarios/full-disk.js';

const KEY = variantOf('image');

const DAY = 86_400_000;

const UNAVAILABLE = 'E_IMAGE_CACHE_STORE_UNAVAILABLE';

describe('the filesystem store without room', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(async () => {
    release(directory.path);
    await directory.remove();
  });

  const nothingLost = {
    readable: [],
    keeps: true,
    files: 1,
    temporaries: [],
    quarantined: [],
    incidents: 0,
    recovers: true,
  };

  it('publishes nothing that does not fit into a file, leaves nothing of it and reads on', async () => {
    const room = 512 * 1024;
    const { end } = runChild('faults/scenarios/full-disk-process.ts', [directory.path, String(room)], {
      limits: `ulimit -f ${room / 1024}; trap '' XFSZ`,
    });
    expect(await end()).toEqual([
      { ...nothingLost, outcomes: { buffer: UNAVAILABLE, stream: 'EFBIG', trailer: 'EFBIG' } },
    ]);
  });

  // Where no disk may be mounted, the limit on files above is the real thing.
  if (MAY_MOUNT)
    it('publishes nothing that does not fit on the disk, leaves nothing of it and reads on', async () => {
      mountSmall(directory.path, '2m');
      const { bavail, bsize } = await statfs(directory.path);
      // Directories of tmpfs take no room: this much is left for one file besides the one of 100 KB and the marker.
      const room = (bavail - 27) * bsize;
      const report = await fillDisk(directory.path, room);
      expect(report).toEqual({
        ...nothingLost,
        outcomes: { buffer: UNAVAILABLE, stream: 'ENOSPC', trailer: 'ENOSPC' },
      });
    });
});

if (MAY_MOUNT)
  describe('the filesystem store on a full disk', () => {
    let directory: TestDirectory;

    beforeEach(async () => {
      directory = await makeDirectory();
      mountSmall(directory.path, '256k');
    });

    afterEach(async () => {
      release(directory.path);
      await directory.remove();
    });

    it('tells other processes of every eviction', async () => {
      const [one, other] = [(await openFiles(directory.path)).store, (await openFiles(directory.path)).store];
      await one.clear();
      const { bavail, bsize } = await statfs(directory.path);
      await writeFile(join(directory.path, 'everything else'), Buffer.alloc(bavail * bsize));
      await expect(put(one, KEY, 'body')).rejects.toThrow(/ENOSPC|no space|in part/);
      for (let eviction = 0; eviction < 100; eviction += 1) {
        const before = await other.generation(KEY.group);
        await one.deleteGroup(KEY.group);
        expect(await other.generation(KEY.group)).not.toBe(before);
      }
      expect((await stat(join(directory.path, 'evictions.log'))).size).toBeLessThan(5000);
      for (const store of [one, other]) await store.close?.();
    });
  });

if (MAY_MOUNT)
  describe('the filesystem store whose index is lost while the disk is full', () => {
    let directory: TestDirectory;

    beforeEach(async () => {
      directory = await makeDirectory();
      mountSmall(directory.path, '1m');
    });

    afterEach(async () => {
      release(directory.path);
      await directory.remove();
    });

    const use = async (): Promise<unknown> => {
      const child = runChild('faults/scenarios/container-process.ts', [directory.path]);
      child.tell('end');
      const [told] = await child.end();
      return told;
    };

    it('does without one, and has one again when there is room', async () => {
      expect(await use()).toMatchObject({ bounded: true, stored: true, incidents: [] });
      await rm(join(directory.path, 'index'), { recursive: true });
      const { bavail, bsize } = await statfs(directory.path);
      await writeFile(join(directory.path, 'everything else'), Buffer.alloc(bavail * bsize));
      const message = expect.stringContaining('has no index, since the disk has no room for one');
      expect(await use()).toMatchObject({ bounded: false, stored: false, incidents: [message] });
      await rm(join(directory.path, 'everything else'));
      expect(await use()).toMatchObject({ bounded: true, stored: true, incidents: [] });
    });
  });

describe('the filesystem store that must not be written', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(async () => {
    release(directory.path);
    await directory.remove();
  });

  it('goes on reading, and says of all else that it cannot', async () => {
    const { store, incidents } = await openFiles(directory.path);
    await put(store, KEY, 'body');
    await put(store, infoKey('image'), '{}');
    const pending = await store.reserve(variantOf('pending'));
    makeReadOnly(directory.path);
    const denied = { code: expect.stringMatching(/EROFS|EACCES/) };
    expect(await readText(store, KEY)).toBe('body');
    expect(await readText(store, infoKey('image'))).toBe('{}');
    expect(await store.usage()).toEqual({ entries: 2, bytes: 6 });
    await expect(store.reserve(KEY)).rejects.toMatchObject(denied);
    await expect(store.reserve(variantOf('new'))).rejects.toThrow(/EROFS|EACCES|ENOENT/);
    const meta = { identifier: 'image', contentType: 'image/jpeg', createdAt: 0 };
    await expect(pending.commit({ body: Buffer.from('late') }, meta)).rejects.toMatchObject(denied);
    for (const evict of [() => store.delete(KEY), () => store.deleteGroup(KEY.group), () => store.clear()])
      await expect(evict()).rejects.toMatchObject({ code: UNAVAILABLE });
    // The owner of a file may always touch it, but for a read-only mount.
    const touched = store.touch([{ key: KEY, at: Date.now() + DAY, hits: 1 }]);
    if (MAY_MOUNT) await expect(touched).rejects.toMatchObject(denied);
    else await touched;
    await expect(store.ping?.()).rejects.toMatchObject(denied);
    await expect(openFiles(directory.path)).rejects.toMatchObject(denied);
    expect(await readText(store, KEY)).toBe('body');
    expect(incidents).toEqual([]);
  });

  it('makes a damaged file a miss, and tells that it could not be set aside', async () => {
    const { store, incidents } = await openFiles(directory.path);
    await put(store, KEY, 'body');
    const [file = ''] = await entryFiles(directory.path);
    await writeFile(file, 'damaged');
    makeReadOnly(directory.path);
    expect(await store.read(KEY)).toBeUndefined();
    expect(incidents).toMatchObject([{ kind: 'unreadable', message: expect.stringContaining(basename(file)) }]);
  });

  it('records the other accesses when one cannot be recorded', async () => {
    const { store } = await openFiles(directory.path, { depth: 0 });
    const keys = [variantOf('a'), variantOf('b'), variantOf('c')];
    for (const key of keys) await put(store, key, 'body');
    const [first = ''] = keys.map(({ group }) => join(directory.path, 'image', group));
    for (const file of await entryFiles(directory.path)) await utimes(file, 0, 0);
    makeReadOnly(first);
    const at = Date.now();
    const touched = store.touch(keys.map((key) => ({ key, at, hits: 1 })));
    await touched.catch(() => undefined);
    const accesses = await Promise.all(keys.map(async (key) => (await store.stat(key))?.lastAccess));
    expect(accesses.slice(1)).toEqual([at, at]);
    if (MAY_MOUNT) await expect(touched).rejects.toMatchObject({ code: 'EROFS' });
  });
});
