import { SubCommand } from 'nest-commander';
import { CliError } from '../cli-error.js';
import type { CacheManagement } from '../management/cache-management.js';
import { printable } from 'nestjs-image-cache';
import { DeletingCommand, type DeletingOptions, type DeletingQuestion } from './deleting-command.js';
import type { Call } from './managing-command.js';
import { identifierOf } from './option-values.js';

/** Takes an image out of the queue. */
@SubCommand({
  name: 'delete-queued-image',
  arguments: '<identifier>',
  argsDescription: { identifier: 'the image, as it is called; nothing in it is decoded' },
  description: 'takes an image out of the queue of those to be prefetched',
})
export class DeleteQueuedImageCommand extends DeletingCommand {
  protected override readonly isAboutQueue = true;

  protected readonly help = {
    examples: [
      ['delete-queued-image maps/paris.tif', 'asks, and takes it out'],
      ['delete-queued-image -f maps/paris.tif', 'does not ask'],
    ],
  } as const;

  protected question(params: readonly string[]): DeletingQuestion {
    return {
      consequence: 'the first requests for this image go to the source, and its pictures are rendered then.',
      question: `Take ${identifierOf(params)} out of the queue?`,
    };
  }

  protected async manage(management: CacheManagement, { params, options }: Call<DeletingOptions>): Promise<void> {
    const identifier = identifierOf(params);
    if (!(await management.dequeue(identifier)))
      throw new CliError(`${identifier}: there is no such image in the queue.`);
    if (options.json === true) this.terminal.printJson({ identifier, deleted: true });
    else this.terminal.print(`${printable(identifier)} is not queued any more.`);
  }
}
