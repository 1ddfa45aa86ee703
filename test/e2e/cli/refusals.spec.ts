import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { fillCache, runCache } from '../../support/command-line.js';
import { makeDirectory, type TestDirectory } from '../../support/directories.js';
import { freePort } from '../../support/free-port.js';
import { cachingIn, runServer } from '../../support/image-server.js';

/** Root may do everything; this user may not. */
const NOBODY = 65_534;

const IS_ROOT = process.getuid?.() === 0;

let place: TestDirectory;

beforeAll(async () => {
  place = await makeDirectory();
  await fillCache(join(place.path, 'cache'), ['a.tif']);
  await mkdir(join(place.path, 'empty'));
  await mkdir(join(place.path, 'foreign'));
  await writeFile(join(place.path, 'foreign', 'letter.txt'), 'Dear Ms');
});

afterAll(() => place.remove());

const inDirectory = (name: string): Record<string, string> => cachingIn(join(place.path, name), place.path);

/** A refusal is one line on the standard error. */
async function refused(args: readonly string[], environment: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await runCache(args, environment);
  expect({ code, stdout, lines: stderr.split('\n').length, end: stderr.at(-1) }).toEqual({
    code: 1,
    stdout: '',
    lines: 2,
    end: '\n',
  });
  return stderr.trimEnd().replace(/^image-server: /, '');
}

const NOWHERE = ['--server', 'http://127.0.0.1:1'];

describe('image-server cache refuses, in one line,', () => {
  it.each<[string[], unknown]>([
    [['frobnicate'], 'frobnicate: there is no such command; see image-server cache --help.'],
    [['list-cache'], 'list-cache: there is no such command; did you mean list-cached?'],
    [['list-cached', '--limit', '0'], '--limit: "0" is not a whole number from 1 to 1000.'],
    [['list-cached', '--limit', '5x'], '--limit: "5x" is not a whole number from 1 to 1000.'],
    [['list-cached', '--kind', 'tile'], '--kind: there is no "tile"; there are info, variant, source.'],
    [['list-cached', '--order', 'size'], '--order: there is no "size"; there are id, lastAccess.'],
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
    [['delete-cached-image', '-f', ''], 'identifier: is empty; name an image.'],
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

  if (IS_ROOT)
    it('a directory that may not be written', async () => {
      await chown(place.path, NOBODY, NOBODY);
      await chmod(join(place.path, 'cache'), 0o555);
      const { code, stderr } = await runServer({
        args: ['cache', 'delete-cached-image', '-f', 'a.tif'],
        environment: inDirectory('cache'),
        under: ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'],
      });
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/^image-server: FilesystemCache open: EACCES: permission denied[^\n]*\.\n$/),
      ]);
    });
});

describe('image-server cache, where the server is none,', () => {
  const servers: Server[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function serve(listener: RequestListener): Promise<Record<string, string>> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return { IMAGE_SERVER_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
  }

  it('says that nobody is there', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    expect(await refused(['list-cached', '--server', url])).toMatch(
      new RegExp(String.raw`^${url}: cannot be reached: connect ECONNREFUSED 127\.0\.0\.1:\d+\.$`),
    );
  });

  it.each([
    ['one that never answers', () => undefined],
    ['one that stops in the middle', (_request, response) => void response.write('{"entries":[')],
  ] as readonly (readonly [string, RequestListener])[])(
    'waits no longer than it is told to for %s',
    async (_, listener) => {
      const environment = await serve(listener);
      expect(await refused(['list-cached', '--timeout', '1'], environment)).toBe(
        `${environment['IMAGE_SERVER_URL']?.slice(0, -1)}: did not answer within 1 s; --timeout gives it longer.`,
      );
    },
  );

  it.each([
    ['another page', 200, '<html>', / answers, but not as an image server does; is it one\?$/],
    [
      'other JSON',
      200,
      '{"ok":true}',
      /^The server answers, but not as an image server does; is it another version\?$/,
    ],
    ['other entries', 200, '{"entries":[{}]}', /^The server answers, but not as an image server does/],
    ['nothing', 404, '{"message":"Cannot GET"}', / has no admin API \(404\); endpoint\.api\.enabled switches it on\.$/],
    ['a refusal', 403, '{"message":"Not from here."}', / answered 403: Not from here\.$/],
    ['an error that acts on terminals', 500, '{"message":"\\u001b[2Jgone"}', / answered 500: \\u001b\[2Jgone$/],
    ['an error of somebody else', 502, 'Bad gateway', / answered 502$/],
  ])('tells of %s', async (_, status, body, line) => {
    const environment = await serve((_request, response) => response.writeHead(status).end(body));
    expect(await refused(['list-cached'], environment)).toMatch(line);
  });

  it('sends no credentials elsewhere', async () => {
    const asked: (string | undefined)[] = [];
    const elsewhere = await serve((request, response) => {
      asked.push(request.headers.authorization);
      response.end('{}');
    });
    const location = `${elsewhere['IMAGE_SERVER_URL'] ?? ''}admin/cache`;
    const environment = await serve((_request, response) => response.writeHead(302, { location }).end());
    expect(await refused(['stats'], { ...environment, IMAGE_SERVER_SECRET: 'hunter2' })).toMatch(
      / leads to http:\S+; name the address of the server itself\.$/,
    );
    expect(asked).toEqual([]);
  });

  it('reads no more than an image server would tell', async () => {
    const environment = await serve((_request, response) => {
      response.on('close', () => (closed = true));
      const write = (): void => {
        while (!closed && response.write(Buffer.alloc(1024 ** 2, ' ')));
        if (!closed) response.once('drain', write);
      };
      let closed = false;
      write();
    });
    expect(await refused(['stats'], environment)).toMatch(
      /: the answer is longer than \d+ bytes; is it an image server\?$/,
    );
  });
});
