import { Command, CommandRunner } from 'nest-commander';
import { didYouMean } from '../../configuration/did-you-mean.js';
import { CliError } from '../cli-error.js';
import { ChangedCommand } from './changed.command.js';
import type { Commander } from './command-help.js';
import { ConfigureCommand } from './configure.command.js';
import { DeleteAllCachedImagesCommand } from './delete-all-cached-images.command.js';
import { DeleteAllQueuedImagesCommand } from './delete-all-queued-images.command.js';
import { DeleteCachedImageCommand } from './delete-cached-image.command.js';
import { DeleteQueuedImageCommand } from './delete-queued-image.command.js';
import { ListCachedCommand } from './list-cached.command.js';
import { ListQueuedCommand } from './list-queued.command.js';
import { PauseCommand, ResumeCommand } from './pausing.commands.js';
import { PrefetchCommand } from './prefetch.command.js';
import { QueueImageCommand } from './queue-image.command.js';
import { QueueImagesCommand } from './queue-images.command.js';
import { RetryCommand } from './retry.command.js';
import { ShowCommand } from './show.command.js';
import { StatsCommand } from './stats.command.js';
import { TasksCommand } from './tasks.command.js';
import { CleanCommand, PruneCommand, SweepCommand } from './upkeep.commands.js';

const ABOUT = `
The cache is that of a server (--server or IMAGE_SERVER_URL), reached by its admin API, or that in the stores of a
configuration (--config or IMAGE_SERVER_CONFIG, and the environment), also while a server is using them.`;

const HELP = 'help';

/** Manages the cache. */
@Command({
  name: 'cache',
  description: 'manages the cache',
  subCommands: [
    ListCachedCommand,
    ShowCommand,
    DeleteCachedImageCommand,
    DeleteAllCachedImagesCommand,
    ChangedCommand,
    ListQueuedCommand,
    QueueImageCommand,
    QueueImagesCommand,
    DeleteQueuedImageCommand,
    DeleteAllQueuedImagesCommand,
    RetryCommand,
    PauseCommand,
    ResumeCommand,
    PrefetchCommand,
    PruneCommand,
    CleanCommand,
    SweepCommand,
    StatsCommand,
    TasksCommand,
    ConfigureCommand,
  ],
})
export class CacheCommand extends CommandRunner {
  override setCommand(command: Commander): this {
    command
      .exitOverride()
      .helpOption('-h, --help', 'shows this')
      .addHelpCommand(`${HELP} [command]`, 'shows the help of a command')
      .addHelpText('before', () => {
        refuseUnknown(command);
        return '';
      })
      .addHelpText('after', ABOUT);
    return super.setCommand(command);
  }

  /** Called when no command is named, or one that is not there. */
  override run([name]: string[]): Promise<void> {
    if (name === undefined) this.command.help();
    throw unknownCommand(name, this.command);
  }
}

/**
 * Help of a command that is not there would be that of all, as if it had been found.
 *
 * @throws CliError
 */
function refuseUnknown(command: Commander): void {
  const [first = '', second = ''] = command.args;
  const name = first === HELP ? second : first;
  const isNamed = name !== '' && name !== HELP && !name.startsWith('-');
  if (isNamed && !namesOf(command).includes(name)) throw unknownCommand(name, command);
}

function unknownCommand(name: string, command: Commander): CliError {
  const suggestion = didYouMean(name, namesOf(command));
  const hint = suggestion === undefined ? 'see image-server cache --help.' : `did you mean ${suggestion}?`;
  return new CliError(`${name}: there is no such command; ${hint}`);
}

function namesOf({ commands }: Commander): readonly string[] {
  return commands.map((each) => each.name());
}
