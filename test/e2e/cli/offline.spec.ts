import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHED, fillCache, runCache } from '../../support/command-line.js';
import { makeDirectory, type TestDirectory } from '../../support/directories.js';
import { entryFiles, openFiles } from '../../support/filesystem-store.js';
import { cachingIn, runServer } from '../../support/image-server.js';

let place: TestDirectory;
let directory: string;
let environment: Record<string, string>;

beforeEach(async () => {
  place = await makeDirectory();
  directory = join(place.path, 'cache');
  await mkdir(join(place.path, 'images'));
  await fillCache(directory);
  environment = cachingIn(directory, join(place.path, 'images'));
});

afterEach(() => place.remove());

const cells = (line: string): string[] => line.split(/ {2,}/);

/** Runs a command that has to succeed and say nothing on the side. */
async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCache(args, environment);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

interface Page {
  readonly entries: readonly { readonly identifier: string; readonly lastAccess: string; readonly size: number }[];
  readonly next?: string;
}

describe('image-server cache without a server', () => {
  it('lists entries in columns, with nothing in names that acts on a terminal', async () => {
    const [head = '', ...lines] = (await done('list-cached')).trimEnd().split('\n');
    expect(cells(head)).toEqual(['ID', 'Last Accessed (UTC)', 'Last Modified (UTC)', 'Size', 'Hits', 'Entry']);
    expect(lines.map((line) => cells(line)[0] ?? '').sort()).toEqual(
      CACHED.flatMap((name) => [name, name])
        .map((name) => name.replace('\u001b', String.raw`\u001b`))
        .sort(),
    );
    const row = cells(lines.find((line) => line.includes('paris') && line.includes('200,')) ?? '');
    const now = expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect(row).toEqual(['maps/paris.tif', now, now, '5.9 KB', '0', 'full/200,/0/default']);
    expect(lines.join('')).not.toContain('\t');
  });

  it.each(['id', 'lastAccess'])('lists page by page as JSON, by %s', async (order) => {
    const list = async (...args: string[]): Promise<Page> =>
      JSON.parse(await done('list-cached', '--json', '--order', order, ...args)) as Page;
    const [all, first] = await Promise.all([list(), list('--limit', '5')]);
    expect([all.entries.length, all.next]).toEqual([8, undefined]);
    const rest = await list('--after', first.next ?? '');
    expect([...first.entries, ...rest.entries]).toEqual(all.entries);
    expect(rest.next).toBeUndefined();
  });

  it('lists the first ones of all, by size, age or hits', async () => {
    const list = async (...args: string[]): Promise<Page['entries']> =>
      (JSON.parse(await done('list-cached', '--json', ...args)) as Page).entries;
    const sizes = (await list()).map(({ size }) => size).sort((one, other) => other - one);
    expect((await list('--order', 'size', '--limit', '3')).map(({ size }) => size)).toEqual(sizes.slice(0, 3));
    for (const order of ['hits', 'createdAt']) expect(await list('--order', order)).toHaveLength(8);
    const refused = await runCache(['list-cached', '--order', 'size', '--after', 'x'], environment);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('--after: by size, there is one page only; ask for more with --limit.'),
    ]);
  });

  it('says how to go on where there is more', async () => {
    const { code, stdout, stderr } = await runCache(['list-cached', '--limit', '7'], environment);
    expect([code, stdout.trimEnd().split('\n').length]).toEqual([0, 8]);
    const [, cursor = ''] = /^There is more: --after '(\S+)'\n$/.exec(stderr) ?? [];
    expect((await done('list-cached', '--after', cursor)).trimEnd().split('\n')).toHaveLength(2);
  });

  it('lists one kind', async () => {
    expect(JSON.parse(await done('list-cached', '--kind', 'info', '--json'))).toEqual({ entries: [] });
  });

  it.each([
    ['maps/paris.tif', ['delete-cached-image', '-f', 'maps/paris.tif']],
    ['--weird id', ['delete-cached-image', '--force', '--', '--weird id']],
    ['50%2F.jpg', ['delete-cached-image', '50%2F.jpg', '-f']],
  ])('deletes %s and nothing else, taking the name as it is', async (name, args) => {
    expect(await done(...args)).toBe(`Nothing is cached of ${name} any more.\n`);
    const { entries } = JSON.parse(await done('list-cached', '--json')) as Page;
    expect(entries.map(({ identifier }) => identifier).sort()).toEqual(
      CACHED.filter((each) => each !== name)
        .flatMap((each) => [each, each])
        .sort(),
    );
    const again = await runCache(args, environment);
    expect([again.code, again.stdout, again.stderr]).toEqual([
      1,
      '',
      `image-server: ${name}: nothing is cached of such an image.\n`,
    ]);
  });

  it('deletes everything', async () => {
    expect(JSON.parse(await done('delete-all-cached-images', '--force', '--json'))).toMatchObject({ variants: 8 });
    expect(await entryFiles(directory)).toEqual([]);
    expect(await done('delete-all-cached-images', '--force')).toBe('Deleted 0 variants, 0 infos: 0 B.\n');
  });

  it('counts what would be pruned, and makes no room by looking', async () => {
    environment['CACHE_SERVER_VARIANT_MAX_ENTRIES'] = '5';
    expect(JSON.parse(await done('prune', '--dry-run', '--json'))).toMatchObject({
      dryRun: true,
      steps: [{ step: 'bounds', removed: 4, failed: 0 }],
    });
    await done('list-cached', '--order', 'lastAccess');
    expect(await entryFiles(directory)).toHaveLength(8);
  });

  it('prunes as far as the bounds say', async () => {
    environment['CACHE_SERVER_VARIANT_MAX_ENTRIES'] = '5';
    expect(await done('prune')).toMatch(
      /^Step +Looked at +Removed +Size +Failed +Took\nbounds +4 +4 +[1-9][\d.]* KB +0 [^\n]*\nLeft: 4 entries, [\d.]+ KB\.\n$/,
    );
    expect(await entryFiles(directory)).toHaveLength(4);
  });

  it.each(['prune', 'sweep'])('tells all that %s has removed, by an index or none', async (command) => {
    environment['CACHE_SERVER_VARIANT_MAX_ENTRIES'] = '5';
    await rm(join(directory, 'index'), { recursive: true });
    for (const removed of [4, 0]) {
      const { steps } = JSON.parse(await done(command, '--json')) as {
        steps: readonly { readonly step: string; readonly removed: number; readonly bytes: number }[];
      };
      const bounds = steps.find(({ step }) => step === 'bounds');
      expect(bounds).toMatchObject({ removed, bytes: removed === 0 ? 0 : expect.any(Number) });
      expect(steps.reduce((sum, each) => sum + each.removed, 0)).toBe(removed);
      expect((bounds?.bytes ?? 0) > 0).toBe(removed > 0);
    }
    expect(await entryFiles(directory)).toHaveLength(4);
  });

  it('says that it has done nothing while another process sweeps', async () => {
    const { store } = await openFiles(directory);
    const turn = await store.leases?.take('sweep');
    expect(turn).toBeDefined();
    for (const args of [['sweep'], ['prune']]) {
      const { code, stdout, stderr } = await runCache(args, environment);
      expect([code, stdout, stderr]).toEqual([
        1,
        '',
        'image-server: Nothing has been done: another process is sweeping FilesystemCache; try again later.\n',
      ]);
    }
    await turn?.release();
    await store.close?.();
    await done('sweep');
  });

  it('cleans up and sweeps, and leaves entries alone', async () => {
    const steps = (text: string): unknown =>
      (JSON.parse(text) as { steps: { step: string }[] }).steps.map(({ step }) => step);
    expect(steps(await done('clean', '--json'))).toEqual(['abandoned', 'detritus', 'quarantine', 'trash']);
    expect(steps(await done('sweep', '--json'))).toEqual(expect.arrayContaining(['expired', 'reconcile', 'bounds']));
    expect(await entryFiles(directory)).toHaveLength(8);
  });

  it('tells what there is', async () => {
    environment['CACHE_SERVER_VARIANT_MAX_SIZE'] = '1GB';
    expect((await done('stats')).split('\n').map(cells)).toEqual([
      ['Kind', 'Entries', 'Size'],
      ['variants', '8', '35.2 KB'],
      ['infos', '0', '0 B'],
      ['originals', '0', '0 B'],
      ['May hold 1.0 GB.'],
      [''],
    ]);
    expect(JSON.parse(await done('stats', '--json'))).toMatchObject({
      usage: { variant: { entries: 8, bytes: 36_000 } },
      bounds: { maxSize: 1024 ** 3 },
    });
  });

  it('goes by a configuration file, named before or after the command', async () => {
    const file = join(place.path, 'server.yaml');
    await writeFile(
      file,
      `cache.server.variant: { enabled: true, implementation: FilesystemCache }\ncache.FilesystemCache.pathname: ${directory}\n`,
    );
    environment = {};
    for (const args of [
      ['cache', 'stats', '--json', '--config', file],
      ['--config', file, 'cache', 'stats', '--json'],
      [`--config=${file}`, 'cache', 'stats', '--json'],
    ]) {
      const { code, stdout } = await runServer({ args });
      expect([code, JSON.parse(stdout)]).toMatchObject([0, { usage: { variant: { entries: 8 } } }]);
    }
  });
});
