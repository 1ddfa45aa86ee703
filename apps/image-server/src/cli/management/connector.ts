import { Injectable } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { readConfiguration, requireComplete } from '../../configuration/configuration.js';
import type { Environment } from '../../configuration/read-environment.js';
import { oneLine } from '../../one-line.js';
import { CliError } from '../cli-error.js';
import { AdminClient } from './admin-client.js';
import type { CacheManagement } from './cache-management.js';
import type { ConnectionOptions } from './connection-options.js';
import type { ManagedStores } from './managed-stores.js';
import { ServerControl } from './server-control.js';
import { ServerManagement } from './server-management.js';

/** Milliseconds. */
const TIMEOUT = 30_000;

/** Opens the cache that is to be managed. */
@Injectable()
export class Connector {
  /**
   * That of a server when one is named, by option before environment; else the stores of the configuration.
   *
   * @param what what the stores are opened for, and whether the queue is
   * @throws CliError or ConfigurationError when there is no such cache
   */
  async open(options: ConnectionOptions, what: ManagedStores): Promise<CacheManagement> {
    const { env: environment } = process;
    const url = addressOf(options, environment);
    if (url !== undefined) return new ServerManagement(clientOf(url, options, environment));
    const file = options.config ?? valueOf(environment, 'IMAGE_SERVER_CONFIG');
    const configuration = readConfiguration({ file, environment });
    requireComplete(configuration);
    // Whoever asks a server needs no stores.
    const { StoreManagement } = await import('./store-management.js');
    return StoreManagement.open(configuration.settings, what);
  }

  /**
   * What only a server can be asked.
   *
   * @throws CliError when none is named
   */
  openServer(options: ConnectionOptions): ServerControl {
    const { env: environment } = process;
    const url = addressOf(options, environment);
    if (url === undefined)
      throw new CliError('Only a server that runs can be asked this; name it by --server or IMAGE_SERVER_URL.');
    return new ServerControl(clientOf(url, options, environment));
  }
}

/** The address of the server that is named; `undefined` when it is a configuration, or nothing. */
function addressOf({ server, config }: ConnectionOptions, environment: Environment): string | undefined {
  if (server !== undefined && config !== undefined)
    throw new CliError('--server and --config: name one of them; a server has its own configuration.');
  return server ?? (config === undefined ? valueOf(environment, 'IMAGE_SERVER_URL') : undefined);
}

function clientOf(
  url: string,
  { user, secretFile, timeout = TIMEOUT }: ConnectionOptions,
  environment: Environment,
): AdminClient {
  const username = user ?? valueOf(environment, 'IMAGE_SERVER_USERNAME');
  const secret = secretFile === undefined ? valueOf(environment, 'IMAGE_SERVER_SECRET') : readSecret(secretFile);
  return new AdminClient({ url, username, secret, timeout });
}

function readSecret(file: string): string {
  let secret: string;
  try {
    secret = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    throw new CliError(`--secret-file: ${file} cannot be read: ${oneLine(cause)}.`, { cause });
  }
  if (secret === '') throw new CliError(`--secret-file: ${file} is empty.`);
  return secret;
}

function valueOf(environment: Environment, name: string): string | undefined {
  const { [name]: value } = environment;
  return value === '' ? undefined : value;
}
