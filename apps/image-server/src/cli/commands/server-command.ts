import { Injectable } from '@nestjs/common';
import type { Connector } from '../management/connector.js';
import type { ServerControl } from '../management/server-control.js';
import type { Commander } from './command-help.js';
import { ConnectedCommand, type ConnectedOptions } from './connected-command.js';

/** A command that only a server that runs can be given. */
@Injectable()
export abstract class ServerCommand<Options extends ConnectedOptions = ConnectedOptions> extends ConnectedCommand<
  Options,
  ServerControl
> {
  /** A configuration may be named, so that it can be said that it is of no use. */
  override setCommand(command: Commander): this {
    super.setCommand(command);
    command.addOption(command.createOption('--config <file>').hideHelp());
    return this;
  }

  protected override open(connector: Connector, options: Options): ServerControl {
    return connector.openServer(options);
  }
}
