import { Option, SubCommand } from 'nest-commander';
import { CliError } from '../cli-error.js';
import type { ServerControl } from '../management/server-control.js';
import type { ServerTask } from '../management/server-tasks.js';
import { duration, time } from '../output/quantities.js';
import type { Column } from '../output/table.js';
import { outcomeOf } from '../output/task-outcome.js';
import type { Call, ConnectedOptions } from './connected-command.js';
import { ServerCommand } from './server-command.js';

const COLUMNS: readonly Column<ServerTask>[] = [
  { title: 'Task', value: ({ id }) => id },
  { title: 'Verb', value: ({ verb, dryRun = false }) => (dryRun ? `${verb} (dry run)` : verb) },
  { title: 'Of', value: ({ identifier, folder }) => identifier ?? folder ?? '', mayBeCut: true },
  { title: 'Status', value: ({ status }) => status },
  { title: 'Queued (UTC)', value: ({ queuedAt }) => time(queuedAt) },
  { title: 'Took', value: tookOf, align: 'right' },
  { title: 'Outcome', value: outcomeOf, mayBeCut: true },
];

interface Options extends ConnectedOptions {
  readonly cancel?: boolean;
}

/** Tells what a server does and has done. */
@SubCommand({
  name: 'tasks',
  arguments: '[id]',
  argsDescription: { id: 'one task; all that the server knows without' },
  description: 'tells what a server does and has done of late, the newest first',
})
export class TasksCommand extends ServerCommand<Options> {
  protected readonly help = {
    examples: [
      ['tasks', 'what is being done, and the last hundred that have ended'],
      ['tasks 0b5ec1a9-3a4e-4a7c-9d7e-9d1b3f6f3e0d', 'one of them; ends with 1 when that has failed'],
      ['tasks 0b5ec1a9-3a4e-4a7c-9d7e-9d1b3f6f3e0d --cancel', 'ends it'],
    ],
  } as const;

  @Option({ flags: '--cancel', description: 'ends the task, or has it not begin' })
  parseCancel(): boolean {
    return true;
  }

  protected async manage(server: ServerControl, { params: [id], options }: Call<Options>): Promise<void> {
    const { cancel = false } = options;
    if (id !== undefined) this.#show(id, await (cancel ? server.cancel(id) : server.task(id)), options);
    else if (cancel) throw new CliError('--cancel: which task? Name it.');
    else await this.#list(server, options);
  }

  async #list(server: ServerControl, { json = false }: ConnectedOptions): Promise<void> {
    const tasks = await server.tasks();
    if (json) this.terminal.printJson({ tasks });
    else this.terminal.printTable(tasks, COLUMNS);
  }

  #show(id: string, task: ServerTask | undefined, { json = false }: Options): void {
    if (task === undefined) throw new CliError(`${id}: there is no such task, or not any more.`);
    if (json) this.terminal.printJson(task);
    else this.terminal.printTable([task], COLUMNS);
    if (task.status === 'failed')
      throw new CliError(`${id}: has failed: ${task.error ?? 'the server does not say why'}`);
  }
}

function tookOf({ startedAt, stoppedAt }: ServerTask): string {
  if (startedAt === undefined || stoppedAt === undefined) return '-';
  return duration(Date.parse(stoppedAt) - Date.parse(startedAt));
}
