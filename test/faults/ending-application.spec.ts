import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat, utimes } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { systemCode } from '../../libs/image-cache/src/common/errors.js';
import { until } from '../support/async.js';
import { runChild } from '../support/child-process.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { entryFiles, openFiles } from '../support/filesystem-store.js';
import { openRequest, type Answer, type OpenRequest } from '../support/http-client.js';
import { readBody } from '../support/stores.js';
import { PLATFORMS, type Platform } from '../support/test-app.js';

const DAY = 86_400_000;

/** Milliseconds in which the process of an application ends; one that does not is killed, and has no exit code then. */
const LIFE = 90_000;

/** Messages are exchanged beside what is printed. */
const STDIO: StdioOptions = ['ignore', 'pipe', 'pipe', 'ipc'];

/** How a process has ended. */
interface Ended {
  readonly code: number | null;
  /** Warnings and errors. */
  readonly log: string;
}

/** An application in a process of its own. */
interface Application {
  readonly process: ChildProcess;
  /** The next message. */
  readonly message: () => Promise<unknown>;
  readonly open: (path: string) => OpenRequest;
  readonly get: (path: string) => Promise<Answer>;
  readonly ended: Promise<Ended>;
}

interface Start {
  readonly platform: Platform;
  readonly directory: string;
  /** `close`: at SIGTERM, the application calls `app.close()`; `hooks`: it has enabled the shutdown hooks. */
  readonly way: 'close' | 'hooks';
  readonly drain?: string;
}

const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

async function start({ platform, directory, way, drain = '30s' }: Start): Promise<Application> {
  const [hooks, script] = ['../support/run-typescript.mjs', 'scenarios/ending-application.ts'].map(
    (path) => new URL(path, import.meta.url),
  );
  const args = ['--import', String(hooks), fileURLToPath(script ?? ''), platform, directory, way, drain];
  // With threads for all cores, the library has nothing to warn of.
  const env = { ...process.env, UV_THREADPOOL_SIZE: String(availableParallelism() + 4) };
  const child = spawn(process.execPath, args, { env, stdio: STDIO, timeout: LIFE, killSignal: 'SIGKILL' });
  running.add(child);
  const ended = endOf(child);
  const died = ended.then(({ log }) => Promise.reject(new Error(`It ended early. ${log}`)));
  died.catch(() => undefined);
  const message = async (): Promise<unknown> => {
    const [told] = (await Promise.race([once(child, 'message'), died])) as readonly unknown[];
    return told;
  };
  const port = Number(await message());
  const open = (path: string): OpenRequest => openRequest(port, `/pictures/${path}`);
  return { process: child, message, open, get: (path) => open(path).answer, ended };
}

async function endOf(child: ChildProcess): Promise<Ended> {
  const printed = Promise.all([text(child.stdout as Readable), text(child.stderr as Readable)]);
  const [code] = (await once(child, 'exit')) as [number | null];
  running.delete(child);
  return { code, log: (await printed).join('') };
}

const isRefused = ({ get }: Application): Promise<boolean> =>
  get('quick/x').then(
    () => false,
    (error: unknown) => systemCode(error) === 'ECONNREFUSED',
  );

describe.each(PLATFORMS)('the end of an application on %s', (platform) => {
  let directory: TestDirectory;

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
  });

  afterEach(() => directory.remove());

  const unfinished = async (): Promise<readonly string[]> =>
    (await readdir(directory.path, { recursive: true })).filter((name) => /\.tmp|^trash\/./.test(name));

  it(
    'comes by itself when all is answered and written',
    async () => {
      const app = await start({ platform, directory: directory.path, way: 'close' });
      const picture = await app.get('quick/a');
      const quick = await firstEntry(directory.path);
      const longAgo = new Date(Date.now() - 2 * DAY);
      await utimes(quick, longAgo, longAgo);
      expect((await app.get('quick/a')).headers['cache-status']).toMatch(/^image-cache; hit/);

      const client = app.open('slow/a');
      expect(await app.message()).toBe('rendering');
      app.process.kill('SIGTERM');
      await until(() => isRefused(app));
      app.process.send('finish');
      const { status, complete, body } = await client.answer;
      expect([status, complete]).toEqual([200, true]);
      expect(await sharp(body).metadata()).toMatchObject({ format: 'png', width: 600, height: 400 });

      expect(await app.ended).toEqual({ code: 0, log: '' });
      expect((await stat(quick)).mtimeMs).toBeGreaterThan(longAgo.getTime() + DAY);
      expect(await storedBodies(directory.path)).toEqual(expect.arrayContaining([picture.body, body]));
      expect(await unfinished()).toEqual([]);
    },
    LIFE + 10_000,
  );

  it.each([
    ['gives a stream without an end', 'stream', 'close', { status: 200, complete: false }],
    ['keeps the process alive', 'stuck', 'hooks', { status: 503, complete: true }],
  ] as const)(
    'comes in spite of a render that %s, and leaves nothing of it behind',
    async (_what, path, way, ended) => {
      const app = await start({ platform, directory: directory.path, way, drain: '500ms' });
      const client = app.open(`${path}/a`);
      expect(await app.message()).toBe('rendering');
      app.process.kill('SIGTERM');
      expect(await client.answer).toMatchObject(ended);
      const { code, log } = await app.ended;
      expect([code, log]).toEqual([0, expect.stringContaining('The image cache is closed') as unknown]);
      expect([await entryFiles(directory.path), await unfinished()]).toEqual([[], []]);
    },
    LIFE + 10_000,
  );
});

/** Waits until an entry is in the store. */
async function firstEntry(directory: string): Promise<string> {
  let found: string | undefined;
  await until(async () => {
    [found] = await entryFiles(directory);
    return found !== undefined;
  });
  return found ?? '';
}

async function storedBodies(directory: string): Promise<readonly (Buffer | undefined)[]> {
  const { store } = await openFiles(directory);
  const bodies: (Buffer | undefined)[] = [];
  for await (const { key } of store.entries()) bodies.push(await readBody(store, key));
  await store.close?.();
  return bodies;
}

describe('the end of an application without a server', () => {
  it('is waited for, though nothing keeps the process alive', async () => {
    const directory = await makeDirectory(DISK);
    const child = runChild('faults/scenarios/ending-context.ts', [directory.path]);
    expect(await child.end()).toMatchObject([{ code: 'E_IMAGE_CACHE_CLOSED' }]);
    const [quick = ''] = await entryFiles(directory.path);
    await directory.remove();
    expect(quick).not.toBe('');
  });
});
