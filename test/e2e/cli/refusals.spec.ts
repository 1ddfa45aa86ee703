import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fillCache } from '../../support/command-line.js';
import { refused } from '../../support/refused-command.js';
import { makeDirectory, type TestDirectory } from '../../support/directories.js';
import { cachingIn, runServer } from '../../support/image-server.js';
import { giveAway, UNPRIVILEGED } from '../../support/unprivileged.js';

let place: TestDirectory;

beforeAll(async () => {
  place = await makeDirectory();
  await fillCache(join(place.path, 'cache'), ['a.tif']);
  await mkdir(join(place.path, 'images'));
  await mkdir(join(place.path, 'empty'));
  await mkdir(join(place.path, 'foreign'));
  await writeFile(join(place.path, 'foreign', 'letter.txt'), 'Dear Ms');
});

afterAll(() => place.remove());

const inDirectory = (name: string): Record<string, string> =>
  cachingIn(join(place.path, name), join(place.path, 'images'));

const NOWHERE = ['--server', 'http://127.0.0.1:1'];

describe('image-server cache refuses, in one line,', () => {
  it.each<[string[], unknown]>([
    [['frobnicate'], 'frobnicate: there is no such command; see image-server cache --help.'],
    [['list-cache'], 'list-cache: there is no such command; did you mean list-cached?'],
    [['help', 'list-cache'], 'list-cache: there is no such command; did you mean list-cached?'],
    [['frobnicate', '--help'], 'frobnicate: there is no such command; see image-server cache --help.'],
    [['list-cached', '--limit', '0'], '--limit: "0" is not a whole number from 1 to 1000.'],
    [['list-cached', '--limit', '5x'], '--limit: "5x" is not a whole number from 1 to 1000.'],
    [['list-cached', '--kind', 'tile'], '--kind: there is no "tile"; there are info, variant, source.'],
    [
      ['list-cached', '--order', 'name'],
      '--order: there is no "name"; there are id, lastAccess, hits, size, createdAt.',
    ],
    [['list-cached', '--after', ''], '--after: is empty; leave it out for the first page.'],
    [['list-cached', 'a.tif'], "too many arguments for 'list-cached'. Expected 0 arguments but got 1; see --help."],
    [['list-queued', '--state', 'x'], '--state: there is no "x"; there are queued, running, dead.'],
    [['queue-image'], "missing required argument 'identifier'; see --help."],
    [['queue-image', 'a.tif', '--priority', '1.5'], '--priority: "1.5" is not a whole number from -1000 to 1000.'],
    [['queue-image', 'a.tif', '--variant', ''], '--variant: is empty; write it as full/400,/0/default.jpg.'],
    [['queue-images', ...NOWHERE], 'Which images? Give one of --from, --folder and --manifest.'],
    [
      ['queue-images', ...NOWHERE, '--folder', 'a', '--from', 'b'],
      'Which images? Give one of --from, --folder and --manifest.',
    ],
    [['queue-images', ...NOWHERE, '--folder', 'a', '--base-uri', 'b'], '--base-uri: is for a --manifest.'],
    [
      ['queue-images', ...NOWHERE, '--manifest', 'package.json'],
      expect.stringMatching(/^--manifest: package\.json: The manifest shows no image /),
    ],
    [['queue-images', ...NOWHERE, '--manifest', 'README.md'], expect.stringMatching(/^--manifest: README\.md: .*JSON/)],
    [
      ['queue-images', ...NOWHERE, '--manifest', 'http://127.0.0.1:1/m.json'],
      expect.stringMatching(/^--manifest: http:\S+ cannot be had: /),
    ],
    [
      ['queue-images', ...NOWHERE, '--from', 'nowhere.txt'],
      expect.stringMatching(/^--from: nowhere\.txt cannot be read: /),
    ],
    [['delete-cached-image', '-f', '', ...NOWHERE], 'identifier: is empty; name an image.'],
    [['show'], "missing required argument 'identifier'; see --help."],
    [['show', '', ...NOWHERE], 'identifier: is empty; name an image.'],
    [['changed', ...NOWHERE], 'Which images? Name them, or give a list of them with --from.'],
    [['changed', 'a.tif', '--from', 'x', ...NOWHERE], 'Which images? Name them, or give a list of them with --from.'],
    [['retry', '', ...NOWHERE], 'identifier: is empty; name an image.'],
    [['configure', ...NOWHERE], "missing required argument 'options'; see --help."],
    [['configure', 'hot', ...NOWHERE], '"hot": is not KEY=VALUE, such as ttl.variant=30d.'],
    [['configure', '__proto__.hot=1', ...NOWHERE], '"__proto__.hot=1": is not KEY=VALUE, such as ttl.variant=30d.'],
    [
      ['configure', 'worker=false', 'worker.interval=1h', ...NOWHERE],
      'worker.interval: is given twice, or together with what it is a part of.',
    ],
    [['tasks'], 'Only a server that runs can be asked this; name it by --server or IMAGE_SERVER_URL.'],
    [
      ['configure', 'hot=1MB', '--config', 'server.yaml'],
      'Only a server that runs can be asked this; name it by --server or IMAGE_SERVER_URL.',
    ],
    [['delete-cached-image', '-f', '--weird id'], "unknown option '--weird id'; see --help."],
    [['delete-cached-image', 'a.tif'], 'Nobody is there to be asked whether to delete; say --force to delete without.'],
    [['delete-all-cached-images'], 'Nobody is there to be asked whether to delete; say --force to delete without.'],
    [['delete-queued-image', 'a.tif'], 'Nobody is there to be asked whether to delete; say --force to delete without.'],
    [['delete-all-queued-images'], 'Nobody is there to be asked whether to delete; say --force to delete without.'],
    [['sweep', '--dry-rum'], "unknown option '--dry-rum' (Did you mean --dry-run?); see --help."],
    [['stats', '--timeout', 'x'], '--timeout: "x" is not a whole number from 1 to 86400.'],
    [['stats', '--server', 'ftp://x'], '--server: "ftp://x" is no address such as http://127.0.0.1:8182.'],
    [
      ['stats', '--server', 'http://me:secret@127.0.0.1:1'],
      '--server: holds credentials, which others can read there; give --user and IMAGE_SERVER_SECRET.',
    ],
    [
      ['stats', '--server', 'http://127.0.0.1:1', '--config', 'x.yaml'],
      '--server and --config: name one of them; a server has its own configuration.',
    ],
    [
      ['stats', '--server', 'http://127.0.0.1:1', '--user', 'me'],
      '--user: needs a secret; set IMAGE_SERVER_SECRET, or name a --secret-file.',
    ],
    [
      ['delete-cached-image', '-f', '..', '--server', 'http://127.0.0.1:1'],
      '..: cannot be named to a server; there is no such image.',
    ],
    [['stats'], 'No cache is configured; name a server (--server) or the configuration of one (--config).'],
  ])('%j', async (args, line) => {
    expect(await refused(args)).toEqual(line);
  });

  it('a secret that cannot be read', async () => {
    const args = ['stats', '--server', 'http://127.0.0.1:1', '--secret-file'];
    expect(await refused([...args, '/nowhere'])).toMatch(/^--secret-file: \/nowhere cannot be read: ENOENT/);
    await writeFile(join(place.path, 'secret'), '\n');
    expect(await refused([...args, join(place.path, 'secret')])).toMatch(/^--secret-file: \S+ is empty\.$/);
  });

  it('a directory that is not there, and does not make it', async () => {
    const line = await refused(['stats'], inDirectory('nowhere'));
    expect(line).toBe(`cache.FilesystemCache.pathname: ${place.path}/nowhere is not there; nothing is cached there.`);
    expect(await refused(['sweep'], inDirectory('nowhere'))).toBe(line);
  });

  it('a directory that is no cache', async () => {
    expect(await refused(['sweep'], inDirectory('empty'))).toMatch(/empty is empty; no server has cached there yet\.$/);
    expect(await refused(['delete-all-cached-images', '-f'], inDirectory('foreign'))).toMatch(
      /^filesystemStore\.directory: \S+foreign is refused: it holds files that are not the cache's \(letter\.txt\)/,
    );
    expect(await refused(['sweep'], inDirectory('foreign/letter.txt'))).toMatch(/letter\.txt cannot be read: ENOTDIR/);
  });

  it('a cache in the memory of a server', async () => {
    const environment = { CACHE_SERVER_VARIANT_ENABLED: 'true', CACHE_SERVER_VARIANT_IMPLEMENTATION: 'HeapCache' };
    expect(await refused(['stats'], environment)).toBe(
      'A HeapCache is in the memory of its server; name the server (--server).',
    );
  });

  it('a configuration that is wrong', async () => {
    expect(await refused(['stats', '--config', '/nowhere.yaml'])).toMatch(/^\/nowhere\.yaml: the configuration/);
  });

  it('a directory that may not be written', async () => {
    await giveAway(place.path);
    await chmod(join(place.path, 'cache'), 0o555);
    const { code, stderr } = await runServer({
      args: ['cache', 'delete-cached-image', '-f', 'a.tif'],
      environment: inDirectory('cache'),
      under: UNPRIVILEGED,
    });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^image-server: FilesystemCache open: EACCES: permission denied[^\n]*\.\n$/),
    ]);
  });
});
