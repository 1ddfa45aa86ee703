import { SubCommand } from 'nest-commander';
import type { CacheManagement } from '../management/cache-management.js';
import type { Queued } from '../management/queue-management.js';
import { printable } from 'nestjs-image-cache';
import type { Call } from './managing-command.js';
import { identifierOf } from './option-values.js';
import { QueuingCommand, type QueuingOptions } from './queuing-command.js';

const OUTCOMES: Readonly<Record<Queued['status'], string>> = {
  queued: 'is queued for being prefetched.',
  'already-queued': 'is queued already.',
  writing: 'is being cached already.',
  cached: 'is cached already.',
};

/** Queues an image for being prefetched. */
@SubCommand({
  name: 'queue-image',
  arguments: '<identifier>',
  argsDescription: { identifier: 'the image, as it is called; nothing in it is decoded' },
  description: 'queues an image for being cached before it is asked for',
})
export class QueueImageCommand extends QueuingCommand {
  protected readonly help = {
    examples: [
      ['queue-image maps/paris.tif', 'with the configured variants'],
      ['queue-image maps/paris.tif --variant full/400,/0/default.jpg', 'with this one'],
      ['queue-image --priority 5 -- -odd-name.tif', 'before others; after -- nothing is an option'],
    ],
  } as const;

  protected async manage(management: CacheManagement, { params, options }: Call<QueuingOptions>): Promise<void> {
    const identifier = identifierOf(params);
    const { variant: variants, priority, json = false } = options;
    const queued = await management.queue.enqueue({ identifier, variants, priority });
    if (json) this.terminal.printJson(queued);
    else this.terminal.print(`${printable(identifier)} ${OUTCOMES[queued.status]}`);
  }
}
