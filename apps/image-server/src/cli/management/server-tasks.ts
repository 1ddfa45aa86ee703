import { setTimeout as pause } from 'node:timers/promises';
import { CliError } from '../cli-error.js';
import type { AdminClient } from './admin-client.js';
import { shaped } from './answer-shapes.js';
import type { Work, WorkProgress } from './work.js';

/** What a server can be told to do. */
export type TaskVerb = 'PurgeCache' | 'SweepCache' | 'CleanCache' | 'PruneCache' | 'QueueImages' | 'PrefetchImages';

/** A task for a server. */
export interface TaskRequest {
  readonly verb: TaskVerb;
  readonly dryRun?: boolean;
  /** What else a verb takes. */
  readonly identifiers?: readonly string[];
  readonly folder?: string;
  readonly variants?: readonly string[] | undefined;
  readonly priority?: number | undefined;
}

/** What a server does or has done, as it tells it. */
export interface ServerTask {
  readonly id: string;
  readonly verb: string;
  readonly identifier?: string;
  readonly folder?: string;
  readonly dryRun?: boolean;
  readonly status: 'queued' | 'running' | 'succeeded' | 'failed' | 'aborted' | 'cancelled';
  /** ISO 8601, UTC. */
  readonly queuedAt: string;
  readonly startedAt?: string;
  readonly stoppedAt?: string;
  readonly progress?: WorkProgress;
  readonly result?: unknown;
  readonly error?: string;
}

type Task = Pick<ServerTask, 'id' | 'status' | 'progress' | 'result' | 'error'>;

/** Milliseconds between two looks at a task; at first, many are done at once. */
const FIRST_LOOK = 50;
const LONGEST_WAIT = 1000;

/** Work that takes a server longer than one answer: it is begun, and looked at until it is done. */
export class ServerTasks {
  readonly #client: AdminClient;

  constructor(client: AdminClient) {
    this.#client = client;
  }

  /**
   * Has the server do a task, and waits for its result.
   *
   * @throws CliError when the task failed, or is no longer known
   */
  async run(request: TaskRequest, { signal, onProgress }: Work): Promise<unknown> {
    let task = taskOf(await this.#client.request({ path: ['tasks'], method: 'POST', body: request, signal }));
    for (let wait = FIRST_LOOK; isUnderWay(task); wait = Math.min(2 * wait, LONGEST_WAIT)) {
      if (task.progress !== undefined) onProgress(progressOf(task.progress));
      await this.#wait(wait, task, signal);
      task = await this.#look(task, signal);
    }
    if (task.status === 'failed') throw new CliError(`The server failed: ${task.error ?? 'it does not say why'}`);
    if (task.status === 'cancelled') throw new CliError(`Somebody has cancelled ${request.verb} on the server.`);
    if (task.result === undefined) throw new CliError(`The server ended before ${request.verb} was done; see its log.`);
    return task.result;
  }

  async #look({ id }: Task, signal: AbortSignal): Promise<Task> {
    const found = await this.#client.find({ path: ['tasks', id], signal });
    if (found === undefined)
      throw new CliError(`The server knows nothing of task ${id} any more; was it started anew?`);
    return taskOf(found);
  }

  async #wait(milliseconds: number, { id }: Task, signal: AbortSignal): Promise<void> {
    await pause(milliseconds, undefined, { signal }).catch(() => {
      throw new CliError(
        `Nobody waits any more; the server goes on with it: image-server cache tasks ${id} tells how far, --cancel ends it.`,
      );
    });
  }
}

function isUnderWay({ status }: Task): boolean {
  return status === 'queued' || status === 'running';
}

function taskOf(answer: unknown): Task {
  return shaped<Task>(answer, { id: 'string', status: 'string' });
}

/** A bar is filled by what has been examined, where it is known how much that will be. */
function progressOf({ total, examined, ...progress }: WorkProgress): WorkProgress {
  if (total === undefined || examined === undefined)
    return { ...progress, ...(examined !== undefined && { examined }) };
  return { ...progress, total, done: examined };
}
