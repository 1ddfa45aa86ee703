import { sumCounts, type EvictedCounts, type SweepReport } from 'nestjs-image-cache';
import type { AdminClient } from './admin-client.js';
import { shaped } from './answer-shapes.js';
import type {
  CachedEntry,
  CacheManagement,
  CacheStatus,
  ChangedCounts,
  EntriesRequest,
  EntryPage,
  ImageDescription,
  Upkeep,
} from './cache-management.js';
import { inParts } from './parts.js';
import { ServerQueue } from './server-queue.js';
import { ServerTasks, type TaskVerb } from './server-tasks.js';
import type { Rehearsable } from './work.js';

const VERBS: Readonly<Record<Upkeep, TaskVerb>> = { sweep: 'SweepCache', prune: 'PruneCache', clean: 'CleanCache' };

/** Manages the cache of a server that runs, by its admin API. */
export class ServerManagement implements CacheManagement {
  readonly queue: ServerQueue;
  readonly #client: AdminClient;
  readonly #tasks: ServerTasks;

  constructor(client: AdminClient) {
    this.#client = client;
    this.#tasks = new ServerTasks(client);
    this.queue = new ServerQueue(client, this.#tasks);
  }

  async entries({ kind, order, after, limit, signal }: EntriesRequest): Promise<EntryPage> {
    const answer = await this.#client.request({ path: ['cache'], query: { kind, order, after, limit }, signal });
    const { entries, next, partial } = shaped<EntryPage>(answer, { entries: 'array' });
    return {
      entries: entries.map(entryOf),
      ...(next !== undefined && { next }),
      ...(partial === true && { partial }),
    };
  }

  async describe(identifier: string): Promise<ImageDescription | undefined> {
    const answer = await this.#client.find({ path: ['cache', identifier] });
    if (answer === undefined) return undefined;
    const found = shaped<ImageDescription>(answer, { state: 'string', entries: 'array', bytes: 'number' });
    return { ...found, entries: found.entries.map(entryOf) };
  }

  async evict(identifier: string): Promise<boolean> {
    return (await this.#client.find({ path: ['cache', identifier], method: 'DELETE' })) !== undefined;
  }

  async countOf(identifier: string): Promise<EvictedCounts> {
    const query = { dryRun: true };
    return countsOf(await this.#client.request({ path: ['cache', identifier], method: 'DELETE', query }));
  }

  async evictAll({ dryRun, ...work }: Rehearsable): Promise<EvictedCounts> {
    return countsOf(await this.#tasks.run({ verb: 'PurgeCache', ...(dryRun && { dryRun }) }, work));
  }

  async changed(identifiers: readonly string[], { dryRun, signal, onProgress }: Rehearsable): Promise<ChangedCounts> {
    const done: ChangedCounts[] = [];
    let examined = 0;
    const query = dryRun ? { dryRun } : {};
    for (const part of inParts(identifiers)) {
      const body = { identifiers: part };
      const answer = await this.#client.request({ path: ['actions', 'changed'], method: 'POST', query, body, signal });
      const { evicted, requeued } = shaped<ChangedCounts>(answer, { evicted: 'object', requeued: 'number' });
      done.push({ evicted: countsOf(evicted), requeued });
      examined += part.length;
      onProgress({ examined });
    }
    return {
      evicted: sumCounts(done.map(({ evicted }) => evicted)),
      requeued: done.reduce((sum, { requeued }) => sum + requeued, 0),
    };
  }

  async upkeep(which: Upkeep, { dryRun, ...work }: Rehearsable): Promise<SweepReport> {
    const report = await this.#tasks.run({ verb: VERBS[which], ...(dryRun && { dryRun }) }, work);
    return shaped<SweepReport>(report, { steps: 'array', duration: 'number', aborted: 'boolean' });
  }

  async status(): Promise<CacheStatus> {
    return shaped<ServerStatus>(await this.#client.request({ path: ['status'] }), { stats: 'object' });
  }

  async knownUsage(): Promise<CacheStatus['usage']> {
    return (await this.status()).usage;
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

function countsOf(answer: unknown): EvictedCounts {
  return shaped<EvictedCounts>(answer, { infos: 'number', variants: 'number', sources: 'number', bytes: 'number' });
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
