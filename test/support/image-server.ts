import { afterEach } from '@jest/globals';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { openRequest, type Answer, type Asked, type OpenRequest } from './http-client.js';

/** The command that starts the image server. */
export const IMAGE_SERVER = 'apps/image-server/bin/image-server.cjs';

/** How a process has ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How the image server is started. */
export interface ServerStart {
  /** Environment variables; nothing else is taken over from this process. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Working directory. @default the repository */
  readonly directory?: string;
  /** A program that runs the server, such as a tracer, with its arguments. */
  readonly under?: readonly string[];
  /** Whether the server is for several tests; whoever starts it ends it. @default false */
  readonly isShared?: boolean;
}

/** An image server in a process of its own. */
export interface RunningServer {
  readonly port: number;
  readonly pid: number;
  readonly url: string;
  get(path: string, headers?: Asked['headers']): Promise<Answer>;
  request(method: string, path: string, headers?: Asked['headers']): Promise<Answer>;
  /** A request whose client can leave. */
  open(path: string, asked?: Asked): OpenRequest;
  kill(signal: NodeJS.Signals): void;
  /** Sends a signal and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<Ended>;
  readonly ended: Promise<Ended>;
}

const processes = new Set<ChildProcessWithoutNullStreams>();

afterEach(async () => {
  for (const child of processes) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

/** Runs the image server to its end. */
export function runServer(start: ServerStart): Promise<Ended> {
  return launch(start).ended;
}

/** Starts the image server on a port that is free; unless it is shared, it is killed after the test. */
export async function startServer(start: ServerStart): Promise<RunningServer> {
  const { child, ended } = launch(start);
  const url = await Promise.race([addressOf(child), ended.then(failedToStart)]);
  const port = Number(new URL(url).port);
  const request = (method: string, path: string, headers: Asked['headers'] = {}): Promise<Answer> =>
    openRequest(port, path, { method, headers }).answer;
  return {
    port,
    pid: child.pid ?? 0,
    url,
    ended,
    request,
    get: (path, headers) => request('GET', path, headers),
    open: (path, asked) => openRequest(port, path, asked),
    kill: (signal) => child.kill(signal),
    end: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}

/** The environment of a server that caches in a directory. */
export function cachingIn(directory: string, source: string): Record<string, string> {
  return {
    SOURCE_FILESYSTEMSOURCE_PATHNAME: source,
    CACHE_SERVER_VARIANT_ENABLED: 'true',
    CACHE_SERVER_VARIANT_IMPLEMENTATION: 'FilesystemCache',
    CACHE_FILESYSTEMCACHE_PATHNAME: directory,
  };
}

/** … and prefetches a variant of what is queued, when somebody says so. */
export function prefetchingIn(directory: string, source: string, variant: string): Record<string, string> {
  return {
    ...cachingIn(directory, source),
    CACHE_SERVER_PREFETCH_ENABLED: 'true',
    CACHE_SERVER_PREFETCH_VARIANTS: JSON.stringify([variant]),
    CACHE_SERVER_PREFETCH_INTERVAL: '0',
  };
}

function launch({ environment = {}, args = [], under = [], directory = '.', isShared = false }: ServerStart) {
  const [program = process.execPath, ...rest] = [...under, process.execPath, resolve(IMAGE_SERVER), ...args];
  const env = { PATH: process.env['PATH'] ?? '', PORT: '0', ...environment };
  const child = spawn(program, rest, { cwd: directory, env });
  if (!isShared) processes.add(child);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      processes.delete(child);
      resolve({ code, signal, ...output });
    });
  });
  return { child, ended };
}

function addressOf(child: ChildProcessWithoutNullStreams): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    child.stdout.on('data', (chunk: string) => {
      text += chunk;
      const [, address] = /listens on (http:\S+)\n/.exec(text) ?? [];
      if (address !== undefined) resolve(address);
    });
  });
}

function failedToStart({ code, stdout, stderr }: Ended): never {
  throw new Error(`The server ended with ${code} before it listened:\n${stdout}${stderr}`);
}
