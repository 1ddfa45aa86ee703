import { makeDirectory } from './directories.js';
import { freePort } from './free-port.js';
import { describeWith, findProgram, startServer } from './server-process.js';

/** A redis-server of a test. */
export interface RedisServer {
  readonly url: string;
  /** Ends it as a crash does, and waits until it has ended. */
  readonly kill: () => Promise<void>;
  /** Lets it accept calls and answer none, until it is told to go on. */
  readonly pause: () => void;
  readonly goOn: () => void;
  /** Starts it again on the same port. */
  readonly restart: () => Promise<void>;
  /** Ends it and takes away what it leaves behind. */
  readonly stop: () => Promise<void>;
}

/** Describes what needs a redis-server. */
export const describeWithRedis = describeWith('redis-server', findProgram('redis-server'), 'redis-server');

/**
 * Starts a redis-server on a free port.
 *
 * @param keeps what it has been told, when it is killed; else it comes back empty
 */
export async function startRedis({ keeps = false }: { readonly keeps?: boolean } = {}): Promise<RedisServer> {
  const { path, remove } = await makeDirectory();
  const port = await freePort();
  const log = keeps ? { appendonly: 'yes', appendfsync: 'always' } : { appendonly: 'no' };
  const options = Object.entries({ port: `${port}`, bind: '127.0.0.1', save: '', dir: path, ...log });
  const command = ['redis-server', ...options.flatMap(([name, value]) => [`--${name}`, value])];
  const launch = (): ReturnType<typeof startServer> => startServer(command, 'Ready to accept connections');
  let server = await launch();
  const kill = (): Promise<void> => server.end('SIGKILL');
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    pause: () => {
      server.signal('SIGSTOP');
    },
    goOn: () => {
      server.signal('SIGCONT');
    },
    restart: async () => {
      await kill();
      server = await launch();
    },
    stop: async () => {
      await kill();
      await remove();
    },
  };
}
