import type { EvictedCounts, SweepReport } from 'nestjs-image-cache';
import type { AdminClient } from './admin-client.js';
import { shaped } from './answer-shapes.js';
import type {
  CachedEntry,
  CacheManagement,
  CacheStatus,
  EntriesRequest,
  EntryPage,
  JobPage,
  JobsRequest,
  Prefetched,
  Queued,
  QueuedJob,
  QueueAllRequest,
  QueuedCounts,
  QueueRequest,
  Upkeep,
  Work,
  WorkProgress,
} from './cache-management.js';
import { ServerTasks, type TaskVerb } from './server-tasks.js';

const VERBS: Readonly<Record<Upkeep, TaskVerb>> = { sweep: 'SweepCache', prune: 'PruneCache', clean: 'CleanCache' };

/** Manages the cache of a server that runs, by its admin API. */
export class ServerManagement implements CacheManagement {
  readonly #client: AdminClient;
  readonly #tasks: ServerTasks;

  constructor(client: AdminClient) {
    this.#client = client;
    this.#tasks = new ServerTasks(client);
  }

  async entries({ kind, order, after, limit }: EntriesRequest): Promise<EntryPage> {
    const answer = await this.#client.request({ path: ['cache'], query: { kind, order, after, limit } });
    const { entries, next, partial } = shaped<EntryPage>(answer, { entries: 'array' });
    return {
      entries: entries.map(entryOf),
      ...(next !== undefined && { next }),
      ...(partial === true && { partial }),
    };
  }

  async jobs({ state, after, limit }: JobsRequest): Promise<JobPage> {
    const answer = await this.#client.request({ path: ['queue'], query: { state, after, limit } });
    const { jobs, next } = shaped<JobPage>(answer, { jobs: 'array' });
    return { jobs: jobs.map(jobOf), ...(next !== undefined && { next }) };
  }

  async enqueue({ identifier, variants, priority }: QueueRequest): Promise<Queued> {
    const body = { variants, priority };
    const answer = await this.#client.request({ path: ['cache', identifier], method: 'PUT', body });
    return shaped<Queued>(answer, { status: 'string' });
  }

  async enqueueAll({ images, variants, priority }: QueueAllRequest, work: Work): Promise<QueuedCounts> {
    const sum = { queued: 0, alreadyQueued: 0, writing: 0, cached: 0 };
    for (const part of partsOf(images)) {
      const onProgress = ({ examined = 0, ...progress }: WorkProgress): void => {
        work.onProgress({ ...progress, examined: sumOf(sum) + examined });
      };
      const task = { verb: 'QueueImages', ...part, variants, priority } as const;
      const answer = await this.#tasks.run(task, { ...work, onProgress });
      const counts = shaped<QueuedCounts>(answer, QUEUED);
      for (const outcome of OUTCOMES) sum[outcome] += counts[outcome];
    }
    return sum;
  }

  async evict(identifier: string): Promise<boolean> {
    return (await this.#client.find({ path: ['cache', identifier], method: 'DELETE' })) !== undefined;
  }

  async dequeue(identifier: string): Promise<boolean> {
    return (await this.#client.find({ path: ['queue', identifier], method: 'DELETE' })) !== undefined;
  }

  async evictAll(work: Work): Promise<EvictedCounts> {
    return shaped<EvictedCounts>(await this.#tasks.run({ verb: 'PurgeCache' }, work), COUNTS);
  }

  async clearQueue(): Promise<number> {
    const answer = await this.#client.request({ path: ['cache'], method: 'DELETE', query: { target: 'queue' } });
    return shaped<{ readonly queued: number }>(answer, { queued: 'number' }).queued;
  }

  async prefetch(work: Work): Promise<Prefetched> {
    const report = await this.#tasks.run({ verb: 'PrefetchImages' }, work);
    return shaped<Prefetched>(report, { completed: 'number', retried: 'number', dead: 'number', duration: 'number' });
  }

  async upkeep(which: Upkeep, { dryRun, ...work }: Work & { readonly dryRun: boolean }): Promise<SweepReport> {
    const report = await this.#tasks.run({ verb: VERBS[which], ...(dryRun && { dryRun }) }, work);
    return shaped<SweepReport>(report, { steps: 'array', duration: 'number', aborted: 'boolean' });
  }

  async status(): Promise<CacheStatus> {
    return shaped<ServerStatus>(await this.#client.request({ path: ['status'] }), { stats: 'object' });
  }

  /** There is nothing to be given back. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** What is read of a server's status. */
interface ServerStatus extends CacheStatus {
  readonly stats: object;
}

const COUNTS = { infos: 'number', variants: 'number', sources: 'number', bytes: 'number' } as const;

const OUTCOMES = ['queued', 'alreadyQueued', 'writing', 'cached'] as const;

const QUEUED = { queued: 'number', alreadyQueued: 'number', writing: 'number', cached: 'number' } as const;

/** Images of one request, so that it is not too large for any server. */
const MOST = 1000;

function* partsOf(images: QueueAllRequest['images']): Generator<QueueAllRequest['images']> {
  if ('folder' in images) yield images;
  else
    for (let first = 0; first < images.identifiers.length; first += MOST)
      yield { identifiers: images.identifiers.slice(first, first + MOST) };
}

function sumOf(counts: QueuedCounts): number {
  return OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);
}

function entryOf(entry: CachedEntry): CachedEntry {
  return shaped<CachedEntry>(entry, {
    identifier: 'string',
    kind: 'string',
    size: 'number',
    createdAt: 'string',
    lastAccess: 'string',
  });
}

function jobOf(job: QueuedJob): QueuedJob {
  return shaped<QueuedJob>(job, { identifier: 'string', state: 'string', queuedAt: 'string' });
}
