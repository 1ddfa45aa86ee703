import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EntryKey } from 'nestjs-image-cache';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Layout } from '../../../../../libs/image-cache/src/stores/filesystem/files/layout.js';
import { FileReservation } from '../../../../../libs/image-cache/src/stores/filesystem/files/file-reservation.js';
import { resolveBounds } from '../../../../../libs/image-cache/src/stores/filesystem/space/bounds.js';
import { UnindexedSpace } from '../../../../../libs/image-cache/src/stores/filesystem/space/unindexed-space.js';
import { deferred } from '../../../../support/async.js';
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

describe('two hosts that give their writes on a share the same name', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(() => directory.remove());

  const take = (): Promise<FileReservation> => {
    const layout = new CollidingLayout(directory.path, { depth: 3, nameLength: 2 });
    const free = { bytes: Infinity, inodes: Infinity };
    const space = new UnindexedSpace({ bounds: resolveBounds({}, ''), free: () => free, report: () => undefined });
    return FileReservation.take({ layout, key: KEY, generation: '0', durable: false, space });
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
