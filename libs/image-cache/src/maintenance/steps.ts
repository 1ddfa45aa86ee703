import type { StoreStep } from '../ports/cache-store.js';
import { expiredStep, type ExpiredStepOptions } from './expired-step.js';
import { invalidStep, type InvalidStepOptions } from './invalid-step.js';
import { storeStep } from './store-step.js';
import type { SweepStep } from './sweep.js';

/** What the steps depend on. */
export type StepsOptions = ExpiredStepOptions & InvalidStepOptions;

/** The name of a step: those of the stores, and the one that asks the sources. */
export type SweepStepName = StoreStep | 'invalid';

/**
 * All steps of a sweep in the order in which they are done. Unfinished writes go before detritus, whose directories are
 * then found empty. What is of no use goes first, then it is put right what is known of the rest, which tells what there is
 * too much of; what takes longest comes last.
 */
const STEPS: Readonly<Record<SweepStepName, (options: StepsOptions) => SweepStep>> = {
  expired: expiredStep,
  invalid: invalidStep,
  abandoned: (options: StepsOptions) => storeStep('abandoned', options),
  detritus: (options: StepsOptions) => storeStep('detritus', options),
  quarantine: (options: StepsOptions) => storeStep('quarantine', options),
  trash: (options: StepsOptions) => storeStep('trash', options),
  reconcile: (options: StepsOptions) => storeStep('reconcile', options),
  bounds: (options: StepsOptions) => storeStep('bounds', options),
  scrub: (options: StepsOptions) => storeStep('scrub', options),
};

/** The names of all steps, in the order in which they are done. */
export const SWEEP_STEPS = Object.keys(STEPS) as readonly SweepStepName[];

/** Makes steps by their names, in the order in which they are done. */
export function makeSteps(names: readonly SweepStepName[], options: StepsOptions): readonly SweepStep[] {
  return SWEEP_STEPS.filter((name) => names.includes(name)).map((name) => STEPS[name](options));
}
