import type { ImageCacheOptions } from 'nestjs-image-cache';
import type { Command, State } from '../faults/scenarios/serving-process.js';
import { eventually } from './async.js';
import { runChild } from './child-process.js';
import { openRequest, type Answer, type Asked, type OpenRequest } from './http-client.js';
import { COLLECTING } from './occupied-memory.js';
import type { Platform } from './test-app.js';

/** An application in a process of its own that serves pictures of a cache in files. */
export interface Serving {
  readonly port: number;
  readonly get: (path: string, headers?: Asked['headers']) => Promise<Answer>;
  readonly open: (path: string) => OpenRequest;
  /** Lets so many more of its gated renders end. */
  readonly finish: (count: number | 'all') => void;
  /** Has it render pictures beforehand; resolves when the first of them waits for its turn. */
  readonly warm: (identifiers: readonly string[]) => Promise<void>;
  readonly state: () => Promise<State>;
  /** Waits until expectations hold for its state. */
  readonly becomes: (expectations: (state: State) => void) => Promise<void>;
  readonly kill: () => void;
}

/** What an application is started with. */
export interface ServingStart {
  readonly directory: string;
  /** Options of its cache that are data. */
  readonly cache?: ImageCacheOptions;
}

/** Starts an application; whoever calls this kills it. */
export async function startServing(platform: Platform, { directory, cache = {} }: ServingStart): Promise<Serving> {
  const args = [platform, directory, JSON.stringify(cache)];
  const options = { limits: 'export UV_THREADPOOL_SIZE=8', flags: COLLECTING };
  const child = runChild('faults/scenarios/serving-process.ts', args, options);
  const { port } = (await child.next()) as { readonly port: number };
  let told: Promise<unknown> = Promise.resolve();
  /** It answers in the order in which it is asked. */
  const ask = (command: Command): Promise<unknown> => {
    told = told.then(() => {
      child.tell(JSON.stringify(command));
      return child.next();
    });
    return told;
  };
  const look = async (how: NonNullable<Command['look']>): Promise<State> => (await ask({ look: how })) as State;
  return {
    port,
    get: (path, headers = {}) => openRequest(port, path, { headers }).answer,
    open: (path) => openRequest(port, path),
    finish: (count) => {
      child.tell(JSON.stringify({ finish: count }));
    },
    warm: async (warm) => {
      await ask({ warm });
    },
    state: () => look('closely'),
    becomes: (expectations) =>
      eventually(async () => {
        expectations(await look('quickly'));
      }),
    kill: () => void child.process.kill('SIGKILL'),
  };
}
