import { JobList } from './job-list.js';
import type { LastSign, NewJob, QueuedJob, QueueOperation, QueueOutcome } from './queue-operation.js';

/** Jobs that were given up and are remembered; the longest known go. */
const MOST_DEAD = 1000;

const REFUSED: QueueOutcome = { accepted: false };

type Claim = Extract<QueueOperation, { readonly op: 'claim' }>;

type Failed = Extract<QueueOperation, { readonly op: 'failed' }>;

/** What one operation does; the others are not its own. */
type Effects = { readonly [O in QueueOperation as O['op']]: (operation: O) => QueueOutcome };

/**
 * The state of a queue. It follows from the operations and their order alone, so that all who see the same operations in
 * the same order agree on it, and on what came of each.
 */
export class QueueState {
  readonly jobs = new JobList();
  readonly #holders = new Map<string, LastSign>();
  #isPaused = false;
  readonly #effects: Effects = {
    add: ({ job, again = false }) => this.#add(job, again),
    claim: (claim) => this.#claim(claim),
    done: ({ id, holder, revision }) => this.#done(id, holder, revision),
    failed: (failure) => this.#fail(failure),
    release: ({ id, holder, at }) => this.#release(id, holder, at),
    retry: ({ id }) => this.#retry(id),
    remove: ({ id, revision }) => this.#remove(id, revision),
    clear: () => this.#clear(),
    pause: () => this.#pause(true),
    resume: () => this.#pause(false),
    beat: ({ holder, progress }) => this.#progress(holder, progress),
    expire: ({ holder, beats }) => this.#expire(holder, beats),
    restore: ({ job }) => this.#put(job),
    known: ({ holder, beats, at }) => {
      this.#holders.set(holder, { beats, ...(at !== undefined && { at }) });
      return { accepted: true };
    },
  };

  /** Does an operation, and tells what came of it. */
  apply(operation: QueueOperation): QueueOutcome {
    if ('holder' in operation && !['expire', 'known'].includes(operation.op)) this.#note(operation);
    const effect = this.#effects[operation.op] as (operation: QueueOperation) => QueueOutcome;
    return effect(operation);
  }

  /** Whether no job is to be begun. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** What is known of the life of a holder. */
  lastSignOf(holder: string): LastSign {
    return this.#holders.get(holder) ?? { beats: 0 };
  }

  /** Those who have jobs now. */
  holders(): ReadonlySet<string> {
    const holders = new Set<string>();
    for (const { state, holder } of this.jobs) {
      // They come first.
      if (state !== 'running') break;
      if (holder !== undefined) holders.add(holder);
    }
    return holders;
  }

  /** Forgets who has no jobs, as a snapshot does. */
  forgetIdle(): void {
    const holders = this.holders();
    for (const holder of this.#holders.keys()) if (!holders.has(holder)) this.#holders.delete(holder);
  }

  reset(): void {
    this.jobs.clear();
    this.#holders.clear();
    this.#isPaused = false;
  }

  /** The operations that make this state out of none. */
  *snapshot(): Generator<QueueOperation> {
    if (this.#isPaused) yield { op: 'pause' };
    for (const holder of this.holders()) yield { op: 'known', holder, ...this.lastSignOf(holder) };
    for (const job of this.jobs) yield { op: 'restore', job };
  }

  #note({ holder, at = this.lastSignOf(holder).at }: { readonly holder: string; readonly at?: number }): void {
    this.#holders.set(holder, { beats: this.lastSignOf(holder).beats + 1, ...(at !== undefined && { at }) });
  }

  #put(job: QueuedJob): QueueOutcome {
    this.jobs.put(job);
    return { accepted: true, job };
  }

  #add(added: NewJob, again: boolean): QueueOutcome {
    const known = this.jobs.find(added.identifier);
    if (known === undefined || known.state === 'dead')
      return this.#put({ ...added, state: 'queued', attempts: 0, revision: 0 });
    const merged = { ...known, ...wantedOf(known, added), priority: Math.max(known.priority, added.priority) };
    const isMore = again || wants(merged) !== wants(known);
    const job = isMore ? { ...merged, revision: known.revision + 1 } : merged;
    this.jobs.put(job);
    return { accepted: false, job };
  }

  #claim({ id, holder, idle = 0 }: Claim): QueueOutcome {
    const job = this.#held(id, undefined);
    if (this.#isPaused || job === undefined) return REFUSED;
    const { failingSince } = job;
    const later = failingSince === undefined ? {} : { failingSince: failingSince + idle };
    return this.#put({ ...freed(job), state: 'running', holder, ...later });
  }

  #release(id: string, holder: string, at: number | undefined): QueueOutcome {
    const job = this.#held(id, holder);
    return job === undefined ? REFUSED : this.#put(givenBack(job, at));
  }

  #done(id: string, holder: string, revision: number): QueueOutcome {
    const job = this.#held(id, holder);
    if (job === undefined) return REFUSED;
    if (job.revision !== revision) return this.#put({ ...bare(job), attempts: 0 });
    return outcomeOf(this.jobs.delete(id));
  }

  #remove(id: string, revision = this.jobs.get(id)?.revision): QueueOutcome {
    return this.jobs.get(id)?.revision === revision ? outcomeOf(this.jobs.delete(id)) : REFUSED;
  }

  #fail({ id, holder, error, at, notBefore }: Failed): QueueOutcome {
    const job = this.#held(id, holder);
    if (job === undefined) return REFUSED;
    const failed = { ...freed(job), attempts: job.attempts + 1, error, failingSince: job.failingSince ?? at };
    if (notBefore !== undefined) return this.#put({ ...failed, state: 'queued', notBefore });
    if (this.jobs.counts.dead >= MOST_DEAD) this.#forgetDead();
    return this.#put({ ...failed, state: 'dead' });
  }

  #retry(id: string | undefined): QueueOutcome {
    const failed = [...this.jobs].filter((job) => (id === undefined || job.id === id) && hasFailed(job));
    for (const job of failed) this.jobs.put({ ...bare(job), attempts: 0 });
    return { accepted: failed.length > 0, count: failed.length };
  }

  #forgetDead(): void {
    let oldest: QueuedJob | undefined;
    for (const job of this.jobs) if (job.state === 'dead' && job.id < (oldest?.id ?? '\uffff')) oldest = job;
    if (oldest !== undefined) this.jobs.delete(oldest.id);
  }

  #clear(): QueueOutcome {
    const count = this.jobs.size;
    this.jobs.clear();
    return { accepted: true, count };
  }

  #pause(isPaused: boolean): QueueOutcome {
    const accepted = this.#isPaused !== isPaused;
    this.#isPaused = isPaused;
    return { accepted };
  }

  #progress(holder: string, progress: Readonly<Record<string, QueuedJob['progress']>>): QueueOutcome {
    for (const [id, each] of Object.entries(progress)) {
      const job = this.#held(id, holder);
      if (job !== undefined && each !== undefined) this.jobs.put({ ...job, progress: each });
    }
    return { accepted: true };
  }

  #expire(holder: string, beats: number): QueueOutcome {
    const { at, ...sign } = this.lastSignOf(holder);
    if (sign.beats !== beats) return REFUSED;
    const held = [...this.jobs].filter((job) => job.holder === holder);
    for (const job of held) this.jobs.put(givenBack(job, at));
    return { accepted: true, count: held.length };
  }

  /** The job, if this holder works on it; without one, if it waits. */
  #held(id: string, holder: string | undefined): QueuedJob | undefined {
    const job = this.jobs.get(id);
    const state = holder === undefined ? 'queued' : 'running';
    return job?.state === state && job.holder === holder ? job : undefined;
  }
}

function outcomeOf(job: QueuedJob | undefined): QueueOutcome {
  return job === undefined ? REFUSED : { accepted: true, job };
}

function hasFailed({ state, attempts }: QueuedJob): boolean {
  return state === 'dead' || (state === 'queued' && attempts > 0);
}

/** A job that waits, without who has worked on it, how far, and when it might be tried. */
function freed(job: QueuedJob): QueuedJob {
  const { error, failingSince } = job;
  return { ...bare(job), ...(error !== undefined && { error }), ...(failingSince !== undefined && { failingSince }) };
}

/** A job that waits again. One that has failed before could be tried from now on: until somebody does, it fails no longer. */
function givenBack(job: QueuedJob, at: number | undefined): QueuedJob {
  const isFailing = job.failingSince !== undefined && at !== undefined;
  return { ...freed(job), ...(isFailing && { notBefore: at }) };
}

/** A job that waits, without what has failed, either. */
function bare(job: QueuedJob): QueuedJob {
  const { id, identifier, variants, withConfigured, priority, queuedAt, attempts, revision } = job;
  return {
    id,
    identifier,
    priority,
    state: 'queued',
    queuedAt,
    attempts,
    revision,
    ...(variants && { variants }),
    ...(withConfigured !== undefined && { withConfigured }),
  };
}

/** What is wanted of an image: of one, and of another request, together. */
function wantedOf(one: NewJob, other: NewJob): Pick<QueuedJob, 'variants' | 'withConfigured'> {
  const variants = [...new Set([...(one.variants ?? []), ...(other.variants ?? [])])];
  const withConfigured = asksConfigured(one) || asksConfigured(other);
  if (variants.length === 0) return {};
  return { variants, ...(withConfigured && { withConfigured }) };
}

function asksConfigured({ variants, withConfigured = false }: NewJob): boolean {
  return variants === undefined || withConfigured;
}

function wants({ variants, withConfigured }: NewJob): string {
  return JSON.stringify([variants, withConfigured]);
}
