import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runChild } from '../support/child-process.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';

describe('a picture of 100 MB that twenty read while it is rendered', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
  });

  afterEach(() => directory.remove());

  it('reaches all of them whole and is never in memory', async () => {
    const [told] = await runChild('faults/scenarios/growing-body-process.ts', [directory.path, '100']).end();
    const { grownBy, ...rest } = told as { readonly grownBy: number };
    expect(rest).toEqual({ renders: 1, collapsed: 19, stored: 1, areSame: true });
    expect(grownBy).toBeLessThan(64);
  });
});
