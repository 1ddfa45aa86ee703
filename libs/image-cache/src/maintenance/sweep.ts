import { isImageCacheError, messageOf } from '../common/errors.js';
import { emptyReport } from '../common/step-report.js';
import type { CacheEvents } from '../observability/events.js';
import type { MaintenanceRate, StepProgress, StepReport } from '../ports/cache-store.js';
import type { Clock } from '../ports/clock.js';

/** One named step of a sweep. It adds to the tally as it goes, so that an abort loses no counts. */
export interface SweepStep {
  readonly name: string;
  run(tally: Tally, shift: Shift): Promise<void>;
}

/** The running counts of a step. */
export type Tally = { -readonly [Field in keyof Omit<StepReport, 'step' | 'duration'>]: StepReport[Field] };

/** How the steps of a sweep are done. */
export interface Shift {
  readonly signal: AbortSignal;
  /** Nothing is changed, only counted. */
  readonly dryRun: boolean;
  readonly rate: MaintenanceRate;
  /** The tally has changed. */
  progress(): void;
}

/** What a sweep did, step by step. */
export interface SweepReport {
  readonly steps: readonly StepReport[];
  /** Milliseconds. */
  readonly duration: number;
  /** Whether it was ended before it was through. */
  readonly aborted: boolean;
  /** Names of the stores that were left out, since another process is sweeping them; absent when there were none. */
  readonly skipped?: readonly string[];
  /** Whether it has only counted. */
  readonly dryRun: boolean;
}

/** What {@link sweep} depends on. */
export interface SweepOptions {
  readonly clock: Clock;
  readonly events: CacheEvents;
  readonly signal?: AbortSignal | undefined;
  readonly dryRun?: boolean | undefined;
  readonly rate?: MaintenanceRate | undefined;
  readonly onProgress?: ((progress: StepProgress) => void) | undefined;
}

/** Milliseconds between two pieces of news of a step. */
const NEWS_INTERVAL = 500;

/** Runs the steps one after the other. A step that fails is reported and does not keep the others from running. */
export async function sweep(steps: readonly SweepStep[], options: SweepOptions): Promise<SweepReport> {
  const { clock, events, signal = new AbortController().signal, dryRun = false } = options;
  const started = clock.now();
  const reports: StepReport[] = [];
  for (const step of steps) {
    if (signal.aborted) break;
    const report = await runStep(step, { ...options, signal, dryRun });
    reports.push(report);
    events.emit('step', { report, dryRun });
  }
  return { steps: reports, duration: clock.now() - started, aborted: signal.aborted, dryRun };
}

/** Does one piece of a step. If it fails, it is counted, and the step goes on with the rest. */
export async function tolerate(tally: Tally, signal: AbortSignal, piece: () => Promise<void>): Promise<void> {
  try {
    await piece();
  } catch (error) {
    signal.throwIfAborted();
    tally.failed += 1;
    tally.failure ??= messageOf(error);
  }
}

type StepOptions = SweepOptions & Pick<Shift, 'signal' | 'dryRun'>;

async function runStep(step: SweepStep, options: StepOptions): Promise<StepReport> {
  const { clock, signal, dryRun, rate = {} } = options;
  const started = clock.now();
  const tally: Tally = { ...emptyReport(step.name) };
  try {
    await step.run(tally, { signal, dryRun, rate, progress: newsOf(step.name, tally, options) });
  } catch (error) {
    tally.stopped = signal.aborted ? reasonOf(signal) : messageOf(error);
    if (!signal.aborted) tally.failed += 1;
  }
  return { ...tally, step: step.name, duration: clock.now() - started };
}

function reasonOf({ reason }: AbortSignal): string {
  return isImageCacheError(reason) ? reason.message : 'aborted';
}

/** Tells how far a step is, not more often than anybody can look at it. */
function newsOf(step: string, tally: Tally, { clock, events, onProgress }: SweepOptions): () => void {
  let told = clock.now();
  return () => {
    if (clock.now() - told < NEWS_INTERVAL) return;
    told = clock.now();
    const { examined, removed, bytes } = tally;
    const progress = { step, examined, removed, bytes };
    events.emit('progress', { progress });
    try {
      onProgress?.(progress);
    } catch (error) {
      events.emit('background-failed', { what: 'onProgress', error });
    }
  };
}
