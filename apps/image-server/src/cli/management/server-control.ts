import type { AdminClient } from './admin-client.js';
import { shaped } from './answer-shapes.js';
import type { ServerTask } from './server-tasks.js';

/** What only a server can be asked: it has tasks, and options that are changed while it runs. */
export class ServerControl {
  readonly #client: AdminClient;

  constructor(client: AdminClient) {
    this.#client = client;
  }

  /** What it does and has done, the newest first. */
  async tasks(): Promise<readonly ServerTask[]> {
    const answer = await this.#client.request({ path: ['tasks'] });
    return shaped<{ readonly tasks: readonly unknown[] }>(answer, { tasks: 'array' }).tasks.map(taskOf);
  }

  /** One task; `undefined` when it is not known, or not any more. */
  async task(id: string): Promise<ServerTask | undefined> {
    const answer = await this.#client.find({ path: ['tasks', id] });
    return answer === undefined ? undefined : taskOf(answer);
  }

  /**
   * Ends a task, or has it not begin; `undefined` when it is not known, or not any more.
   *
   * @throws CliError when it has ended already
   */
  async cancel(id: string): Promise<ServerTask | undefined> {
    const answer = await this.#client.find({ path: ['tasks', id], method: 'DELETE' });
    return answer === undefined ? undefined : taskOf(answer);
  }

  /** Changes options until the server ends; returns the names of those that have other values now. */
  async configure(options: object): Promise<readonly string[]> {
    const answer = await this.#client.request({ path: ['actions', 'configure'], method: 'POST', body: options });
    return shaped<{ readonly changed: readonly string[] }>(answer, { changed: 'array' }).changed;
  }

  /** There is nothing to be given back. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

function taskOf(answer: unknown): ServerTask {
  return shaped<ServerTask>(answer, { id: 'string', verb: 'string', status: 'string', queuedAt: 'string' });
}
