import { SubCommand } from 'nest-commander';
import { printable } from 'nestjs-image-cache';
import { CliError } from '../cli-error.js';
import type { CacheManagement } from '../management/cache-management.js';
import type { QueueUse } from '../management/managed-stores.js';
import { things } from '../output/quantities.js';
import { ManagingCommand, type Call, type ManagingOptions } from './managing-command.js';
import { identifierOf } from './option-values.js';

/** Takes up again what has failed. */
@SubCommand({
  name: 'retry',
  arguments: '[identifier]',
  argsDescription: { identifier: 'the image, as it is called; all that have failed without' },
  description: 'queues again, as if they were new, images that were given up or wait since they have failed',
})
export class RetryCommand extends ManagingCommand {
  protected override readonly queue: QueueUse = 'required';

  protected readonly help = {
    examples: [
      ['retry', 'all that have failed'],
      ['retry maps/paris.tif', 'this one; ends with 1 when it has not failed'],
    ],
  } as const;

  protected async manage(management: CacheManagement, { params, options }: Call<ManagingOptions>): Promise<void> {
    const identifier = params.length === 0 ? undefined : identifierOf(params);
    const retried = await management.queue.retry(identifier);
    if (identifier !== undefined && retried === 0)
      throw new CliError(`${identifier}: there is no such image in the queue that has failed.`);
    if (options.json === true) this.terminal.printJson({ retried });
    else this.terminal.print(told(retried, identifier));
  }
}

function told(retried: number, identifier: string | undefined): string {
  if (identifier !== undefined) return `${printable(identifier)} is queued again.`;
  if (retried === 0) return 'Nothing in the queue has failed.';
  return `${things(retried, 'image')} ${retried === 1 ? 'is' : 'are'} queued again.`;
}
