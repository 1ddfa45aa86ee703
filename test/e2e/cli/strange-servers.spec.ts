import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort } from '../../support/free-port.js';
import { refused } from '../../support/refused-command.js';

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

  it('says when to try again, in one sentence', async () => {
    const body = '{"message":"Too many wrong credentials."}';
    const environment = await serve((_request, response) => response.writeHead(429, { 'retry-after': '60' }).end(body));
    expect(await refused(['stats'], environment)).toMatch(
      / answered 429: Too many wrong credentials; try again in 60 s$/,
    );
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
