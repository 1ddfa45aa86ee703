import { execFile, spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { install, readManifest, REPOSITORY } from './packages.js';

/** What a new application of each major version of Nest is. */
export const APPLICATIONS = [
  { nest: 11, type: 'commonjs' },
  { nest: 12, type: 'module' },
] as const;

const COMPILER_OPTIONS = {
  module: 'nodenext',
  target: 'es2022',
  strict: true,
  skipLibCheck: false,
  esModuleInterop: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  types: ['node'],
};

/** Milliseconds in which an application starts, answers and ends, on a machine that is busy. */
export const LIFE = 60_000;

/** What an application is made of. */
export interface Recipe {
  readonly nest: number;
  readonly type: 'commonjs' | 'module';
  /** File in `test/package/programs`. */
  readonly program: string;
  /** Packages of Nest beside those that every application has. */
  readonly frameworks?: Readonly<Record<string, string>>;
  /** Tarballs of ours, by name. */
  readonly packages: Readonly<Record<string, string>>;
}

/** Installs an application: Nest in the version that is asked for, and the rest as it is used here. */
export async function makeApplication(app: string, recipe: Recipe): Promise<void> {
  const { nest, type, program, frameworks = {}, packages } = recipe;
  const { devDependencies = {} } = await readManifest(REPOSITORY);
  const others = ['@types/node', 'reflect-metadata', 'rxjs', 'sharp'];
  const usual = ['common', 'core', 'platform-express', 'platform-fastify'];
  const dependencies = {
    ...Object.fromEntries(usual.map((name) => [`@nestjs/${name}`, `^${nest}.0.0`])),
    ...frameworks,
    ...Object.fromEntries(others.map((name) => [name, devDependencies[name] ?? '*'])),
    ...Object.fromEntries(Object.entries(packages).map(([name, tarball]) => [name, `file:${tarball}`])),
  };
  await install(app, { type, dependencies });
  await copyFile(join(REPOSITORY, 'test/package/programs', program), join(app, 'main.ts'));
  await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions: COMPILER_OPTIONS }));
}

/** Compiles an application. Returns the lines that the compiler prints. */
export async function compile(app: string): Promise<readonly string[]> {
  const compiler = join(REPOSITORY, 'node_modules/typescript7/bin/tsc');
  return new Promise((resolve) => {
    // The compiler exits with an error when it complains about whatever package.
    execFile(process.execPath, [compiler, '--project', app, '--pretty', 'false'], { cwd: app }, (_error, output) => {
      resolve(output.split('\n').filter((line) => line !== ''));
    });
  });
}

/** What is seen of an application from outside. */
export interface Life<T> {
  /** What came of the visit. */
  readonly seen: T;
  /** What it printed, warnings among it. */
  readonly log: string;
  readonly exitCode: number | null;
  /** Milliseconds for which its process lived on when all was closed. */
  readonly lingered: number;
}

/** Starts an application, visits it, has it close and waits for the end of its process. */
export async function live<T>(
  app: string,
  args: readonly string[],
  visit: (port: number) => Promise<T>,
): Promise<Life<T>> {
  // With threads for all cores, the library has nothing to warn of.
  const env = { ...process.env, UV_THREADPOOL_SIZE: String(availableParallelism() + 4) };
  const child = spawn(process.execPath, ['main.js', ...args], { cwd: app, env, stdio: STDIO, ...UNTIL });
  const printed = Promise.all([text(child.stdout as Readable), text(child.stderr as Readable)]);
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const message = async (): Promise<unknown> => {
    const died = ended.then(async () => Promise.reject(new Error(`It ended early. ${(await printed).join('')}`)));
    return ((await Promise.race([once(child, 'message'), died])) as readonly unknown[])[0];
  };
  const seen = await visit(Number(await message()));
  child.send('close');
  await message();
  const closed = performance.now();
  const [exitCode] = await ended;
  return { seen, log: (await printed).join(''), exitCode, lingered: performance.now() - closed };
}

/** Messages are exchanged beside what is printed. */
const STDIO: StdioOptions = ['ignore', 'pipe', 'pipe', 'ipc'];

/** A process that does not end is ended; it has no exit code then. */
const UNTIL = { timeout: LIFE / 3, killSignal: 'SIGKILL' } as const;
