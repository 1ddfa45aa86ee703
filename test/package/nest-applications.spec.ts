import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile, spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { openRequest, type Answer } from '../support/http-client.js';
import {
  evaluate,
  INSTALLATION,
  install,
  makeWorkshop,
  pack,
  readManifest,
  REPOSITORY,
  type Workshop,
} from '../support/packages.js';

/** What a new application of each major version is. */
const APPLICATIONS = [
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
const LIFE = 60_000;

/** Milliseconds from the end of the work to the end of the process; a forgotten timer or socket takes longer. */
const LINGERING = 10_000;

describe.each(APPLICATIONS)('an application of Nest $nest as $type', ({ nest, type }) => {
  let workshop: Workshop;
  let app: string;

  beforeAll(async () => {
    workshop = await makeWorkshop();
    app = join(workshop.path, 'app');
    const tarball = await pack('image-cache', join(workshop.path, 'packed'));
    await install(app, { type, dependencies: await dependenciesOf(nest, tarball) });
    await copyFile(join(REPOSITORY, 'test/package/programs/thumbnails.ts'), join(app, 'main.ts'));
    await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions: COMPILER_OPTIONS }));
  }, INSTALLATION);

  afterAll(() => workshop.remove());

  it(
    'compiles, against the types of the library',
    async () => {
      // What other packages declare is not our business.
      const complaints = (await compile(app)).filter((line) => /^main\.ts|nestjs-image-cache/.test(line));
      expect(complaints).toEqual([]);
    },
    LIFE,
  );

  it.each(['express', 'fastify'])(
    'serves what it rendered once, also after a restart, and ends by itself, on %s',
    async (platform) => {
      const args = [platform, join(workshop.path, platform)];
      const first = await live(app, args, 2);
      const second = await live(app, args, 1);
      const [miss, ...hits] = [...first.answers, ...second.answers];
      expect(outcomeOf(miss)).toEqual([200, 'image/webp', 'image-cache; fwd=miss; stored']);
      for (const hit of hits) {
        expect(outcomeOf(hit)).toEqual([200, 'image/webp', expect.stringMatching(/^image-cache; hit/)]);
        expect(hit.body.equals(miss?.body ?? Buffer.of())).toBe(true);
      }
      for (const { log, exitCode, lingered } of [first, second]) {
        expect([log, exitCode]).toEqual(['', 0]);
        expect(lingered).toBeLessThan(LINGERING);
      }
    },
    LIFE,
  );

  it('gets one and the same module from import and from require', async () => {
    const program = `
      import { createRequire } from 'node:module';
      import * as imported from 'nestjs-image-cache';
      const required = createRequire(process.cwd() + '/')('nestjs-image-cache');
      console.log(imported.ImageCache === required.ImageCache);`;
    expect(await evaluate(app, program)).toBe(true);
  });
});

/** Nest in the version that is asked for, and the rest as it is used here. */
async function dependenciesOf(nest: number, tarball: string): Promise<Record<string, string>> {
  const { devDependencies = {} } = await readManifest(REPOSITORY);
  const others = ['@types/node', 'reflect-metadata', 'rxjs', 'sharp'];
  const frameworks = ['common', 'core', 'platform-express', 'platform-fastify'];
  return {
    ...Object.fromEntries(frameworks.map((name) => [`@nestjs/${name}`, `^${nest}.0.0`])),
    ...Object.fromEntries(others.map((name) => [name, devDependencies[name] ?? '*'])),
    'nestjs-image-cache': `file:${tarball}`,
  };
}

/** Compiles an application. Returns the lines that the compiler prints. */
async function compile(app: string): Promise<readonly string[]> {
  const compiler = join(REPOSITORY, 'node_modules/typescript7/bin/tsc');
  return new Promise((resolve) => {
    // The compiler exits with an error when it complains about whatever package.
    execFile(process.execPath, [compiler, '--project', app, '--pretty', 'false'], { cwd: app }, (_error, output) => {
      resolve(output.split('\n').filter((line) => line !== ''));
    });
  });
}

/** What is seen of an application from outside. */
interface Life {
  readonly answers: readonly Answer[];
  /** What it printed, warnings among it. */
  readonly log: string;
  readonly exitCode: number | null;
  /** Milliseconds for which its process lived on when all was closed. */
  readonly lingered: number;
}

/** Starts an application, asks it for the same picture so many times, has it close and waits for the end of its process. */
async function live(app: string, args: readonly string[], times: number): Promise<Life> {
  // With threads for all cores, the library has nothing to warn of.
  const env = { ...process.env, UV_THREADPOOL_SIZE: String(availableParallelism() + 4) };
  const child = spawn(process.execPath, ['main.js', ...args], { cwd: app, env, stdio: STDIO, ...UNTIL });
  const printed = Promise.all([text(child.stdout as Readable), text(child.stderr as Readable)]);
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const message = async (): Promise<unknown> => {
    const died = ended.then(async () => Promise.reject(new Error(`It ended early. ${(await printed).join('')}`)));
    return ((await Promise.race([once(child, 'message'), died])) as readonly unknown[])[0];
  };
  const port = Number(await message());
  const answers: Answer[] = [];
  while (answers.length < times) answers.push(await openRequest(port, '/thumbnails/a/60.webp').answer);
  child.send('close');
  await message();
  const closed = performance.now();
  const [exitCode] = await ended;
  return { answers, log: (await printed).join(''), exitCode, lingered: performance.now() - closed };
}

/** Messages are exchanged beside what is printed. */
const STDIO: StdioOptions = ['ignore', 'pipe', 'pipe', 'ipc'];

/** A process that does not end is ended; it has no exit code then. */
const UNTIL = { timeout: LIFE / 3, killSignal: 'SIGKILL' } as const;

function outcomeOf(answer: Answer | undefined): readonly unknown[] {
  return [answer?.status, answer?.headers['content-type'], answer?.headers['cache-status']];
}
