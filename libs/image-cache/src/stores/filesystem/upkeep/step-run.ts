import { messageOf } from '../../../common/errors.js';
import type { StoreIncident } from '../../../ports/cache-store.js';
import { isAbsence } from '../files/file-access.js';
import type { Brake } from './brake.js';
import type { Pace, Work } from './pace.js';
import type { News, RemovedEntry, StepCounts } from './protocol.js';

/** What a {@link StepRun} depends on. */
export interface StepRunOptions {
  readonly brake: Brake;
  readonly pace: Pace;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly tell: (news: News) => void;
  /** Things are counted, and nothing is told of as removed. */
  readonly dryRun: boolean;
}

/** Milliseconds between two pieces of news. */
export const INTERVAL = 200;

/** Removed entries that are told of without waiting any longer. */
const BATCH = 1000;

/** Incidents of a step that are told one by one; all of them are counted. */
export const INCIDENTS = 100;

/** Ends a step before it is through. */
export class StepEnd extends Error {
  override readonly name = 'StepEnd';

  /** @param reason why, when that is to be told */
  constructor(readonly reason?: string) {
    super(reason ?? 'The rest is left to the next shift.');
  }
}

/** Running counts of a step. */
export type Counting = { -readonly [Field in keyof StepCounts]: StepCounts[Field] };

/** The course of one step: what it has done, how it is held back and stopped, and what it tells of. */
export class StepRun {
  readonly counts: Counting = { examined: 0, removed: 0, bytes: 0, failed: 0 };
  readonly #options: StepRunOptions;
  #removed: RemovedEntry[] = [];
  #emptied: string[] = [];
  #incidents: StoreIncident[] = [];
  #incidentsLeft = INCIDENTS;
  #told: number;

  constructor(options: StepRunOptions) {
    this.#options = options;
    this.#told = options.now();
  }

  /**
   * Something is looked at.
   *
   * @throws StepEnd when the step is to end
   */
  look(): void {
    this.proceed({ files: 1 });
    this.counts.examined += 1;
  }

  /** Some work has been done. Throws as {@link look}. */
  proceed(work?: Work): void {
    const { brake, pace, now } = this.#options;
    pace.spend(work);
    if (brake.isStopped()) throw new StepEnd('aborted');
    if (this.#removed.length + this.#emptied.length >= BATCH || now() - this.#told >= INTERVAL) this.flush();
  }

  /** Waits until a batch of images may be sent. Throws as {@link look}. */
  awaitCredit(): void {
    const { brake, pace } = this.#options;
    this.flush();
    brake.takeCredit();
    pace.rested();
    this.proceed();
  }

  /** Does a piece of the step; a failure is counted and the step goes on. Returns false then. */
  attempt(path: string, piece: () => boolean): boolean {
    try {
      return piece();
    } catch (error) {
      if (error instanceof StepEnd) throw error;
      // It went by itself.
      if (isAbsence(error)) return true;
      this.counts.failed += 1;
      this.counts.failure ??= messageOf(error);
      this.incident('leftover', `${path} could not be dealt with: ${messageOf(error)}`);
      return false;
    }
  }

  /** An entry has gone from its place. */
  removed(entry: RemovedEntry): void {
    this.counts.removed += 1;
    if (!this.#options.dryRun) this.#removed.push(entry);
  }

  /** Of a piece of trash, nothing is left. */
  emptied(path: string): void {
    if (!this.#options.dryRun) this.#emptied.push(path);
  }

  incident(kind: StoreIncident['kind'], message: string): void {
    if (this.#incidentsLeft === 0) return;
    this.#incidentsLeft -= 1;
    this.#incidents.push({ kind, message });
  }

  /** What has not been told yet. */
  news(): News {
    const news = {
      counts: { ...this.counts },
      removed: this.#removed,
      emptied: this.#emptied,
      incidents: this.#incidents,
    };
    this.#removed = [];
    this.#emptied = [];
    this.#incidents = [];
    this.#told = this.#options.now();
    return news;
  }

  flush(): void {
    this.#options.tell(this.news());
  }
}
