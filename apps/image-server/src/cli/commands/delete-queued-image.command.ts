import { SubCommand } from 'nest-commander';
import { printable } from 'nestjs-image-cache';
import { CliError } from '../cli-error.js';
import type { CacheManagement } from '../management/cache-management.js';
import type { QueueUse } from '../management/managed-stores.js';
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
  protected override readonly queue: QueueUse = 'required';

  protected readonly help = {
    examples: [
      ['delete-queued-image maps/paris.tif', 'asks, and takes it out'],
      ['delete-queued-image -f maps/paris.tif', 'does not ask'],
    ],
  } as const;

  protected question(_management: CacheManagement, { params }: Call<DeletingOptions>): Promise<DeletingQuestion> {
    return Promise.resolve({
      consequence: 'the first requests for this image go to the source, and its pictures are rendered then.',
      question: `Take ${identifierOf(params)} out of the queue?`,
    });
  }

  protected async foresee(management: CacheManagement, { params, options }: Call<DeletingOptions>): Promise<void> {
    const identifier = identifierOf(params);
    const job = await management.queue.find(identifier);
    if (job === undefined) throw notQueued(identifier);
    if (options.json === true) this.terminal.printJson({ identifier, job, dryRun: true });
    else this.terminal.print(`Would take ${printable(identifier)} out of the queue, where it is ${job.state}.`);
  }

  protected async delete(management: CacheManagement, { params, options }: Call<DeletingOptions>): Promise<void> {
    const identifier = identifierOf(params);
    if (!(await management.queue.dequeue(identifier))) throw notQueued(identifier);
    if (options.json === true) this.terminal.printJson({ identifier, deleted: true });
    else this.terminal.print(`${printable(identifier)} is not queued any more.`);
  }
}

function notQueued(identifier: string): CliError {
  return new CliError(`${identifier}: there is no such image in the queue.`);
}
