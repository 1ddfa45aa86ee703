import { describe } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { haveWhatTheyNeed } from './needs.js';

/** A server that a test has started. */
export interface ServerProcess {
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Sends it a signal that ends it, and waits until it has ended. */
  readonly end: (signal: NodeJS.Signals) => Promise<void>;
}

/** Starts a server and waits until its log says that it is ready. */
export async function startServer(command: readonly string[], ready: string): Promise<ServerProcess> {
  const [file = '', ...args] = command;
  const server = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  await new Promise<void>((resolve, reject) => {
    const listen = (chunk: Buffer): void => {
      if (!log.includes(ready)) log += chunk.toString();
      if (log.includes(ready)) resolve();
    };
    server.stdout.on('data', listen);
    server.stderr.on('data', listen);
    server.once('error', reject);
    server.once('exit', () => {
      reject(new Error(`${file} does not start: ${log}`));
    });
  });
  return {
    signal: (signal) => void server.kill(signal),
    end: async (signal) => {
      if (server.exitCode !== null || server.signalCode !== null) return;
      const exited = once(server, 'exit');
      server.kill(signal);
      await exited;
    },
  };
}

/** Looks for a program in `PATH`, and where Debian keeps those of servers. */
export function findProgram(name: string): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return directories.map((directory) => join(directory, name)).find((path) => existsSync(path));
}

/** Describes what needs a server: skipped where it is not installed, but in CI that is a failure. */
export function describeWith(server: string, program: string | undefined, debianPackage: string): typeof describe.skip {
  const help = `There is no ${server}; install it with apt-get install -y ${debianPackage}`;
  return haveWhatTheyNeed(program !== undefined, help) ? describe : describe.skip;
}
