import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { runChild } from '../support/child-process.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';

describe('a remote source without a descriptor left', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory();
  });

  afterEach(() => directory.remove());

  it('says so, leaves nothing in the temporary directory, and is well when it has some again', async () => {
    const limits = `export TMPDIR='${directory.path}'; ulimit -n 128`;
    const child = runChild('faults/scenarios/fetching-process.ts', [], { limits });
    const refused = '503 EMFILE';
    expect(await child.end()).toEqual([{ before: 'opened', without: [refused, refused], after: 'opened' }]);
    expect(await readdir(directory.path)).toEqual([]);
  });
});
