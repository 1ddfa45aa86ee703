import type { StepReport } from '../ports/cache-store.js';

/** The report of a step that had nothing to do. */
export function emptyReport(step: string): StepReport {
  return { step, examined: 0, removed: 0, bytes: 0, failed: 0, duration: 0 };
}
