import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { escapingTargets, FOREIGN_FILES, nonsensicalTargets, ODD_TARGETS } from '../support/hostile-targets.js';
import { cachingIn, startServer, type RunningServer } from '../support/image-server.js';
import { canTrace } from '../support/needs.js';
import { makeImages, type TestImages } from '../support/samples.js';

/** Whatever opens a file or a directory. */
const TRACED = '--trace=?open,openat,?openat2';

const CANARY = 'c4n4ry-5ing5';

/** What came back over a connection, byte for byte. */
interface RawAnswer {
  readonly target: string;
  readonly text: string;
}

let images: TestImages;
let server: RunningServer;

/** A source with everything in it that nobody is to get, and a picture beside it. */
beforeAll(async () => {
  images = await makeImages();
  const { path, source } = images;
  const canary = sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } });
  await writeFile(
    join(path, 'canary.png'),
    await canary
      .withExif({ IFD0: { Copyright: CANARY } })
      .png()
      .toBuffer(),
  );
  await copyFile(join(path, 'canary.png'), join(source, '.hidden.png'));
  await symlink(join(path, 'canary.png'), join(source, 'link.png'));
  await symlink(path, join(source, 'linked'));
  await mkdir(join(source, 'folder.png'));
  await writeFile(join(source, 'page.html'), `<script>${CANARY}</script>`);
  await writeFile(join(source, 'drawing.svg'), `<svg xmlns="http://www.w3.org/2000/svg"><text>${CANARY}</text></svg>`);
  await writeFile(join(source, 'empty.png'), '');
  await writeFile(join(source, 'broken.tif'), Buffer.from('49492a0008000000ffff', 'hex'));
  execFileSync('mkfifo', [join(source, 'pipe.png')]);
  server = await startServer({ environment: cachingIn(images.cache, images.source), isShared: true });
});

afterAll(async () => {
  expect(await server.end()).toMatchObject({ code: 0, stderr: '' });
  await images.remove();
});

describe('Hostile requests', () => {
  const targets = [...escapingTargets(), ...FOREIGN_FILES, ...nonsensicalTargets(), ...ODD_TARGETS];

  it('are more than 500 different ones', () => {
    expect(new Set(targets).size).toBeGreaterThan(500);
  });

  it('are all refused with a reason of one line, and get nothing of any file', async () => {
    const answers = await inTurns(targets, (target) => send(`GET ${target} HTTP/1.1\r\n${HEADERS}`, { target }));
    expect(answers.flatMap(objectionsTo)).toEqual([]);
    expect((await server.get('/health')).status).toBe(200);
  }, 300_000);

  if (canTrace())
    it('open nothing but what is in the source and in the cache', async () => {
      const trace = join(images.path, 'trace');
      const traced = await startServer({
        environment: cachingIn(images.cache, images.source),
        under: ['strace', '--daemonize', '--follow-forks', '--decode-fds=path', TRACED, `--output=${trace}`],
      });
      // From here on, all that a server loads for its work is there.
      expect((await traced.get('/iiif/3/maps%2Falpha.png/full/max/0/default.jpg')).status).toBe(200);
      await inTurns(targets, (target) => send(`GET ${target} HTTP/1.1\r\n${HEADERS}`, { port: traced.port }));
      await traced.end();
      const calls = (await readFile(trace, 'utf8')).split('\n');
      const after = calls.slice(calls.findLastIndex((call) => call.includes('alpha.png')) + 1);
      const opened = after.flatMap((call) => / = \d+<([^>]*)>/.exec(call)?.[1] ?? []);
      expect(opened.filter((path) => path.startsWith(`${images.source}/`)).length).toBeGreaterThan(0);
      // Whether the holder of a lease is alive is asked of the system.
      const roots = [images.source, images.cache, '/proc'].map((root) => `${root}/`);
      expect(opened.filter((path) => !roots.some((root) => `${path}/`.startsWith(root)))).toEqual([]);
    }, 300_000);

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'CONNECT', 'PROPFIND', 'BREW'])(
    'with the method %s are refused',
    async (method) => {
      const request = `${method} /iiif/3/tiled.tif/info.json HTTP/1.1\r\n${HEADERS}`;
      const { text } = await send(request, { target: method });
      // A tunnel is not refused in words.
      if (method === 'CONNECT') expect(text).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
      else expect(objectionsTo({ target: method, text })).toEqual([]);
    },
  );

  it.each([
    ['no request at all', 'what?\r\n\r\n'],
    ['headers without end', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['two lengths', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a header with a NUL', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\u0000b\r\n\r\n'],
    [
      'a large body',
      `POST /iiif/3/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5000\r\n\r\n${'x'.repeat(5000)}`,
    ],
  ])('that are %s are refused', async (_, bytes) => {
    const answer = await send(bytes, { target: bytes.slice(0, 40) });
    expect(objectionsTo(answer)).toEqual([]);
  });
});

describe('The base URI', () => {
  it.each(['..%2f..%2fetc%2fpasswd', 'a%0d%0aSet-Cookie:%20a=b', '%3Cscript%3E', 'a%22b'])(
    'of %s leads to nothing but its own document',
    async (identifier) => {
      const { text } = await send(`GET /iiif/3/${identifier} HTTP/1.1\r\n${HEADERS}`);
      expect(text).toMatch(/^HTTP\/1\.1 (303|4\d\d) /);
      expect(text).not.toMatch(/^set-cookie/im);
      const [, location = `${server.url}/iiif/3/`] = /^location: (.*)\r$/im.exec(text) ?? [];
      expect(location.startsWith('http://localhost/iiif/3/') || location.startsWith(`${server.url}/iiif/3/`)).toBe(
        true,
      );
    },
  );
});

describe('The Host header', () => {
  const idOf = async ({ port }: RunningServer, headers: string): Promise<string> => {
    const { text } = await send(`GET /iiif/3/tiled.tif/info.json HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`, {
      port,
    });
    const [, body = '{}'] = text.split('\r\n\r\n');
    const { id, message } = JSON.parse(body) as { readonly id?: string; readonly message?: string };
    return id ?? message ?? '';
  };

  it.each([
    'evil.example/path',
    'evil.example"><script>',
    'user@evil.example',
    'evil.example#',
    'a b',
    '',
    'x:999999',
    '[::1',
  ])('is refused when it is %j', async (host) => {
    expect(await idOf(server, `Host: ${host}\r\n`)).toBe('The Host header does not name a host.');
  });

  it('is the one that counts, unless a proxy is trusted', async () => {
    const headers = 'Host: images.example:81\r\nX-Forwarded-Host: other.example\r\nX-Forwarded-Proto: https\r\n';
    expect(await idOf(server, headers)).toBe('http://images.example:81/iiif/3/tiled.tif');
    const caching = cachingIn(images.cache, images.source);
    const trusting = await startServer({ environment: { ...caching, TRUST_PROXY: 'true' } });
    expect(await idOf(trusting, headers)).toBe('https://other.example/iiif/3/tiled.tif');
    const fixed = await startServer({
      environment: { ...caching, TRUST_PROXY: 'true', BASE_URI: 'https://museum.example/images/' },
    });
    expect(await idOf(fixed, headers)).toBe('https://museum.example/images/iiif/3/tiled.tif');
  });
});

const HEADERS = 'Host: localhost\r\nConnection: close\r\n\r\n';

/** Sends bytes as they are and reads until the connection ends. */
function send(bytes: string, { port = server.port, target = bytes } = {}): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(Buffer.from(bytes, 'latin1'));
    });
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += String(chunk);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve({ target, text });
    });
  });
}

async function inTurns<T, R>(all: readonly T[], act: (each: T) => Promise<R>): Promise<R[]> {
  const waiting = all.values();
  const results: R[] = [];
  const lane = async (): Promise<void> => {
    for (const each of waiting) results.push(await act(each));
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  return results;
}

/** What is wrong with an answer to a hostile request; nothing when it is a refusal as it should be. */
function objectionsTo({ target, text }: RawAnswer): string[] {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const body = rest.join('\r\n\r\n').replace(/^[0-9a-f]+\r\n([\s\S]*)\r\n0\r\n(\r\n)?$/, '$1');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
  const objections = [
    [status >= 400 && status < 500, `status ${status}`],
    [isOneLineProblem(body, status), `body ${JSON.stringify(body.slice(0, 80))}`],
    [/^access-control-allow-origin: \*$/im.test(head), 'no CORS header'],
    [/^content-type: application\/json; charset=utf-8$/im.test(head), 'no JSON'],
    [/^cache-control: no-cache, no-store, must-revalidate$/im.test(head), 'may be kept'],
    [!/^set-cookie|^x-y/im.test(head), 'injected a header'],
    [!/root:|c4n4ry|"workspaces"|PATH=/.test(text), 'content of a file'],
  ] as const;
  return objections.flatMap(([isFine, what]) => (isFine ? [] : [`${target.slice(0, 100)}: ${what}`]));
}

function isOneLineProblem(body: string, status: number): boolean {
  try {
    const problem = JSON.parse(body) as { readonly statusCode?: unknown; readonly message?: unknown };
    const { statusCode, message } = problem;
    return statusCode === status && typeof message === 'string' && !/[\r\n]/.test(message) && !body.includes('\n');
  } catch {
    return false;
  }
}
