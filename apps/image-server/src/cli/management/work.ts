import type { StepProgress } from 'nestjs-image-cache';

/** How far long work is. */
export interface WorkProgress extends Partial<StepProgress> {
  /** What there is to do, and what of it is done. */
  readonly total?: number;
  readonly done?: number;
}

/** How long work is done. */
export interface Work {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: WorkProgress) => void;
}

/** Work that may only be counted. */
export interface Rehearsable extends Work {
  readonly dryRun: boolean;
}
