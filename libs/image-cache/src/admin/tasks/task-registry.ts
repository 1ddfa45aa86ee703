import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
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
  /** Aborted by the end of the application, or cancelled by an operator. */
  readonly status: 'queued' | 'running' | 'succeeded' | 'failed' | 'aborted' | 'cancelled';
  /** Milliseconds since the epoch. */
  readonly queuedAt: number;
  readonly startedAt?: number;
  readonly stoppedAt?: number;
  readonly progress?: TaskProgress;
  readonly result?: TaskResult;
  /** Why it failed; one line. */
  readonly error?: string;
}

/** Counts of what may have been ended before it was through. */
type Ended<Counts> = Counts & { readonly aborted?: boolean };

/** What became of the images of a folder. */
export interface QueuedFolder extends EnqueuedCounts {
  /** Folders in it that were left out since they may not be read; absent when there are none. */
  readonly omittedFolders?: number;
}

/** What came of a task: counts, or the report of a sweep or of the prefetcher. */
export type TaskResult = Ended<EvictedCounts> | Ended<QueuedFolder> | SweepReport | PrefetchReport;

/** What the work of a task gets. */
export interface TaskContext {
  /** Aborted when the task is cancelled, and when the application ends. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: TaskProgress) => void;
}

/** The work of a task. */
export type TaskWork = (context: TaskContext) => Promise<TaskResult>;

/** How a task is ended early. */
class Stop extends AbortController {
  status: 'aborted' | 'cancelled' = 'aborted';
}

/** Does what takes longer than a request waits for: tasks of one verb one after the other, those of several at a time. */
@Injectable()
export class TaskRegistry implements BeforeApplicationShutdown {
  readonly #settings: AdminSettings;
  /** In the order in which they were asked for. */
  readonly #tasks = new Map<string, Task>();
  readonly #lanes = new Map<Verb, Promise<void>>();
  /** Of the tasks that have not ended. */
  readonly #stops = new Map<string, Stop>();
  #isClosing = false;

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
    if (this.#isClosing) throw new ImageCacheError('E_IMAGE_CACHE_CLOSED', 'The application is about to end.');
    const waiting = this.list().filter(({ status }) => status === 'queued').length;
    if (waiting >= QUEUE) throw new ImageCacheError('E_IMAGE_CACHE_OVERLOADED', `${QUEUE} tasks wait already.`);
    const task: Task = { id: randomUUID(), ...request, status: 'queued', queuedAt: this.#now() };
    this.#tasks.set(task.id, task);
    this.#stops.set(task.id, new Stop());
    const before = this.#lanes.get(request.verb) ?? Promise.resolve();
    this.#lanes.set(
      request.verb,
      before.then(() => this.#run(task.id, work)),
    );
    return task;
  }

  /**
   * Ends a task early: one that waits is not begun, one that runs ends where it is, which may take it a while. One that
   * has ended stays as it is.
   */
  cancel(id: string): void {
    const stop = this.#stops.get(id);
    if (stop === undefined) return;
    stop.status = 'cancelled';
    stop.abort(new ImageCacheError('E_IMAGE_CACHE_ABORTED', 'The task was cancelled.'));
    if (this.find(id)?.status === 'queued') this.#end(id, { status: stop.status });
  }

  /** Sweeps end where they are, and what waits is not begun. */
  beforeApplicationShutdown(): void {
    this.#isClosing = true;
    for (const stop of this.#stops.values()) stop.abort();
  }

  async #run(id: string, work: TaskWork): Promise<void> {
    const stop = this.#stops.get(id);
    if (stop === undefined) return;
    const { signal } = stop;
    if (signal.aborted) {
      this.#end(id, { status: stop.status });
      return;
    }
    this.#change(id, { status: 'running', startedAt: this.#now() });
    const onProgress = (progress: TaskProgress): void => {
      this.#change(id, { progress });
    };
    try {
      const result = await work({ signal, onProgress });
      const isStopped = result.aborted === true && stop.signal.aborted;
      this.#end(id, { status: isStopped ? stop.status : 'succeeded', result });
    } catch (error) {
      const isStopped = stop.signal.aborted && isAbandonment(error);
      this.#end(id, isStopped ? { status: stop.status } : { status: 'failed', error: messageOf(error) });
    }
  }

  #end(id: string, change: Partial<Task>): void {
    this.#stops.delete(id);
    this.#change(id, { ...change, stoppedAt: this.#now() });
    const others = [...this.#tasks.values()].filter((task) => task.stoppedAt !== undefined && task.id !== id);
    others.sort((one, other) => (one.stoppedAt ?? 0) - (other.stoppedAt ?? 0));
    for (const oldest of others.slice(0, Math.max(0, others.length + 1 - HISTORY))) this.#tasks.delete(oldest.id);
  }

  #change(id: string, change: Partial<Task>): void {
    const task = this.#tasks.get(id);
    if (task !== undefined) this.#tasks.set(id, { ...task, ...change });
  }

  #now(): number {
    return this.#settings.clock.now();
  }
}
