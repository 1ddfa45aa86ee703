import { SubCommand } from 'nest-commander';
import type { CacheManagement } from '../management/cache-management.js';
import type { QueueUse } from '../management/managed-stores.js';
import type { QueueStatus } from '../management/queue-management.js';
import { things } from '../output/quantities.js';
import { DeletingCommand, type DeletingOptions, type DeletingQuestion } from './deleting-command.js';
import type { Call } from './managing-command.js';

/** Empties the queue. */
@SubCommand({ name: 'delete-all-queued-images', description: 'empties the queue of images to be prefetched' })
export class DeleteAllQueuedImagesCommand extends DeletingCommand {
  protected override readonly queue: QueueUse = 'required';

  protected readonly help = {
    examples: [
      ['delete-all-queued-images', 'asks, and empties it'],
      ['delete-all-queued-images --dry-run', 'counts what is in it'],
      ['delete-all-queued-images --force', 'does not ask; for scripts'],
    ],
  } as const;

  protected async question(management: CacheManagement): Promise<DeletingQuestion> {
    const jobs = jobsIn(await management.queue.status());
    return {
      consequence: 'the first requests for the images in it go to the source, and their pictures are rendered then.',
      question: `Empty the queue of ${things(jobs, 'image')}?`,
    };
  }

  protected async foresee(management: CacheManagement, { options }: Call<DeletingOptions>): Promise<void> {
    const queued = jobsIn(await management.queue.status());
    if (options.json === true) this.terminal.printJson({ queued, dryRun: true });
    else this.terminal.print(`Would take ${things(queued, 'image')} out of the queue.`);
  }

  protected async delete(management: CacheManagement, { options }: Call<DeletingOptions>): Promise<void> {
    const queued = await management.queue.clear();
    if (options.json === true) this.terminal.printJson({ queued });
    else this.terminal.print(`Took ${things(queued, 'image')} out of the queue.`);
  }
}

function jobsIn({ queued, running, dead }: QueueStatus): number {
  return queued + running + dead;
}
