/** How long the pauses between attempts are; milliseconds. */
export interface BackOffOptions {
  readonly backOff: number;
  readonly maxBackOff: number;
}

/**
 * The pause after so many attempts have failed: it doubles each time, and is spread from half of that to one and a half,
 * so that what has failed together does not come back together.
 *
 * @param chance a number from 0 to 1
 */
export function pauseAfter(attempts: number, { backOff, maxBackOff }: BackOffOptions, chance: number): number {
  const pause = Math.min(maxBackOff, backOff * 2 ** (attempts - 1));
  return Math.round(pause * (0.5 + chance));
}
