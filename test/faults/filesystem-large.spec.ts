import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runChild } from '../support/child-process.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { COLLECTING } from '../support/occupied-memory.js';

describe('a body of 500 MB in the filesystem store', () => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
  });

  afterEach(() => directory.remove());

  it('goes in and out whole and never into memory', async () => {
    const args = [directory.path, '500'];
    const [told] = await runChild('faults/scenarios/large-body-process.ts', args, { flags: COLLECTING }).end();
    expect(told).toEqual({ isSame: true, grownBy: expect.any(Number) as unknown });
    expect((told as { readonly grownBy: number }).grownBy).toBeLessThan(64);
  });
});
