import { Option, SubCommand } from 'nest-commander';
import type { QueueUse } from '../management/managed-stores.js';
import type { CacheManagement } from '../management/cache-management.js';
import type { QueuedJob } from '../management/queue-management.js';
import { count, time } from '../output/quantities.js';
import type { Column } from '../output/table.js';
import { ListingCommand, PAGE, type ListingOptions } from './listing-command.js';
import type { Call } from './managing-command.js';
import { oneOf } from './option-values.js';

const STATES = ['queued', 'running', 'dead'] as const;

const COLUMNS: readonly Column<QueuedJob>[] = [
  { title: 'ID', value: ({ identifier }) => identifier, mayBeCut: true },
  { title: 'Queued (UTC)', value: ({ queuedAt }) => time(queuedAt) },
  { title: 'State', value: ({ state }) => state },
  { title: 'Priority', value: ({ priority }) => String(priority), align: 'right' },
  {
    title: 'Done',
    value: ({ progress }) => (progress === undefined ? '-' : `${progress.done}/${progress.total}`),
    align: 'right',
  },
  { title: 'Next Try (UTC)', value: ({ notBefore }) => (notBefore === undefined ? '' : time(notBefore)) },
  { title: 'Failures', value: ({ attempts }) => count(attempts), align: 'right' },
  { title: 'Error', value: ({ error }) => error ?? '', mayBeCut: true },
];

interface Options extends ListingOptions {
  readonly state?: QueuedJob['state'];
}

/** Lists the images that wait for being prefetched. */
@SubCommand({
  name: 'list-queued',
  description: 'lists what is prefetched, what waits for it, the next one first, and what was given up',
})
export class ListQueuedCommand extends ListingCommand<Options> {
  protected override readonly queue: QueueUse = 'required';

  protected readonly help = {
    examples: [
      ['list-queued', 'the next 100 images'],
      ['list-queued --state dead', 'those that could not be prefetched, and why'],
    ],
  } as const;

  @Option({ flags: '--state <state>', description: 'lists those in one state', choices: [...STATES] })
  parseState(value: string): QueuedJob['state'] {
    return oneOf('--state', value, STATES);
  }

  protected async manage(management: CacheManagement, { options }: Call<Options>): Promise<void> {
    const { state, after, limit = PAGE, json = false } = options;
    const page = await management.queue.jobs({ state, after, limit });
    if (json) {
      this.terminal.printJson(page);
      return;
    }
    this.terminal.printTable(page.jobs, COLUMNS);
    this.tellNext(page.next);
  }
}
