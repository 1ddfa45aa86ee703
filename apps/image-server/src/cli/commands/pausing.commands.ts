import { SubCommand } from 'nest-commander';
import type { CacheManagement } from '../management/cache-management.js';
import type { QueueUse } from '../management/managed-stores.js';
import type { QueueStatus } from '../management/queue-management.js';
import { count } from '../output/quantities.js';
import { ManagingCommand, type Call, type ManagingOptions } from './managing-command.js';

/** A command by which jobs of the queue are begun, or are not. */
abstract class PausingCommand extends ManagingCommand {
  protected override readonly queue: QueueUse = 'required';

  protected async manage(management: CacheManagement, { options }: Call<ManagingOptions>): Promise<void> {
    const status = await this.switch(management);
    if (options.json === true) this.terminal.printJson(status);
    else this.terminal.print(told(status));
  }

  protected abstract switch(management: CacheManagement): Promise<QueueStatus>;
}

function told({ isPaused, queued, running, dead }: QueueStatus): string {
  const counts = `${count(queued)} queued, ${count(running)} running, ${count(dead)} given up`;
  return isPaused
    ? `Prefetching is paused: ${counts}. image-server cache resume has it go on.`
    : `Prefetching goes on: ${counts}.`;
}

/** Stops prefetching. */
@SubCommand({
  name: 'pause',
  description: 'has no queued image be prefetched any more, by anybody who shares the queue, until resume',
})
export class PauseCommand extends PausingCommand {
  protected readonly help = {
    examples: [['pause', 'also over a restart; what is being prefetched is finished']],
  } as const;

  protected switch(management: CacheManagement): Promise<QueueStatus> {
    return management.queue.pause();
  }
}

/** Has prefetching go on. */
@SubCommand({ name: 'resume', description: 'has prefetching go on after pause' })
export class ResumeCommand extends PausingCommand {
  protected readonly help = {
    examples: [['resume', 'begins at once on the server that is asked, elsewhere with the next interval']],
  } as const;

  protected switch(management: CacheManagement): Promise<QueueStatus> {
    return management.queue.resume();
  }
}
