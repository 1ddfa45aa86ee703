import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { runChild, type Child } from '../support/child-process.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { entryFiles } from '../support/filesystem-store.js';
import { giveAway, UNPRIVILEGED } from '../support/unprivileged.js';

const LIMITS = `set -- ${UNPRIVILEGED.join(' ')} "$@"`;

/** What the process tells when all is well: one picture is kept, another one is made, stored, and evicted. */
const WELL = {
  kept: 'hit right',
  made: 'miss right',
  unwritten: 0,
  evicted: 'done',
  swept: true,
  health: 'done',
  incidents: [] as string[],
};

const UNAVAILABLE = 'E_IMAGE_CACHE_STORE_UNAVAILABLE';

const UNWELL = { health: UNAVAILABLE };

/** What is denied, how, and what the process tells then. */
const DENIALS: readonly (readonly [string, (file: string) => string, number, object])[] = [
  ['the file of the picture cannot be read', (file) => file, 0, { kept: 'miss right' }],
  [
    'the directory of the image cannot be used',
    dirname,
    0,
    { kept: 'miss right', unwritten: 1, swept: false, incidents: ['leftover'] },
  ],
  ['the directory of the image cannot be written', dirname, 0o555, {}],
  ['the tree cannot be written', () => 'image', 0o555, { ...UNWELL, unwritten: 1 }],
  [
    'the tree cannot be used',
    () => 'image',
    0,
    {
      ...UNWELL,
      kept: 'miss right',
      unwritten: 2,
      evicted: UNAVAILABLE,
      swept: false,
      incidents: ['leftover'],
    },
  ],
  ['the root cannot be written', () => '', 0o555, UNWELL],
  ['the marker cannot be read', () => 'image-cache.json', 0, { ...UNWELL, unwritten: 1 }],
  ['the list of evictions cannot be used', () => 'evictions.log', 0, { ...UNWELL, evicted: UNAVAILABLE }],
  ['the list of evictions cannot be written', () => 'evictions.log', 0o444, { ...UNWELL, evicted: UNAVAILABLE }],
  ['the trash cannot be used', () => 'trash', 0, { ...UNWELL, evicted: UNAVAILABLE }],
  ['the leases cannot be used', () => 'leases', 0, UNWELL],
];

describe('a cache that is denied its files', () => {
  let directory: TestDirectory;
  let root: string;
  let child: Child;
  /** Of the picture that is kept. */
  let file: string;

  const start = async (): Promise<unknown> => {
    child = runChild('faults/scenarios/unprivileged-process.ts', [root], { limits: LIMITS });
    return child.next();
  };

  const stop = async (): Promise<void> => {
    child.process.stdin?.end();
    await child.end();
  };

  const round = async (name: string): Promise<unknown> => {
    child.tell(name);
    return child.next();
  };

  beforeAll(async () => {
    directory = await makeDirectory();
    root = join(directory.path, 'cache');
    await mkdir(root);
    await giveAway(directory.path, root);
    expect(await start()).toEqual({ incidents: [] });
    [file = ''] = await entryFiles(root);
    expect(await round('first')).toEqual(WELL);
  });

  afterAll(async () => {
    await stop();
    await directory.remove();
  });

  it.each(DENIALS)('goes on while %s, and is well when it can be used again', async (name, place, mode, told) => {
    const path = resolve(root, place(file));
    const { mode: before } = await stat(path);
    await chmod(path, mode);
    expect(await round(name)).toEqual({ ...WELL, ...told });
    // A file that cannot be read is replaced by one that can.
    if (path !== file) await chmod(path, before);
    expect(await round(`${name} no more`)).toEqual(WELL);
  });

  it('replaces a damaged file that it cannot set aside', async () => {
    const quarantine = join(root, 'quarantine');
    await mkdir(quarantine, { mode: 0o555 });
    await writeFile(file, 'damaged');
    expect(await round('damaged')).toEqual({ ...WELL, ...UNWELL, kept: 'miss right', incidents: ['unreadable'] });
    await chmod(quarantine, 0o777);
    expect(await round('damaged no more')).toEqual(WELL);
  });

  it('does without an index that it may not write, and says so', async () => {
    await stop();
    await chmod(join(root, 'index'), 0);
    expect(await start()).toEqual({ incidents: ['unindexed'] });
    expect(await round('without index')).toEqual(WELL);
    await stop();
    await chmod(join(root, 'index'), 0o755);
    expect(await start()).toEqual({ incidents: [] });
  });
});
