import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../support/async.js';
import { runChild, type Child } from '../support/child-process.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { openFiles } from '../support/filesystem-store.js';

type Call = 'picture' | 'info' | 'peek' | 'evict' | 'changed' | 'evictInfos' | 'purge' | 'hold' | 'letGo' | 'learn';

/** A process with a cache of its own over the shared directory. */
interface Server {
  readonly child: Child;
  readonly call: (name: Call | 'dropped' | 'stats', identifier?: string) => Promise<unknown>;
}

/** Milliseconds: processes take long to start on a busy machine. */
const TIMEOUT = 120_000;

interface Answer {
  readonly result?: unknown;
  readonly error?: string;
}

describe('processes that share the directory of a filesystem store', () => {
  let directory: TestDirectory;
  let sources: string;
  let servers: Server[];

  beforeEach(async () => {
    directory = await makeDirectory(DISK);
    sources = join(directory.path, 'sources');
    await mkdir(sources);
    servers = [];
  });

  afterEach(async () => {
    for (const { child } of servers) {
      child.process.stdin?.end();
      await child.end();
    }
    await directory.remove();
  });

  const change = (content: string): Promise<void> => writeFile(join(sources, 'image'), content);

  const serve = async (mode = 'aggressive'): Promise<Server> => {
    const args = [join(directory.path, 'cache'), sources, mode];
    const child = runChild('faults/scenarios/sharing-process.ts', args);
    await child.next();
    const waiting = new Map<number, (answer: Answer) => void>();
    let calls = 0;
    const call: Server['call'] = (name, identifier = 'image') => {
      calls += 1;
      const number = calls;
      const answered = new Promise<unknown>((resolve, reject) => {
        waiting.set(number, ({ result, error }) => {
          if (error === undefined) resolve(result);
          else reject(new Error(error));
        });
      });
      child.tell(JSON.stringify([number, name, identifier]));
      return answered;
    };
    const listen = async (): Promise<void> => {
      for (;;) {
        const answer = (await child.next()) as Answer & { readonly number: number };
        waiting.get(answer.number)?.(answer);
      }
    };
    listen().catch((error: unknown) => {
      for (const settle of waiting.values()) settle({ error: String(error) });
    });
    const server = { child, call };
    servers.push(server);
    return server;
  };

  /** Both have a picture and an info in memory: they read no file for them. */
  const warm = async (...all: readonly Server[]): Promise<void> => {
    for (const { call } of all) {
      await until(async () => ((await call('picture')) as { reads: number }).reads === 0);
      await call('info');
      expect(await call('picture')).toEqual({ body: 'old', outcome: 'hit', reads: 0 });
      expect(await call('info')).toEqual({ artist: 'old', reads: 0 });
      expect(await call('peek')).toBe('old');
    }
  };

  const EVICTIONS: readonly (readonly [Call, { readonly picture: string; readonly artist: string }])[] = [
    ['evict', { picture: 'new', artist: 'new' }],
    ['changed', { picture: 'new', artist: 'new' }],
    ['purge', { picture: 'new', artist: 'new' }],
    ['evictInfos', { picture: 'old', artist: 'new' }],
  ];

  it.each(EVICTIONS)(
    'serve from memory what they have, and nothing of it after another one has evicted it: %s',
    async (eviction, expected) => {
      await change('old');
      const [one, other] = [await serve(), await serve()];
      // The first eviction of all begins the log, and counts as one of anything.
      await one.call('evict');
      await warm(one, other);
      await change('new');
      const dropped = other.call('dropped');
      await one.call(eviction);
      await dropped;
      for (let request = 0; request < 20; request += 1) {
        expect(await other.call('picture')).toMatchObject({ body: expected.picture });
        expect(await other.call('info')).toMatchObject({ artist: expected.artist });
        expect(await other.call('peek')).toBe(expected.artist);
      }
      const { evicted, incidents } = (await other.call('stats')) as Record<string, Record<string, number>>;
      expect(evicted?.['elsewhere']).toBe(eviction === 'evictInfos' ? 1 : 2);
      expect(incidents).toEqual({});
    },
    TIMEOUT,
  );

  it(
    'learn that a source has changed from the one that has noticed it, though they remember another state',
    async () => {
      await change('old');
      const [one, other] = [await serve('conservative'), await serve('conservative')];
      await warm(one, other);
      await change('new and longer');
      await one.call('learn');
      expect(await other.call('picture')).toMatchObject({ body: 'old' });
      const dropped = other.call('dropped');
      await one.call('changed');
      await dropped;
      expect(await other.call('picture')).toMatchObject({ body: 'new and longer' });
      expect(await other.call('info')).toMatchObject({ artist: 'new and longer' });
    },
    TIMEOUT,
  );

  it(
    'neither store nor join a render that began before another one has evicted the image',
    async () => {
      await change('old');
      const [one, other] = [await serve('sourceless'), await serve('sourceless')];
      const held = other.call('hold');
      const early = other.call('picture');
      await held;
      await change('new');
      await one.call('evict');
      const late = other.call('picture');
      await other.call('letGo');
      expect(await early).toMatchObject({ body: 'old', outcome: 'miss' });
      expect(await late).toMatchObject({ body: 'new' });
      for (const { call } of [other, one, other]) expect(await call('picture')).toMatchObject({ body: 'new' });
      const { notStored } = (await other.call('stats')) as Record<string, Record<string, number>>;
      expect(notStored).toEqual({ fenced: 1 });
    },
    TIMEOUT,
  );

  it(
    'miss no eviction while all evict at the same time, and one of them is killed',
    async () => {
      const args = (writer: string): string[] => [join(directory.path, 'cache'), writer, '500'];
      const { store } = await openFiles(join(directory.path, 'cache'));
      await store.clear();
      const names = ['a', 'b', 'c', 'd'];
      const children = names.map((name) => runChild('faults/scenarios/evicting-process.ts', args(name)));
      const victim = runChild('faults/scenarios/evicting-process.ts', args('victim'));
      for (const { next } of [...children, victim]) await next();
      for (const { tell } of [victim, ...children]) tell('["evict"]');
      await children[0]?.next();
      victim.process.kill('SIGKILL');
      await victim.end();
      for (const { next } of children.slice(1)) await next();
      for (const [index, { tell, next, process, end }] of children.entries()) {
        tell(JSON.stringify(['report', ...names.filter((_, other) => other !== index)]));
        expect(await next()).toMatchObject({ missed: 0, twice: 0, own: 0, failures: [], incidents: [] });
        process.stdin?.end();
        await end();
      }
    },
    TIMEOUT,
  );
});
