import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runChild, type Child } from '../support/child-process.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { MAY_MOUNT } from '../support/mounts.js';

/** Runs a process as number 1 of a container. */
const contain = (root: string): Child =>
  runChild('faults/scenarios/container-process.ts', [root], {
    limits: 'set -- unshare --pid --fork --mount-proc --kill-child "$@"',
  });

const end = async (child: Child): Promise<void> => {
  child.tell('end');
  await child.end();
};

const WITH = { pid: 1, bounded: true, stored: true, incidents: [] };

// Who may mount may make containers.
if (MAY_MOUNT)
  describe('the filesystem store in several containers', () => {
    let directory: TestDirectory;

    beforeEach(async () => {
      directory = await makeDirectory(DISK);
    });

    afterEach(() => directory.remove());

    it('leaves the index to the process that has it, where another one has the same number', async () => {
      const first = contain(directory.path);
      expect(await first.next()).toEqual(WITH);
      const second = contain(directory.path);
      expect(await second.next()).toMatchObject({
        pid: 1,
        bounded: false,
        stored: true,
        incidents: [expect.stringContaining('another container has a process of the same number, 1')],
      });
      await Promise.all([end(first), end(second)]);
      const third = contain(directory.path);
      expect(await third.next()).toEqual(WITH);
      await end(third);
    }, 60_000);

    it('takes the index up from a container that was killed, when its lease is over', async () => {
      const first = contain(directory.path);
      expect(await first.next()).toEqual(WITH);
      first.process.kill('SIGKILL');
      const second = contain(directory.path);
      expect(await second.next()).toEqual(WITH);
      await end(second);
    }, 60_000);
  });
