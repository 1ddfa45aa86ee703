import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runChild } from '../support/child-process.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { entryFiles } from '../support/filesystem-store.js';

describe('a cache without a descriptor left', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(() => directory.remove());

  it('renders for each request, says that it is unwell, leaves nothing, and is well when it has some again', async () => {
    const rendered = { small: 'miss right', large: 'miss right', stream: 'miss right' };
    const read = { small: 'hit right', large: 'hit right', stream: 'hit right' };
    const [root, temporary] = [join(directory.path, 'cache'), join(directory.path, 'temporary')];
    await mkdir(temporary);
    const limits = `export TMPDIR='${temporary}'; ulimit -n 128`;
    const child = runChild('faults/scenarios/descriptors-process.ts', [root], { limits });
    expect(await child.end()).toEqual([
      { exhausting: 'miss right', kept: rendered, made: rendered, healthy: false },
      { kept: read, made: read, healthy: true, incidents: [] },
      // A picture that goes to a temporary file first, since its store takes no file.
      { exhausting: 'miss right' },
    ]);
    expect(await readdir(temporary)).toEqual([]);
    expect((await entryFiles(root)).length).toBe(6);
    const names = await readdir(root, { recursive: true });
    expect(names.filter((name) => name.endsWith('.tmp') || name.startsWith('quarantine'))).toEqual([]);
  });
});
