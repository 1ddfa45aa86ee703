import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHED, fillCache, onTerminal, runCache } from '../../support/command-line.js';
import { makeDirectory, type TestDirectory } from '../../support/directories.js';
import { entryFiles } from '../../support/filesystem-store.js';
import { cachingIn } from '../../support/image-server.js';

const QUESTION = 'Delete everything that is cached: 8 variants, 0 infos (35.2 KB)? [y/N] ';

let place: TestDirectory;
let environment: Record<string, string>;

beforeEach(async () => {
  place = await makeDirectory();
  await mkdir(join(place.path, 'images'));
  await fillCache(join(place.path, 'cache'));
  environment = cachingIn(join(place.path, 'cache'), join(place.path, 'images'));
});

afterEach(() => place.remove());

const left = async (): Promise<number> => (await entryFiles(join(place.path, 'cache'))).length;

describe('image-server cache at a terminal', () => {
  it.each(['y', 'YES'])('deletes when it is told to with %s, after a warning', async (answer) => {
    const { code, screen } = await onTerminal(['delete-all-cached-images'], environment, [
      { when: QUESTION, type: `${answer}\r` },
    ]);
    expect(code).toBe(0);
    expect(screen).toContain('Warning: the next request for every image goes to the source');
    expect(screen).toContain('Deleted 8 variants, 0 infos: ');
    expect(await left()).toBe(0);
  });

  it.each([
    ['n', 'n\r'],
    ['nothing', '\r'],
    ['something else', 'yellow\r'],
    ['the end of the input', '\u0004'],
  ])('deletes nothing after %s', async (_, type) => {
    const { code, screen } = await onTerminal(['delete-all-cached-images'], environment, [{ when: QUESTION, type }]);
    expect([code, await left()]).toEqual([0, 2 * CACHED.length]);
    expect(screen).toContain('Nothing has been deleted.');
  });

  it('deletes nothing when it is interrupted', async () => {
    const { code, screen } = await onTerminal(['delete-all-cached-images'], environment, [
      { when: QUESTION, type: '\u0003' },
    ]);
    expect([code, await left()]).toEqual([130, 2 * CACHED.length]);
    expect(screen).toContain('image-server: interrupted.');
  });

  it('asks about the image that is named, so that it can be read', async () => {
    const { screen } = await onTerminal(['delete-cached-image', 'red\u001b[31m.jpg'], environment, [
      { when: '[y/N]', type: 'y\r' },
    ]);
    expect(screen).toContain(
      String.raw`Delete all that is cached of red\u001b[31m.jpg: 2 variants, 0 infos (8.8 KB)? [y/N]`,
    );
    expect(await left()).toBe(6);
  });

  it('asks nothing when it is forced', async () => {
    const { code, screen } = await onTerminal(['delete-all-cached-images', '-f'], environment);
    expect([code, await left()]).toEqual([0, 0]);
    expect(screen).not.toContain('[y/N]');
  });

  it('draws the lines of tables, and progress that goes when it is done', async () => {
    const { code, screen } = await onTerminal(['sweep'], environment);
    expect(code).toBe(0);
    expect(screen).toMatch(/Sweeping .*scrub/s);
    expect(screen).toMatch(/│ Step +│ Looked at │/);
    // The cursor is back.
    expect(screen.lastIndexOf('\u001b[?25h')).toBeGreaterThan(screen.lastIndexOf('\u001b[?25l'));
  });

  it('cuts texts of tables so that they fit, and none that goes to a program', async () => {
    const long = `${'deep/'.repeat(30)}end.tif`;
    await fillCache(join(place.path, 'cache'), [long]);
    const { screen } = await onTerminal(['list-cached'], environment, [], { columns: 110 });
    const lines = screen.split('\r\n').filter((line) => line !== '');
    expect(lines.map(({ length }) => length)).toEqual(lines.map(() => 110));
    expect(screen).toMatch(/│ deep\/deep\/\S*… │/);
    expect((await runCache(['list-cached'], environment)).stdout).toContain(long);
  });

  it('shows no progress beside JSON', async () => {
    const { screen } = await onTerminal(['sweep', '--json'], environment);
    expect(JSON.parse(screen)).toMatchObject({ aborted: false });
  });
});
