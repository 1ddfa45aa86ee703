import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { makeDirectory } from './directories.js';
import { describeWith, findProgram, startServer } from './server-process.js';

/** A PostgreSQL of a test, with an empty database. */
export interface PostgresServer {
  readonly url: string;
  /** Ends it as a crash does, and waits until it has ended. */
  readonly kill: () => Promise<void>;
  /** Starts it again, with what it held. */
  readonly restart: () => Promise<void>;
  /** Ends it and takes away what it leaves behind. */
  readonly stop: () => Promise<void>;
}

/** Debian keeps the programs of each version out of PATH. */
const VERSIONS = '/usr/lib/postgresql';

const installed =
  findProgram('postgres') ??
  (existsSync(VERSIONS) ? readdirSync(VERSIONS) : [])
    .map((version) => join(VERSIONS, version, 'bin', 'postgres'))
    .find((path) => existsSync(path));

/** Describes what needs a PostgreSQL. */
export const describeWithPostgres = describeWith('PostgreSQL', installed, 'postgresql');

/** PostgreSQL refuses to be run by root. */
const OWNER = process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : [];

const SETTINGS = {
  // No port that somebody else could take or use: it is reached through its directory.
  listen_addresses: '',
  fsync: 'off',
  max_wal_size: '64MB',
};

/** Starts a PostgreSQL. */
export async function startPostgres(): Promise<PostgresServer> {
  const { path, remove } = await makeDirectory(tmpdir());
  const programs = dirname(installed ?? '');
  const pgdata = join(path, 'data');
  if (OWNER.length > 0) await run(['chown', 'postgres', path]);
  const cluster = optionsOf({ pgdata, username: 'test', auth: 'trust', locale: 'C', encoding: 'UTF8' });
  await run([...OWNER, join(programs, 'initdb'), '--no-sync', ...cluster]);
  const settings = optionsOf({ ...SETTINGS, unix_socket_directories: path });
  const command = [...OWNER, join(programs, 'postgres'), '-D', pgdata, ...settings];
  const launch = (): ReturnType<typeof startServer> => startServer(command, 'ready to accept connections');
  let server = await launch();
  // Drops everything as SIGKILL would, which leaves those alive who serve its connections, and they block a new start.
  const kill = (): Promise<void> => server.end('SIGQUIT');
  return {
    url: `postgresql://test@localhost/postgres?host=${encodeURIComponent(path)}`,
    kill,
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

const execute = promisify(execFile);

async function run(command: readonly string[]): Promise<void> {
  const [file = '', ...args] = command;
  await execute(file, args);
}

function optionsOf(options: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(options).map(([name, value]) => `--${name}=${value}`);
}
