import type { JobsOptions, PrefetchState } from '../prefetcher.js';
import type { QueuedJob } from './queue-operation.js';

/** A place in the order of jobs. */
type Place = Pick<QueuedJob, 'state' | 'priority' | 'id'>;

/** Bytes of a job as it is written down, about, beside what is of any length. */
const LENGTH = 250;

const STATES: readonly PrefetchState[] = ['running', 'queued', 'dead'];

/**
 * Jobs, one for an image: those that are being done, those that wait, in the order in which they are to be done, by
 * priority, then by the time they were queued, and those that were given up.
 */
export class JobList {
  readonly #byId = new Map<string, QueuedJob>();
  readonly #byIdentifier = new Map<string, QueuedJob>();
  readonly #order: QueuedJob[] = [];
  #bytes = 0;
  readonly #counts: Record<PrefetchState, number> = { queued: 0, running: 0, dead: 0 };

  get size(): number {
    return this.#order.length;
  }

  /** About how long its jobs are when they are written down. */
  get bytes(): number {
    return this.#bytes;
  }

  get counts(): Readonly<Record<PrefetchState, number>> {
    return this.#counts;
  }

  get(id: string): QueuedJob | undefined {
    return this.#byId.get(id);
  }

  find(identifier: string): QueuedJob | undefined {
    return this.#byIdentifier.get(identifier);
  }

  [Symbol.iterator](): IterableIterator<QueuedJob> {
    return this.#order[Symbol.iterator]();
  }

  /** Takes a job in, in place of what there is of it, and of its image. */
  put(job: QueuedJob): void {
    const former = this.#byIdentifier.get(job.identifier);
    const stays = former !== undefined && compare(former, job) === 0;
    if (former !== undefined && !stays) this.delete(former.id);
    this.#byId.set(job.id, job);
    this.#byIdentifier.set(job.identifier, job);
    if (!stays) this.#counts[job.state] += 1;
    this.#bytes += lengthOf(job) - (stays ? lengthOf(former) : 0);
    this.#order.splice(this.#indexOf(job), stays ? 1 : 0, job);
  }

  delete(id: string): QueuedJob | undefined {
    const job = this.#byId.get(id);
    if (job === undefined) return undefined;
    this.#byId.delete(id);
    this.#byIdentifier.delete(job.identifier);
    this.#counts[job.state] -= 1;
    this.#bytes -= lengthOf(job);
    this.#order.splice(this.#indexOf(job), 1);
    return job;
  }

  clear(): void {
    this.#byId.clear();
    this.#byIdentifier.clear();
    this.#order.length = 0;
    this.#bytes = 0;
    Object.assign(this.#counts, { queued: 0, running: 0, dead: 0 });
  }

  /** The next job to be done. */
  next(now: number): QueuedJob | undefined {
    return this.#order.find((job) => job.state === 'queued' && (job.notBefore ?? 0) <= now);
  }

  /** When the next job may be done that has to wait; milliseconds since the epoch. */
  nextDue(): number | undefined {
    let due: number | undefined;
    for (const { state, notBefore } of this.#order)
      if (state === 'queued' && notBefore !== undefined && notBefore < (due ?? Infinity)) due = notBefore;
    return due;
  }

  /** A page of jobs; `next` is the `after` of the page behind it. */
  page({ state, after, limit = 100 }: JobsOptions): { readonly jobs: readonly QueuedJob[]; readonly next?: string } {
    const jobs: QueuedJob[] = [];
    for (let index = this.#start(after); index < this.#order.length; index += 1) {
      const job = this.#order[index];
      if (job === undefined || (state !== undefined && job.state !== state)) continue;
      const last = jobs.at(-1);
      if (jobs.length === limit && last !== undefined) return { jobs, next: cursorOf(last) };
      jobs.push(job);
    }
    return { jobs };
  }

  #start(after: string | undefined): number {
    const place = after === undefined ? undefined : (this.#byId.get(after) ?? placeOf(after));
    if (place === undefined) return 0;
    const index = this.#indexOf(place);
    return this.#order[index]?.id === place.id ? index + 1 : index;
  }

  /** Where a job is, or would be. */
  #indexOf(place: Place): number {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#order[middle];
      if (other !== undefined && compare(other, place) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function lengthOf({ identifier, variants = [], error = '' }: QueuedJob): number {
  const written = Buffer.byteLength(JSON.stringify(identifier)) + Buffer.byteLength(error);
  return variants.reduce((sum, variant) => sum + variant.length, LENGTH + written);
}

/** A job that is done is not there any more when the next page is asked for. */
function cursorOf({ state, priority, id }: Place): string {
  return `${state}:${priority}:${id}`;
}

/** Whether a text can be the `next` of a page. */
export function isJobCursor(text: string): boolean {
  return placeOf(text) !== undefined;
}

function placeOf(cursor: string): Place | undefined {
  const [, name, priority, id] = /^([a-z]+):(-?\d+):(.+)$/s.exec(cursor) ?? [];
  const state = STATES.find((each) => each === name);
  return id === undefined || state === undefined ? undefined : { state, priority: Number(priority), id };
}

function compare(one: Place, other: Place): number {
  if (one.state !== other.state) return STATES.indexOf(one.state) - STATES.indexOf(other.state);
  if (one.priority !== other.priority) return other.priority - one.priority;
  return one.id < other.id ? -1 : one.id > other.id ? 1 : 0;
}
