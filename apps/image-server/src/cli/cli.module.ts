import { Module } from '@nestjs/common';
import { CacheCommand } from './commands/cache.command.js';
import { CompletionCommand } from './completion/completion.command.js';
import { Interruption } from './interruption.js';
import { Connector } from './management/connector.js';
import { Terminal } from './output/terminal.js';

/** The command line tool. */
@Module({
  providers: [Terminal, Connector, Interruption, ...CacheCommand.registerWithSubCommands(), CompletionCommand],
})
export class CliModule {}
