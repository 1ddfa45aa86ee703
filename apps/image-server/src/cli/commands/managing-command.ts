import { Injectable } from '@nestjs/common';
import { Option } from 'nest-commander';
import type { StoreUse } from '../../configuration/stores.js';
import type { CacheManagement } from '../management/cache-management.js';
import type { Connector } from '../management/connector.js';
import type { QueueUse } from '../management/managed-stores.js';
import { ConnectedCommand, named, type ConnectedOptions } from './connected-command.js';

export type { Call } from './connected-command.js';

/** What every command that manages a cache takes. */
export type ManagingOptions = ConnectedOptions;

/** A command that manages a cache: that of a server, or that in the stores of a configuration. */
@Injectable()
export abstract class ManagingCommand<Options extends ManagingOptions = ManagingOptions> extends ConnectedCommand<
  Options,
  CacheManagement
> {
  @Option({
    flags: '--config <file>',
    description: 'manages the stores of this configuration, without a server; also IMAGE_SERVER_CONFIG',
  })
  parseConfig(value: string): string {
    return named('--config', value);
  }

  /** Whether the queue is opened, too. */
  protected readonly queue: QueueUse = 'none';

  /** What stores are opened for. */
  protected readonly useOf: (options: Options) => StoreUse = () => 'look';

  protected override open(connector: Connector, options: Options): Promise<CacheManagement> {
    return connector.open(options, { use: this.useOf(options), queue: this.queue });
  }
}
