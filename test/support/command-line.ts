import { afterAll } from '@jest/globals';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createImageCache, filesystemStore } from 'nestjs-image-cache';
import { IMAGE_SERVER, type Ended } from './image-server.js';

/** The images that {@link fillCache} caches, each with two variants; one bears a name that tries to act on a terminal. */
export const CACHED = ['maps/paris.tif', '--weird id', '50%2F.jpg', 'red\u001b[31m.jpg'] as const;

/** Caches two variants of each of some images, as a server would. */
export async function fillCache(directory: string, identifiers: readonly string[] = CACHED): Promise<void> {
  const store = filesystemStore({ directory, maxSize: '10GB' });
  const cache = await createImageCache({ variant: { store } });
  try {
    for (const identifier of identifiers) {
      for (const width of [100, 200]) {
        const operations = `full/${width},/0/default`;
        const body = Buffer.alloc(30 * width, 'x');
        await cache.variants.getOrRender({ identifier, operations, extension: 'jpg' }, () =>
          Promise.resolve({ body, contentType: 'image/jpeg' }),
        );
      }
    }
  } finally {
    await cache.close();
  }
}

/** How a command has ended. */
export type CommandEnd = Pick<Ended, 'code' | 'stdout' | 'stderr'>;

let session: { readonly process: ChildProcessWithoutNullStreams; readonly answers: AsyncIterator<string> } | undefined;

afterAll(async () => {
  if (session === undefined) return;
  const { process: child } = session;
  session = undefined;
  const ended = once(child, 'close');
  child.kill();
  await ended;
});

/** Runs `image-server cache …` to its end, with nobody at a terminal; in a process that runs one command after the other. */
export async function runCache(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandEnd> {
  session ??= startSession();
  session.process.stdin.write(`${JSON.stringify({ args: ['cache', ...args], env: environment })}\n`);
  const answer = await session.answers.next();
  if (answer.done === true) throw new Error('The process of the commands has ended.');
  return JSON.parse(answer.value) as CommandEnd;
}

function startSession(): NonNullable<typeof session> {
  const script = fileURLToPath(new URL('command-session.mjs', import.meta.url));
  // As many threads as the binary sees to.
  const env = { PATH: process.env['PATH'] ?? '', UV_THREADPOOL_SIZE: String(availableParallelism() + 4) };
  const child = spawn(process.execPath, [script], { stdio: 'pipe', env });
  return { process: child, answers: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

/** A command in a process of its own, which can be sent signals. */
export interface RunningCommand {
  readonly process: ChildProcessWithoutNullStreams;
  readonly ended: Promise<CommandEnd>;
}

/** Starts `image-server cache …` with nobody at a terminal. */
export function startCache(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): RunningCommand {
  const env = { PATH: process.env['PATH'] ?? '', ...environment };
  const child = spawn(process.execPath, [IMAGE_SERVER, 'cache', ...args], { stdio: 'pipe', env });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }));
  return { process: child, ended };
}

/** What came to a terminal, and how the command on it has ended. */
export interface TerminalSession {
  readonly code: number | null;
  readonly screen: string;
}

/** Somebody at a terminal: what is typed when something has come to the screen; all of it at most once, in order. */
export interface Typing {
  readonly when: string;
  readonly type: string;
}

/** Runs `image-server cache …` on a terminal. */
export function onTerminal(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  typing: readonly Typing[] = [],
  { columns = 200 }: { readonly columns?: number } = {},
): Promise<TerminalSession> {
  const words = [process.execPath, IMAGE_SERVER, 'cache', ...args].map((word) => `'${word}'`);
  const env = { PATH: process.env['PATH'] ?? '', TERM: 'xterm', ...environment };
  const session = spawn('script', ['-qefc', `stty cols ${columns}; ${words.join(' ')}`, '/dev/null'], { env });
  const waiting = [...typing];
  let screen = '';
  let answered = 0;
  session.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    const [next] = waiting;
    if (next === undefined || !screen.slice(answered).includes(next.when)) return;
    answered = screen.length;
    waiting.shift();
    session.stdin.write(next.type);
  });
  return new Promise((resolve) => {
    session.once('close', (code) => {
      resolve({ code, screen });
    });
  });
}
