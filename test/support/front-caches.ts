import type { describe } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDirectory, type TestDirectory } from './directories.js';
import { freePort } from './free-port.js';
import { openRequest, type Answer, type Asked } from './http-client.js';
import { describeWith, findProgram, startServer } from './server-process.js';

/** A cache in front of an application. */
export interface FrontCache {
  readonly port: number;
  /** Asks on the host that the examples are for, unless the headers say another. */
  get(path: string, headers?: Asked['headers']): Promise<Answer>;
  request(method: string, path: string, headers?: Asked['headers']): Promise<Answer>;
  /** Ends it and takes away what it leaves behind. */
  stop(): Promise<void>;
}

/** A program that caches in front of others. */
export interface FrontProgram {
  readonly name: 'nginx' | 'varnish';
  /** Describes what needs the program. */
  readonly describe: typeof describe.skip;
  /** Starts it, configured as in the guide, in front of what listens on a port. */
  start(origin: number): Promise<FrontCache>;
}

/** The host that the examples are for. */
export const HOST = 'images.example.org';

const nginx = findProgram('nginx');
const varnishd = findProgram('varnishd');

/** Describes what needs nginx. */
export const describeWithNginx = describeWith('nginx', nginx, 'nginx');

export const FRONTS: readonly FrontProgram[] = [
  { name: 'nginx', describe: describeWithNginx, start: startNginx },
  { name: 'varnish', describe: describeWith('Varnish', varnishd, 'varnish'), start: startVarnish },
];

/** What the example does not say: that nothing goes to the places of the system, and no other user is needed. */
function nginxSettings(directory: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    worker_processes 1;
    pid ${directory}/pid;
    events {}
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join('\n')}
      include ${directory}/example.conf;
    }`;
}

async function startNginx(origin: number): Promise<FrontCache> {
  const directory = await makeDirectory();
  const port = await freePort();
  const example = await exampleWith('nginx.conf', {
    '/var/cache/nginx/images': join(directory.path, 'cache'),
    '127.0.0.1:8182': `127.0.0.1:${origin}`,
    'listen 80 ': `listen 127.0.0.1:${port} `,
    'listen 80;': `listen 127.0.0.1:${port};`,
  });
  return runNginx(example, { directory, port });
}

/** Starts nginx in front of two servers, configured as in the guide. Whoever calls this stops it. */
export async function startBalancer(origins: readonly [number, number]): Promise<FrontCache> {
  const directory = await makeDirectory();
  const port = await freePort();
  const example = await exampleWith('nginx-two-servers.conf', {
    '127.0.0.1:8182': `127.0.0.1:${origins[0]}`,
    '127.0.0.1:8183': `127.0.0.1:${origins[1]}`,
    'listen 80;': `listen 127.0.0.1:${port};`,
  });
  return runNginx(example, { directory, port });
}

async function runNginx(
  example: string,
  { directory, port }: { readonly directory: TestDirectory; readonly port: number },
): Promise<FrontCache> {
  const main = join(directory.path, 'main.conf');
  await writeFile(join(directory.path, 'example.conf'), example);
  await writeFile(main, nginxSettings(directory.path));
  const settings = 'daemon off; error_log stderr notice;';
  const server = await startServer(
    [nginx ?? '', '-p', directory.path, '-e', 'stderr', '-c', main, '-g', settings],
    'start worker process ',
  );
  return frontAt(port, async () => {
    await server.end('SIGTERM');
    await directory.remove();
  });
}

async function startVarnish(origin: number): Promise<FrontCache> {
  // It loads a library that it makes here: memory may be mounted without that.
  const directory = await makeDirectory(tmpdir());
  const port = await freePort();
  const path = join(directory.path, 'example.vcl');
  await writeFile(path, await exampleWith('varnish.vcl', { '"8182"': `"${origin}"` }));
  const places = ['-n', join(directory.path, 'work'), '-f', path, '-s', 'malloc,64m', '-T', 'none'];
  const server = await startServer(
    [varnishd ?? '', '-F', '-j', 'none', '-a', `127.0.0.1:${port}`, ...places],
    'Child starts',
  );
  return frontAt(port, async () => {
    await server.end('SIGTERM');
    await directory.remove();
  });
}

/** An example of the guide, with other places. */
async function exampleWith(name: string, places: Readonly<Record<string, string>>): Promise<string> {
  let text = await readFile(join('docs', 'examples', name), 'utf8');
  for (const [place, other] of Object.entries(places)) {
    if (text.split(place).length !== 2) throw new Error(`${name} does not say ${place} once.`);
    text = text.replace(place, other);
  }
  return text;
}

function frontAt(port: number, stop: () => Promise<void>): FrontCache {
  const request: FrontCache['request'] = (method, path, headers = {}) =>
    openRequest(port, path, { method, headers: { host: HOST, ...headers } }).answer;
  return { port, request, get: (path, headers) => request('GET', path, headers), stop };
}
