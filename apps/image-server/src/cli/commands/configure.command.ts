import { SubCommand } from 'nest-commander';
import { printable } from 'nestjs-image-cache';
import type { ServerControl } from '../management/server-control.js';
import type { Call, ConnectedOptions } from './connected-command.js';
import { liveOptions } from './live-options.js';
import { ServerCommand } from './server-command.js';

/** Changes options of a server that runs. */
@SubCommand({
  name: 'configure',
  arguments: '<options...>',
  argsDescription: {
    options:
      'KEY=VALUE: hot, targetSize (sizes), ttl.variant, ttl.info, ttl.source, staleness, sourceStaleness (durations), ' +
      'worker (false), worker.interval, worker.initialDelay, worker.rate.share, worker.rate.files, worker.rate.bytes',
  },
  description: 'changes options of a server until it ends, all that are given or none',
})
export class ConfigureCommand extends ServerCommand {
  protected readonly help = {
    examples: [
      ['configure hot=256MB ttl.variant=30d', 'the level in memory, and when pictures expire'],
      ['configure worker.rate.share=0.1', 'has the worker leave more to others'],
      ['configure worker=false', 'has it end its shift, and begin none'],
    ],
  } as const;

  protected async manage(server: ServerControl, { params, options }: Call<ConnectedOptions>): Promise<void> {
    const changed = await server.configure(liveOptions(params.flat()));
    if (options.json === true) this.terminal.printJson({ changed });
    else if (changed.length === 0) this.terminal.print('Nothing has changed: it was so before.');
    else this.terminal.print(printable(`Changed until the server ends: ${changed.join(', ')}.`));
  }
}
