import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EntryKey, StoreIncident } from 'nestjs-image-cache';
import { FakeClock } from 'nestjs-image-cache/testing';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { keyString } from '../../../../../libs/image-cache/src/keys/entry-keys.js';
import { Trash } from '../../../../../libs/image-cache/src/stores/filesystem/eviction/trash.js';
import { Layout } from '../../../../../libs/image-cache/src/stores/filesystem/files/layout.js';
import type { FoundFile } from '../../../../../libs/image-cache/src/stores/filesystem/files/walk.js';
import { FileLeases } from '../../../../../libs/image-cache/src/stores/filesystem/leases/file-leases.js';
import { resolveBounds } from '../../../../../libs/image-cache/src/stores/filesystem/space/bounds.js';
import { openSpace } from '../../../../../libs/image-cache/src/stores/filesystem/space/open-space.js';
import type { Space } from '../../../../../libs/image-cache/src/stores/filesystem/space/space.js';
import { ProcessRun } from '../../../../../libs/image-cache/src/stores/filesystem/upkeep/process-run.js';
import { deferred, until } from '../../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../../support/directories.js';
import { entryFiles } from '../../../../support/filesystem-store.js';
import { variantOf } from '../../../../support/stores.js';

const SIZE = 40 * 1024;

/** Entries that the bounds admit. */
const FIT = 25;

describe.each([
  ['bytes', { maxSize: FIT * SIZE }],
  ['entries', { maxEntries: FIT }],
])('a full cache whose index is made anew, as after a restart of the machine (%s)', (_, options) => {
  let directory: TestDirectory;
  let layout: Layout;
  let space: Space | undefined;
  let incidents: StoreIncident[];
  let reading = Promise.resolve();

  const open = async (): Promise<Space> =>
    (space = await openSpace({
      layout,
      clock: new FakeClock(),
      leases: await FileLeases.open({ layout, clock: new FakeClock() }),
      trash: new Trash(layout.trash, () => undefined),
      bounds: resolveBounds(options, ''),
      index: true,
      local: true,
      report: (incident) => incidents.push(incident),
      bodySize: async (key: EntryKey) => {
        await reading;
        return statSync(layout.file(key)).size;
      },
    }));

  beforeEach(async () => {
    directory = await makeDirectory();
    layout = new Layout(directory.path, { depth: 3, nameLength: 2 });
    incidents = [];
    reading = Promise.resolve();
  });

  afterEach(async () => {
    await space?.close();
    await directory.remove();
  });

  let names = 0;

  const publish = async (to: Space, image: string): Promise<void> => {
    const key = variantOf(image);
    const file = layout.file(key);
    const claim = to.claim(key, `${(names += 1)}`);
    try {
      await claim.reach(SIZE);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, Buffer.alloc(SIZE));
      claim.publish({ at: 1, size: SIZE, fileSize: SIZE, inode: statSync(file).ino });
    } finally {
      claim.end();
    }
  };

  /** Takes all files in, at once. */
  const reconcile = async (to: Space): Promise<void> => {
    const { signal } = new AbortController();
    const report = (incident: StoreIncident): void => void incidents.push(incident);
    const run = new ProcessRun({ signal, rate: {}, dryRun: false, isAwaited: true, report });
    const images = ['old', 'new'].flatMap((age) => Array.from({ length: 2 * FIT }, (__, image) => `${age} ${image}`));
    const keys = images.map((image) => variantOf(image)).filter((key) => existsSync(layout.file(key)));
    keys.sort((one, other) => (keyString(one) < keyString(other) ? -1 : 1));
    const files = async function* (): AsyncGenerator<readonly FoundFile[]> {
      yield await Promise.resolve(keys.map((key) => ({ key, size: SIZE, mtimeMs: 1 })));
    };
    await to.steps?.reconcile(run, files());
  };

  it('counts what was there, until it has been taken in', async () => {
    const first = await open();
    await until(() => first.index?.isComplete === true);
    for (let image = 0; image < FIT - 2; image += 1) await publish(first, `old ${image}`);
    await first.close();
    for (const name of readdirSync(join(directory.path, 'index')))
      if (name.endsWith('-2'))
        renameSync(join(directory.path, 'index', name), join(directory.path, 'index', 'earlier'));
    const gate = deferred();
    reading = gate.promise;
    const second = await open();
    for (let image = 0; image < 2 * FIT; image += 1) {
      await publish(second, `new ${image}`);
      expect((await entryFiles(directory.path)).length).toBeLessThanOrEqual(FIT);
    }
    expect(second.index?.isComplete).toBe(false);
    gate.resolve();
    await reconcile(second);
    expect(second.index?.isComplete).toBe(true);
    for (let image = 0; image < 2 * FIT; image += 1) await publish(second, `late ${image}`);
    const files = await entryFiles(directory.path);
    expect(files.length).toBeLessThanOrEqual(FIT);
    expect(files.length).toBeGreaterThan(FIT - 5);
    expect(second.index?.usage()).toEqual({ entries: files.length, bytes: files.length * SIZE });
    expect(incidents).toEqual([]);
  });
});
