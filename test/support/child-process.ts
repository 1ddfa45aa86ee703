import { afterAll } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A script that runs in a process of its own and tells its outcome in lines of JSON. */
export interface Child {
  readonly process: ChildProcess;
  /** The next line; rejects when the process ends without one. */
  readonly next: () => Promise<unknown>;
  /** Resolves with all lines that are left when the process has ended, rejects when it failed. */
  readonly end: () => Promise<readonly unknown[]>;
  readonly tell: (line: string) => void;
}

/** How a script is run. */
export interface ChildOptions {
  /** Bash that limits the process before the script starts. */
  readonly limits?: string;
  /** What Node is told beside that. */
  readonly flags?: readonly string[];
}

const running = new Set<ChildProcess>();

// A test that has failed leaves its processes behind, which would work on in the directories of the next ones.
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** Runs a script of `test`, given by its path from there, with arguments that it finds in `process.argv`. */
export function runChild(
  script: string,
  args: readonly string[],
  { limits = ':', flags = [] }: ChildOptions = {},
): Child {
  const hooks = new URL('run-typescript.mjs', import.meta.url).href;
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
  const command = [process.execPath, ...flags, '--import', hooks, path, ...args];
  const child = spawn('bash', ['--norc', '-c', `${limits}; exec "$@"`, 'bash', ...command], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const errors: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line = await lines.next();
    if (line.done !== true) return JSON.parse(line.value);
    throw new Error(`${script} ended (${String((await exited).find((each) => each !== null))}): ${errors.join('')}`);
  };
  const end = async (): Promise<readonly unknown[]> => {
    const told: unknown[] = [];
    for (let line = await lines.next(); line.done !== true; line = await lines.next())
      told.push(JSON.parse(line.value));
    const [code, signal] = await exited;
    if (code === 0 || signal === 'SIGKILL') return told;
    throw new Error(`${script} failed with ${code ?? signal}: ${errors.join('')}`);
  };
  return { process: child, next, end, tell: (line) => void child.stdin.write(`${line}\n`) };
}
