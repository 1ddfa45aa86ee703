import type { VariantIdentity } from '../ports/entry.js';

/** What warming did. */
export interface WarmCounts {
  /** Variants that are in the store now and were not before. */
  readonly rendered: number;
  /** Variants that were there, or that somebody else rendered meanwhile. */
  readonly cached: number;
  /** Variants that could not be rendered or stored; a `warm-failed` event tells of each. */
  readonly failed: number;
}

/** What became of a variant that was to be rendered beforehand. */
export interface WarmOutcome {
  readonly identity: VariantIdentity;
  readonly outcome: keyof WarmCounts;
  /** Why it failed. */
  readonly error?: unknown;
}

/** Told of each variant when it is done. */
export type WarmListener = (outcome: WarmOutcome) => void;
