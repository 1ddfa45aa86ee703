import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../support/async.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { openFiles } from '../support/filesystem-store.js';
import { put, variantOf } from '../support/stores.js';

const BODY = Buffer.alloc(20_000, 'body');

describe('the filesystem store after a purge that was interrupted', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
  });

  afterEach(() => directory.remove());

  it('empties the trash by itself, and has all its room again', async () => {
    const before = await openFiles(directory.path, { maxSize: '5MB' });
    for (let each = 0; each < 100; each += 1) await put(before.store, variantOf(`image ${each}`), BODY);
    await before.store.clear();
    await before.store.close?.();
    const trash = join(directory.path, 'trash');
    // Removed in part, by a process that was told to end.
    expect(await readdir(trash)).not.toEqual([]);
    const { store, incidents } = await openFiles(directory.path, { maxSize: '5MB' });
    await until(async () => (await readdir(trash)).length === 0);
    for (let each = 0; each < 100; each += 1) await put(store, variantOf(`new ${each}`), BODY);
    expect((await store.usage()).entries).toBe(100);
    expect(incidents).toEqual([]);
    await store.close?.();
  });
});
