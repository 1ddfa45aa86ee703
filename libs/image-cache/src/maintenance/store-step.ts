import type { CacheStore, MaintainOptions, StepProgress, StoreStep } from '../ports/cache-store.js';
import { tolerate, type Shift, type SweepStep, type Tally } from './sweep.js';

/** What {@link storeStep} depends on. */
export interface StoreStepOptions {
  readonly stores: readonly CacheStore[];
  /** Milliseconds after which an unfinished write in a store is abandoned. */
  readonly stallOf: (store: CacheStore) => number;
}

/** A step that only stores can do, and those do that say so. */
export function storeStep(name: StoreStep, { stores, stallOf }: StoreStepOptions): SweepStep {
  return {
    name,
    run: async (tally, shift) => {
      for (const store of stores.filter((each) => does(each, name)))
        await tolerate(tally, shift.signal, () => maintain(store, name, { tally, shift, stall: stallOf(store) }));
    },
  };
}

/** Whether a store does a step itself. */
export function does(store: CacheStore, step: StoreStep): boolean {
  return store.maintain !== undefined && store.features.steps?.includes(step) === true;
}

/** Has a store do a step. What it has done until it fails is counted. */
export async function maintain(
  store: CacheStore,
  step: StoreStep,
  { tally, shift, ...options }: { tally: Tally; shift: Shift } & Pick<MaintainOptions, 'stall' | 'expiry'>,
): Promise<void> {
  const { signal, dryRun, rate } = shift;
  const before = { ...tally };
  const onProgress = ({ examined, removed, bytes }: Omit<StepProgress, 'step'>): void => {
    tally.examined = before.examined + examined;
    tally.removed = before.removed + removed;
    tally.bytes = before.bytes + bytes;
    shift.progress();
  };
  const report = await store.maintain?.(step, { ...options, signal, dryRun, rate, onProgress });
  if (report === undefined) return;
  onProgress(report);
  // Why it was to end is known better here.
  shift.signal.throwIfAborted();
  tally.failed += report.failed;
  if (report.adopted !== undefined) tally.adopted = (tally.adopted ?? 0) + report.adopted;
  tally.failure ??= report.failure;
  tally.stopped ??= report.stopped;
}
