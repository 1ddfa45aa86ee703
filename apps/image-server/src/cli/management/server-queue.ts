import type { AdminClient, AdminRequest } from './admin-client.js';
import { shaped } from './answer-shapes.js';
import type {
  JobPage,
  JobsRequest,
  Prefetched,
  Queued,
  QueueAllRequest,
  QueuedCounts,
  QueuedJob,
  QueueManagement,
  QueueRequest,
  QueueStatus,
} from './queue-management.js';
import { CliError } from '../cli-error.js';
import type { ServerTasks } from './server-tasks.js';
import { inParts } from './parts.js';
import type { Work, WorkProgress } from './work.js';

/** Manages the queue of a server that runs, by its admin API. */
export class ServerQueue implements QueueManagement {
  readonly #client: AdminClient;
  readonly #tasks: ServerTasks;

  constructor(client: AdminClient, tasks: ServerTasks) {
    this.#client = client;
    this.#tasks = tasks;
  }

  async jobs({ state, after, limit }: JobsRequest): Promise<JobPage> {
    const answer = await this.#client.request({ path: ['queue'], query: { state, after, limit } });
    const { jobs, next } = shaped<JobPage>(answer, { jobs: 'array' });
    return { jobs: jobs.map(jobOf), ...(next !== undefined && { next }) };
  }

  async find(identifier: string): Promise<QueuedJob | undefined> {
    const answer = await this.#client.find({ path: ['cache', identifier] });
    if (answer === undefined) return undefined;
    const { job } = shaped<{ readonly entries: readonly unknown[]; readonly job?: QueuedJob }>(answer, {
      entries: 'array',
    });
    return job && jobOf(job);
  }

  async enqueue({ identifier, variants, priority }: QueueRequest): Promise<Queued> {
    const body = { variants, priority };
    const answer = await this.#client.request({ path: ['cache', identifier], method: 'PUT', body });
    return shaped<Queued>(answer, { status: 'string' });
  }

  async enqueueAll({ images, variants, priority }: QueueAllRequest, work: Work): Promise<QueuedCounts> {
    const sum = { queued: 0, alreadyQueued: 0, writing: 0, cached: 0 };
    let omittedFolders = 0;
    for (const part of partsOf(images)) {
      const onProgress = ({ examined = 0, ...progress }: WorkProgress): void => {
        work.onProgress({ ...progress, examined: sumOf(sum) + examined });
      };
      const task = { verb: 'QueueImages', ...part, variants, priority } as const;
      const answer = await this.#tasks.run(task, { ...work, onProgress });
      const counts = shaped<QueuedCounts>(answer, QUEUED);
      for (const outcome of OUTCOMES) sum[outcome] += counts[outcome];
      omittedFolders += counts.omittedFolders ?? 0;
    }
    return omittedFolders > 0 ? { ...sum, omittedFolders } : sum;
  }

  async dequeue(identifier: string): Promise<boolean> {
    return (await this.#client.find({ path: ['queue', identifier], method: 'DELETE' })) !== undefined;
  }

  async clear(): Promise<number> {
    const answer = await this.#client.request({ path: ['cache'], method: 'DELETE', query: { target: 'queue' } });
    return shaped<{ readonly queued: number }>(answer, { queued: 'number' }).queued;
  }

  async retry(identifier?: string): Promise<number> {
    const request: AdminRequest = { path: ['actions', 'retry'], method: 'POST', body: { identifier } };
    const answer = await this.#client.find(request);
    return answer === undefined ? 0 : shaped<{ readonly retried: number }>(answer, { retried: 'number' }).retried;
  }

  pause(): Promise<QueueStatus> {
    return this.#switch('pause');
  }

  resume(): Promise<QueueStatus> {
    return this.#switch('resume');
  }

  async prefetch(work: Work): Promise<Prefetched> {
    const report = await this.#tasks.run({ verb: 'PrefetchImages' }, work);
    const counts = ['completed', 'retried', 'dead', 'rendered', 'cached', 'omitted', 'duration'] as const;
    return shaped<Prefetched>(report, Object.fromEntries(counts.map((name) => [name, 'number'])));
  }

  async status(): Promise<QueueStatus> {
    const answer = await this.#client.request({ path: ['status'] });
    const { prefetch } = shaped<{ readonly stats: object; readonly prefetch?: QueueStatus }>(answer, {
      stats: 'object',
    });
    if (prefetch === undefined) throw new CliError('The server prefetches nothing; it has no queue.');
    return statusOf(prefetch);
  }

  async #switch(action: 'pause' | 'resume'): Promise<QueueStatus> {
    return statusOf(await this.#client.request({ path: ['actions', action], method: 'POST', body: {} }));
  }
}

const OUTCOMES = ['queued', 'alreadyQueued', 'writing', 'cached'] as const;

const QUEUED = { queued: 'number', alreadyQueued: 'number', writing: 'number', cached: 'number' } as const;

function* partsOf(images: QueueAllRequest['images']): Generator<QueueAllRequest['images']> {
  if ('folder' in images) yield images;
  else for (const identifiers of inParts(images.identifiers)) yield { identifiers };
}

function sumOf(counts: QueuedCounts): number {
  return OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);
}

function jobOf(job: unknown): QueuedJob {
  return shaped<QueuedJob>(job, { identifier: 'string', state: 'string', queuedAt: 'string' });
}

function statusOf(answer: unknown): QueueStatus {
  return shaped<QueueStatus>(answer, { isPaused: 'boolean', queued: 'number', running: 'number', dead: 'number' });
}
