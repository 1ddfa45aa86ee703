import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  newProcessId,
  ProcessFiles,
  type ProcessRecord,
} from '../../../../../libs/image-cache/src/observability/history/process-files.js';
import { makeDirectory, type TestDirectory } from '../../../../support/directories.js';

const DAY = 86_400_000;

const NOW = Date.UTC(2024, 0, 10);

const recordOf = (id: string): ProcessRecord => {
  const told = { id, startedAt: NOW, at: NOW, ended: true, columns: 'a' };
  return { version: 1, ...told, fine: [], coarse: [], top: [] };
};

describe('Files of processes', () => {
  const own = newProcessId();
  const other = newProcessId();
  let directory: TestDirectory;
  let files: ProcessFiles;

  beforeEach(async () => {
    directory = await makeDirectory();
    files = new ProcessFiles(directory.path, 2 * DAY);
  });

  afterEach(() => directory.remove());

  const at = (name: string): string => join(directory.path, name);

  /** Says that they were written before so many days. */
  async function age(days: number, ...names: readonly string[]): Promise<void> {
    const time = (NOW - days * DAY) / 1000;
    for (const name of names) await utimes(at(name), time, time);
  }

  async function readOthers(): Promise<readonly string[]> {
    return (await files.readOthers(own, NOW)).map(({ id }) => id);
  }

  it('are read by the others until nobody asks for them any more, and removed then', async () => {
    await files.write(recordOf(other));
    await age(1, `${other}.json`);
    expect(await readOthers()).toEqual([other]);
    await age(3, `${other}.json`);
    expect([await readOthers(), await readdir(directory.path)]).toEqual([[], []]);
  });

  it('go, too, where a process was killed while it wrote', async () => {
    await writeFile(at(`${other}.json.tmp`), '{"version":1,"id"');
    await age(1, `${other}.json.tmp`);
    expect([await readOthers(), await readdir(directory.path)]).toEqual([[], [`${other}.json.tmp`]]);
    await age(3, `${other}.json.tmp`);
    expect([await readOthers(), await readdir(directory.path)]).toEqual([[], []]);
  });

  it.each([
    ['manifest.json', '{"@context":"http://iiif.io/api/presentation/3/context.json"}'],
    ['maps.json', JSON.stringify(recordOf('maps'))],
    ['maps.json.tmp', ''],
    ['map-1-x.json', JSON.stringify(recordOf('map-1-x'))],
    ['map-1623-0a1b2c3d.json', '{"year":1623}'],
    ['map-1623-0a1b2c3d.json', ''],
    ['map-1623-0a1b2c3d.json', JSON.stringify(recordOf(other))],
  ])('of others stay, however old they are: %s with %s', async (name, content) => {
    await writeFile(at(name), content);
    await age(5, name);
    expect([await readOthers(), await readdir(directory.path)]).toEqual([[], [name]]);
  });

  it('are files, and neither directories nor links', async () => {
    const names = [`${other}.json`, `${other}.json.tmp`, `${newProcessId()}.json`];
    const [folder = '', unfinished = '', link = ''] = names;
    await mkdir(at('there'));
    await mkdir(at(folder));
    await mkdir(at(unfinished));
    await symlink(at('there'), at(link));
    await age(5, folder, unfinished, 'there');
    expect(await readOthers()).toEqual([]);
    expect((await readdir(directory.path)).sort()).toEqual([...names, 'there'].sort());
  });
});
