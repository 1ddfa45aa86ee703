import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lstat, lutimes, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startAsking, type Asking } from '../support/asking.js';
import { eventually } from '../support/async.js';
import type { ChildOptions } from '../support/child-process.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { entryFiles, filesIn } from '../support/filesystem-store.js';
import { canTrace } from '../support/needs.js';
import type { Got } from './scenarios/asking-process.js';

const CROWD = 50;

/** More than travels as one Buffer. */
const LARGE = 1_500_000;

/** System calls that the process cannot make: links, as on file systems that have none. */
const WITHOUT_LINKS = 'set -- strace -f -qq -o /dev/null -e inject=?symlink,?symlinkat:error=EPERM "$@"';

describe('a picture that several processes want', () => {
  let directory: TestDirectory;
  let open: Asking[];

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
    open = [];
  });

  afterEach(async () => {
    for (const { child } of open) child.process.kill('SIGKILL');
    await directory.remove();
  });

  const start = async (options: ChildOptions = {}): Promise<Asking> => {
    const asking = await startAsking(directory.path, options);
    open.push(asking);
    return asking;
  };

  /** Lets them all ask, and tells which of them renders and which ones await that. */
  const contend = async (all: readonly Asking[]): Promise<{ renders: Asking[]; awaits: Asking[] }> => {
    for (const each of all) each.tell({ ask: CROWD });
    const told = await Promise.all(all.map(({ hear }) => hear('renders', 'awaits')));
    const who = (what: string): Asking[] => all.filter((_, index) => told[index]?.[what] === true);
    return { renders: who('renders'), awaits: who('awaits') };
  };

  const startSome = (count: number, options: ChildOptions = {}): Promise<Asking[]> =>
    Promise.all(Array.from({ length: count }, () => start(options)));

  /** One of them that renders, and the others. */
  const oneRenders = async (count: number): Promise<[Asking, ...Asking[]]> => {
    const { renders, awaits } = await contend(await startSome(count));
    const [holder, ...more] = renders;
    if (holder === undefined || more.length > 0) throw new Error(`${renders.length} processes render.`);
    return [holder, ...awaits];
  };

  const firstToRender = (some: readonly Asking[]): Promise<Asking> =>
    Promise.race(some.map((each) => each.hear('renders').then(() => each)));

  /** What is there beside entries and what makes a directory a cache. */
  const left = async (): Promise<string[]> => {
    const all = await filesIn(directory.path);
    return all.filter((name) => name.endsWith('.tmp') || /^(leases|trash)\//.test(name));
  };

  /** The lease that is held. */
  const lease = async (): Promise<string> => {
    const [held = ''] = (await left()).filter((name) => name.endsWith('.lease.tmp'));
    return join(directory.path, held);
  };

  /** Lets them end by themselves, and looks at what they have left. */
  const end = async (all: readonly Asking[]): Promise<void> => {
    for (const { tell } of all) tell({ last: true });
    await Promise.all(all.map(({ child }) => child.end()));
    expect(await left()).toEqual([]);
  };

  const all = (label: string, outcomes: Got['outcomes']): Got => ({
    labels: [label],
    whole: CROWD,
    failed: 0,
    outcomes,
  });

  it.each([
    { what: 'a small one', size: 15_000, limits: ':', isLink: true },
    { what: 'a large one', size: LARGE, limits: ':', isLink: true },
    ...(canTrace() ? [{ what: 'where there are no links', size: 15_000, limits: WITHOUT_LINKS, isLink: false }] : []),
  ])('is rendered once by four processes, and whole for all who ask them: $what', async ({ size, limits, isLink }) => {
    const processes = await startSome(4, { limits });
    const { renders, awaits } = await contend(processes);
    expect([renders.length, awaits.length]).toEqual([1, 3]);
    expect((await lstat(await lease())).isSymbolicLink()).toBe(isLink);
    for (const { tell } of processes) tell({ finish: 'picture', size });
    for (const { got } of renders) expect(await got()).toEqual(all('picture', { miss: 1, collapsed: CROWD - 1 }));
    for (const { got } of awaits) expect(await got()).toEqual(all('picture', { collapsed: CROWD }));
    // The lease is given back behind the answers.
    await eventually(async () => {
      expect(await entryFiles(directory.path)).toHaveLength(1);
    });
    await end(processes);
  });

  it('keeps a process that awaits it and has nothing else to do', async () => {
    const holder = await start();
    holder.tell({ ask: 1 });
    await holder.hear('renders');
    const other = await start();
    other.tell({ ask: CROWD, last: true });
    await other.hear('awaits');
    // Between two looks, there is nothing but the time until the next one.
    for (let look = 0; look < 4; look += 1) await other.hear('looks');
    holder.tell({ finish: 'picture' });
    expect(await other.got()).toEqual(all('picture', { collapsed: CROWD }));
    await other.child.end();
    await end([holder]);
  });

  it('is rendered by another process when the first one is killed', async () => {
    const [holder, ...others] = await oneRenders(3);
    holder.child.process.kill('SIGKILL');
    const next = await firstToRender(others);
    next.tell({ finish: 'second' });
    for (const each of others) {
      const outcomes = each === next ? { miss: 1, collapsed: CROWD - 1 } : { collapsed: CROWD };
      expect(await each.got()).toEqual(all('second', outcomes));
    }
    for (const { tell } of others) tell({ last: true });
    await Promise.all(others.map(({ child }) => child.end()));
    // A reservation of the killed one stays until it counts as abandoned.
    expect((await left()).filter((name) => name.includes('lease'))).toEqual([]);
  });

  it('is rendered by another process when the first one hangs, and by nobody a third time', async () => {
    const [holder, other] = await oneRenders(2);
    holder.child.process.kill('SIGSTOP');
    await lutimes(await lease(), 0, 0);
    await other?.hear('renders');
    holder.child.process.kill('SIGCONT');
    other?.tell({ finish: 'second' });
    expect(await other?.got()).toEqual(all('second', { miss: 1, collapsed: CROWD - 1 }));
    holder.tell({ finish: 'first' });
    expect(await holder.got()).toEqual(all('first', { miss: 1, collapsed: CROWD - 1 }));
    await end([holder, ...(other ? [other] : [])]);
  });

  it('is rendered by each process where it cannot be made, and told as failed by each', async () => {
    const [holder, other] = await oneRenders(2);
    holder.tell({ fail: true });
    expect(await holder.got()).toMatchObject({ failed: CROWD, whole: 0 });
    await other?.hear('renders');
    other?.tell({ finish: 'second' });
    expect(await other?.got()).toEqual(all('second', { miss: 1, collapsed: CROWD - 1 }));
    await end([holder, ...(other ? [other] : [])]);
  });

  it('is rendered anew when one of them evicts it meanwhile, and the old one is served to nobody who waits', async () => {
    const [holder, ...others] = await oneRenders(3);
    const [evicting] = others;
    evicting?.tell({ evict: true });
    const next = await firstToRender(others);
    holder.tell({ finish: 'old' });
    expect((await holder.hear('notStored'))['notStored']).toBe('fenced');
    expect((await holder.got()).labels).toEqual(['old']);
    next.tell({ finish: 'new' });
    for (const { got } of others) expect((await got()).labels).toEqual(['new']);
    holder.tell({ ask: CROWD });
    expect(await holder.got()).toEqual(all('new', { hit: CROWD }));
    await end([holder, ...others]);
  });

  it('leaves nothing where leases are kept, and no directories but those of the cache', async () => {
    const [holder, ...others] = await oneRenders(2);
    holder.tell({ finish: 'picture' });
    for (const { got } of [holder, ...others]) await got();
    await end([holder, ...others]);
    expect((await readdir(directory.path)).sort()).toEqual(['CACHEDIR.TAG', 'image', 'image-cache.json', 'leases']);
    expect(await readdir(join(directory.path, 'leases'))).toEqual([]);
  });
});
