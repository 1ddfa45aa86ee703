import { Inject, Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { ImageCacheError, isAbandonment, messageOf } from '../../common/errors.js';
import type { StepProgress } from '../../ports/cache-store.js';
import type { EvictedCounts } from '../../ports/entry.js';
import type { SweepReport } from '../../maintenance/sweep.js';
import type { EnqueuedCounts, PrefetchReport } from '../../prefetch/prefetcher.js';
import { ADMIN_SETTINGS, type AdminSettings } from '../admin-options.js';
import type { TaskRequest, Verb } from './verb.js';

/** How far a task is. */
export interface TaskProgress extends StepProgress {
  /** Things that there are to be looked at, where that is known. */
  readonly total?: number;
}

/** Tasks that have ended and are remembered. */
const HISTORY = 100;

/** Tasks that may wait. */
const QUEUE = 100;

/** Something that is being done, or was. */
export interface Task extends TaskRequest {
  readonly id: string;
  readonly status: 'queued' | 'running' | 'succeeded' | 'failed' | 'aborted';
  /** Milliseconds since the epoch. */
  readonly queuedAt: number;
  readonly startedAt?: number;
  readonly stoppedAt?: number;
  readonly progress?: TaskProgress;
  readonly result?: TaskResult;
  /** Why it failed; one line. */
  readonly error?: string;
}

/** What came of a task: counts, or the report of a sweep or of the prefetcher. */
export type TaskResult = EvictedCounts | EnqueuedCounts | SweepReport | PrefetchReport;

/** What the work of a task gets. */
export interface TaskContext {
  /** Aborted when the application ends. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: TaskProgress) => void;
}

/** The work of a task. */
export type TaskWork = (context: TaskContext) => Promise<TaskResult>;

/** Does what takes longer than a request waits for: tasks of one verb one after the other, those of several at a time. */
@Injectable()
export class TaskRegistry implements BeforeApplicationShutdown {
  readonly #settings: AdminSettings;
  readonly #logger = new Logger('ImageCacheAdmin');
  /** In the order in which they were asked for. */
  readonly #tasks = new Map<string, Task>();
  readonly #lanes = new Map<Verb, Promise<void>>();
  readonly #closing = new AbortController();

  constructor(@Inject(ADMIN_SETTINGS) settings: AdminSettings) {
    this.#settings = settings;
  }

  /** Tasks that are remembered, the newest first. */
  list(): readonly Task[] {
    return [...this.#tasks.values()].reverse();
  }

  find(id: string): Task | undefined {
    return this.#tasks.get(id);
  }

  /**
   * Has something done when its turn has come.
   *
   * @throws ImageCacheError `E_IMAGE_CACHE_OVERLOADED` when too much waits, `E_IMAGE_CACHE_CLOSED` when the end has begun
   */
  add(request: TaskRequest, work: TaskWork): Task {
    if (this.#closing.signal.aborted)
      throw new ImageCacheError('E_IMAGE_CACHE_CLOSED', 'The application is about to end.');
    const waiting = this.list().filter(({ status }) => status === 'queued').length;
    if (waiting >= QUEUE) throw new ImageCacheError('E_IMAGE_CACHE_OVERLOADED', `${QUEUE} tasks wait already.`);
    const task: Task = { id: randomUUID(), ...request, status: 'queued', queuedAt: this.#now() };
    this.#tasks.set(task.id, task);
    const before = this.#lanes.get(request.verb) ?? Promise.resolve();
    this.#lanes.set(
      request.verb,
      before.then(() => this.#run(task.id, work)),
    );
    return task;
  }

  /** Sweeps end where they are, and what waits is not begun. */
  beforeApplicationShutdown(): void {
    this.#closing.abort();
  }

  async #run(id: string, work: TaskWork): Promise<void> {
    const { signal } = this.#closing;
    if (signal.aborted) {
      this.#end(id, { status: 'aborted' });
      return;
    }
    this.#change(id, { status: 'running', startedAt: this.#now() });
    const onProgress = (progress: TaskProgress): void => {
      this.#change(id, { progress });
    };
    try {
      const result = await work({ signal, onProgress });
      const isAborted = 'aborted' in result && result.aborted;
      this.#end(id, { status: isAborted ? 'aborted' : 'succeeded', result });
    } catch (error) {
      const isAborted = this.#closing.signal.aborted && isAbandonment(error);
      this.#end(id, { status: isAborted ? 'aborted' : 'failed', error: messageOf(error) });
      if (!isAborted) this.#logger.error(`${this.find(id)?.verb ?? id} failed: ${messageOf(error)}`);
    }
  }

  #end(id: string, change: Partial<Task>): void {
    this.#change(id, { ...change, stoppedAt: this.#now() });
    const ended = [...this.#tasks.values()].filter(({ stoppedAt }) => stoppedAt !== undefined);
    for (const { id: oldest } of ended.slice(0, Math.max(0, ended.length - HISTORY))) this.#tasks.delete(oldest);
  }

  #change(id: string, change: Partial<Task>): void {
    const task = this.#tasks.get(id);
    if (task !== undefined) this.#tasks.set(id, { ...task, ...change });
  }

  #now(): number {
    return this.#settings.clock.now();
  }
}
