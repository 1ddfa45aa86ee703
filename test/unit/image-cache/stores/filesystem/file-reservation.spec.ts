import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EntryKey } from 'nestjs-image-cache';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Layout } from '../../../../../libs/image-cache/src/stores/filesystem/files/layout.js';
import { FileReservation } from '../../../../../libs/image-cache/src/stores/filesystem/files/file-reservation.js';
import { resolveBounds } from '../../../../../libs/image-cache/src/stores/filesystem/space/bounds.js';
import type { Claim, Space } from '../../../../../libs/image-cache/src/stores/filesystem/space/space.js';
import { UnindexedSpace } from '../../../../../libs/image-cache/src/stores/filesystem/space/unindexed-space.js';
import { deferred, until } from '../../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../../support/directories.js';
import { filesIn } from '../../../../support/filesystem-store.js';
import { variantOf } from '../../../../support/stores.js';

const KEY = variantOf('image');

const META = { identifier: 'image', contentType: 'image/jpeg', createdAt: 0 };

/** A layout of which each host gives its writes the same name. */
class CollidingLayout extends Layout {
  override write(key: EntryKey): string {
    return join(this.writes(key), `${key.id}.same.tmp`);
  }
}

const FREE = { bytes: Infinity, inodes: Infinity };

const unlimited = (): Space =>
  new UnindexedSpace({ bounds: resolveBounds({}, ''), free: () => FREE, report: () => undefined });

const geometry = { depth: 3, nameLength: 2 };

describe('two hosts that give their writes on a share the same name', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(() => directory.remove());

  const take = (): Promise<FileReservation> => {
    const layout = new CollidingLayout(directory.path, geometry);
    return FileReservation.take({ layout, key: KEY, generation: '0', durable: false, space: unlimited() });
  };

  it('do not write into one file: the second one gets no reservation', async () => {
    const first = await take();
    await expect(take()).rejects.toMatchObject({ code: 'EEXIST' });
    const gate = deferred();
    async function* body(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(50_000, 'first');
      await gate.promise;
      yield Buffer.alloc(50_000, 'first');
    }
    const committed = first.commit({ body: Readable.from(body()) }, META);
    await expect(take()).rejects.toMatchObject({ code: 'EEXIST' });
    gate.resolve();
    expect(await committed).toMatchObject({ size: 100_000 });
    const [file = ''] = (await filesIn(directory.path)).filter((name) => name.startsWith('image/'));
    const stored = await readFile(join(directory.path, file));
    expect(stored.subarray(0, 100_000).equals(Buffer.alloc(100_000, 'first'))).toBe(true);
    const second = await take();
    expect(await second.commit({ body: Buffer.from('second') }, META)).toMatchObject({ size: 6 });
    expect((await filesIn(directory.path)).filter((name) => name.startsWith('image/'))).toEqual([file]);
  });
});

describe('a write that waits for room', () => {
  let directory: TestDirectory;
  const reached: number[] = [];
  let gate = deferred();

  /** Room for a write is there once the gate is open. */
  class CrowdedSpace extends UnindexedSpace {
    override claim(): Claim {
      const claim = super.claim();
      const reach = async (bytes: number): Promise<void> => {
        reached.push(bytes);
        await gate.promise;
        await claim.reach(bytes);
      };
      return { ...claim, isOpenEnded: false, reach };
    }
  }

  beforeEach(async () => {
    directory = await makeDirectory();
    gate = deferred();
    reached.length = 0;
  });

  afterEach(() => directory.remove());

  const take = (): Promise<FileReservation> => {
    const space = new CrowdedSpace({ bounds: resolveBounds({}, ''), free: () => FREE, report: () => undefined });
    const layout = new Layout(directory.path, geometry);
    return FileReservation.take({ layout, key: KEY, generation: '0', durable: false, space });
  };

  const images = async (): Promise<string[]> =>
    (await filesIn(directory.path)).filter((name) => name.startsWith('image/'));

  it('has no file yet, of which nobody would know if its process died', async () => {
    const body = Readable.from([Buffer.from('one'), Buffer.from('two')], { objectMode: false });
    const committed = (await take()).commit({ body }, META);
    await until(() => reached.length > 0);
    for (let look = 0; look < 20; look += 1) {
      expect(await images()).toEqual([]);
      await new Promise(setImmediate);
    }
    gate.resolve();
    expect(await committed).toMatchObject({ size: 6 });
    expect(await images()).toHaveLength(1);
  });

  it('fails as its body does that breaks meanwhile', async () => {
    const body = new Readable({ read: () => undefined });
    const committed = (await take()).commit({ body }, { ...META, announcedLength: 100_000 });
    await until(() => reached.length > 0);
    body.destroy(new Error('The origin has hung up.'));
    await new Promise(setImmediate);
    gate.resolve();
    await expect(committed).rejects.toThrow('The origin has hung up.');
    expect(await images()).toEqual([]);
  });
});

describe('a write that finds no room', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(() => directory.remove());

  it.each(['ENOSPC', 'EDQUOT'])('has room made for the next ones, by whatever it was told so: %s', async (code) => {
    const told = { ranOut: 0 };
    class CountingSpace extends UnindexedSpace {
      override claim(): Claim {
        return { ...super.claim(), ranOut: () => void (told.ranOut += 1) };
      }
    }
    const space = new CountingSpace({ bounds: resolveBounds({}, ''), free: () => FREE, report: () => undefined });
    const layout = new Layout(directory.path, geometry);
    const reservation = await FileReservation.take({ layout, key: KEY, generation: '0', durable: false, space });
    const body = new Readable({
      read() {
        this.destroy(Object.assign(new Error(code), { code }));
      },
    });
    await expect(reservation.commit({ body }, META)).rejects.toMatchObject({ code });
    expect(told.ranOut).toBe(1);
  });
});
