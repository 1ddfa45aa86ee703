import { SubCommand } from 'nest-commander';
import type { CacheManagement } from '../management/cache-management.js';
import { things } from '../output/quantities.js';
import { DeletingCommand, type DeletingOptions, type DeletingQuestion } from './deleting-command.js';
import type { Call } from './managing-command.js';

/** Empties the queue. */
@SubCommand({ name: 'delete-all-queued-images', description: 'empties the queue of images to be prefetched' })
export class DeleteAllQueuedImagesCommand extends DeletingCommand {
  protected override readonly isAboutQueue = true;

  protected readonly help = {
    examples: [
      ['delete-all-queued-images', 'asks, and empties it'],
      ['delete-all-queued-images --force', 'does not ask; for scripts'],
    ],
  } as const;

  protected question(): DeletingQuestion {
    return {
      consequence: 'the first requests for the images in it go to the source, and their pictures are rendered then.',
      question: 'Empty the queue?',
    };
  }

  protected async manage(management: CacheManagement, { options }: Call<DeletingOptions>): Promise<void> {
    const queued = await management.clearQueue();
    if (options.json === true) this.terminal.printJson({ queued });
    else this.terminal.print(`Took ${things(queued, 'image')} out of the queue.`);
  }
}
