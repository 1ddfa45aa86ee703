import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SweepReport } from 'nestjs-image-cache';
import { lutimes, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startAsking, type Asking } from '../support/asking.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { filesIn, openFiles } from '../support/filesystem-store.js';

const HOUR = 3_600_000;

describe('a cache that several processes sweep', () => {
  let directory: TestDirectory;
  let one: Asking;
  let other: Asking;

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
    one = await startAsking(directory.path);
    other = await startAsking(directory.path);
  });

  afterEach(async () => {
    for (const { child } of [one, other]) child.process.kill('SIGKILL');
    await directory.remove();
  });

  const reportOf = async ({ hear }: Asking): Promise<SweepReport> => (await hear('swept'))['swept'] as SweepReport;

  const namesOf = ({ steps }: SweepReport): string[] => steps.map(({ step }) => step);

  const leases = (): Promise<string[]> => readdir(join(directory.path, 'leases'));

  /** Lets a process stop in the middle of its shift. */
  const stopInTheMiddle = async ({ tell, hear }: Asking): Promise<void> => {
    tell({ sweep: 'stop' });
    await hear('stops');
  };

  it('is swept by one of them at a time', async () => {
    await stopInTheMiddle(one);
    other.tell({ sweep: 'through' });
    expect(await reportOf(other)).toMatchObject({ steps: [], skipped: ['FilesystemCache'], aborted: false });
    one.tell({ goOn: true });
    const report = await reportOf(one);
    expect(namesOf(report)).toContain('trash');
    expect(report).not.toHaveProperty('skipped');
    expect(await leases()).toEqual([]);
    other.tell({ sweep: 'through' });
    expect(namesOf(await reportOf(other))).toContain('trash');
  });

  it('is swept by another one at once when a sweeper was killed', async () => {
    await stopInTheMiddle(one);
    one.child.process.kill('SIGKILL');
    await one.child.end();
    expect(await leases()).toHaveLength(1);
    other.tell({ sweep: 'through' });
    expect(namesOf(await reportOf(other))).toContain('trash');
    expect(await leases()).toEqual([]);
  });

  it('gets rid of the leases of killed processes that nobody has taken since', async () => {
    one.tell({ ask: 1 });
    await one.hear('renders');
    one.child.process.kill('SIGKILL');
    await one.child.end();
    const isLease = (name: string): boolean => name.endsWith('.lease.tmp');
    const left = (await filesIn(directory.path)).filter(isLease);
    expect(left).toHaveLength(1);
    const { store } = await openFiles(directory.path);
    await store.maintain?.('abandoned', { stall: HOUR });
    expect((await filesIn(directory.path)).filter(isLease)).toEqual(left);
    for (const name of left) await lutimes(join(directory.path, name), 0, 0);
    expect(await store.maintain?.('abandoned', { stall: HOUR })).toMatchObject({ removed: 1, failed: 0 });
    expect((await filesIn(directory.path)).filter(isLease)).toEqual([]);
    await store.close?.();
  });
});
