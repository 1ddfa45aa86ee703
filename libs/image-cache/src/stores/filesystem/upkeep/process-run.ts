import { setImmediate, setTimeout } from 'node:timers/promises';
import { messageOf, systemCode } from '../../../common/errors.js';
import type { MaintenanceRate, StoreIncident } from '../../../ports/cache-store.js';
import { isAbsence } from '../files/file-access.js';
import { Pace } from './pace.js';
import type { StepCounts } from './protocol.js';
import { INCIDENTS, INTERVAL, type Counting } from './step-run.js';

/** What a {@link ProcessRun} depends on. */
export interface ProcessRunOptions {
  readonly signal: AbortSignal;
  readonly rate: MaintenanceRate;
  /** Things are counted, and nothing is changed. */
  readonly dryRun: boolean;
  /** Whether the process lives on until it is through. */
  readonly isAwaited: boolean;
  readonly report: (incident: StoreIncident) => void;
  /** Told now and then what has been done. */
  readonly tell?: ((counts: StepCounts) => void) | undefined;
}

/** Milliseconds of work before the event loop has a turn. */
const TURN = 2;

/** The course of work that a process does itself: what it has done, how it is held back and stopped. */
export class ProcessRun {
  readonly counts: Counting = { examined: 0, removed: 0, bytes: 0, failed: 0 };
  readonly #options: ProcessRunOptions;
  readonly #pace: Pace;
  #incidentsLeft = INCIDENTS;
  #told = performance.now();
  #turned = performance.now();

  constructor(options: ProcessRunOptions) {
    const { rate } = options;
    this.#options = options;
    this.#pace = new Pace({ rate, now: () => performance.now(), sleep: () => undefined });
  }

  get dryRun(): boolean {
    return this.#options.dryRun;
  }

  get signal(): AbortSignal {
    return this.#options.signal;
  }

  /** So many files have been looked at; rests when that was enough for now. Rejects when the work is to end. */
  async proceed(files = 1): Promise<void> {
    const { signal, isAwaited } = this.#options;
    signal.throwIfAborted();
    const wait = this.#pace.owe({ files });
    const now = performance.now();
    if (now - this.#told >= INTERVAL) this.tell();
    if (wait === 0 && now - this.#turned < TURN) return;
    if (wait === 0) await setImmediate();
    else {
      await setTimeout(wait, undefined, { signal, ref: isAwaited });
      this.#pace.rested();
    }
    this.#turned = performance.now();
  }

  /** There was a rest for another reason. */
  rested(): void {
    this.#pace.rested();
  }

  /** Something was not known, or not as it is. */
  adopted(): void {
    this.counts.adopted = (this.counts.adopted ?? 0) + 1;
  }

  /** Does a piece of the work; what fails of a file is counted, and the work goes on. */
  async attempt(path: string, piece: () => Promise<void>): Promise<void> {
    const { signal } = this.#options;
    try {
      await piece();
    } catch (cause) {
      signal.throwIfAborted();
      // What has no code of the system comes from the index, of which nothing else can be expected then.
      if (systemCode(cause) === undefined) throw cause;
      if (!isAbsence(cause)) this.fail(path, cause);
    }
  }

  /** A file could not be dealt with. */
  fail(path: string, cause: unknown): void {
    this.counts.failed += 1;
    this.counts.failure ??= messageOf(cause);
    if (this.#incidentsLeft === 0) return;
    this.#incidentsLeft -= 1;
    const message = `${path} could not be dealt with: ${messageOf(cause)}`;
    this.#options.report({ kind: 'leftover', message, cause });
  }

  tell(): void {
    this.#told = performance.now();
    this.#options.tell?.({ ...this.counts });
  }
}
