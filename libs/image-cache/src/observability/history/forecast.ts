/** How something that is stored grows. */
export interface Trend {
  /** By how much in a day; below 0 when it shrinks. */
  readonly perDay: number;
  /** When the bound is reached, if it goes on like that; milliseconds since the epoch. Absent when it is not to be seen. */
  readonly fullAt?: number;
}

/** What was at a time. */
export interface ValueAt {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly value: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Fewer points, or a shorter time, tell of the moment and not of a trend. */
const FEWEST = 6;
const SHORTEST = HOUR;

/** Beyond, a line is no forecast. */
const FARTHEST = 365 * DAY;

/** What is left after a drop, at most: more is as before, such as after a sweep that has made a little room. */
const LEFT = 0.8;

/** What a {@link forecast} is made from, beside the values. */
export interface ForecastOptions {
  readonly now: number;
  readonly bound?: number | undefined;
  /** What was before says nothing of now: the start of the processes that fill the stores; milliseconds since the epoch. */
  readonly since: number;
}

/**
 * Fits a line through values by least squares, and follows it to the bound. What was before a purge or a restart is of
 * another line.
 *
 * @param values the oldest first
 */
export function forecast(values: readonly ValueAt[], { now, bound, since }: ForecastOptions): Trend | undefined {
  const run = lastRun(values.filter(({ time }) => time >= since));
  const [first] = run;
  const last = run.at(-1);
  if (first === undefined || last === undefined) return undefined;
  if (run.length < FEWEST || last.time - first.time < SHORTEST) return undefined;
  const slope = slopeOf(run);
  const perDay = Math.round(slope * DAY);
  if (bound === undefined || !(slope > 0) || last.value >= bound) return { perDay };
  const rest = (bound - last.value) / slope;
  return rest > FARTHEST ? { perDay } : { perDay, fullAt: Math.round(Math.max(now, last.time + rest)) };
}

/** From the end of the last drop on, however long it took. */
function lastRun(values: readonly ValueAt[]): readonly ValueAt[] {
  let [start, peak] = [0, -Infinity];
  for (const [index, { value }] of values.entries()) {
    const isDrop = value < peak * LEFT;
    if (isDrop) start = index;
    peak = isDrop ? value : Math.max(peak, value);
  }
  return values.slice(start);
}

/** In a millisecond; around the means, since times are large numbers with small differences. */
function slopeOf(values: readonly ValueAt[]): number {
  const meanTime = values.reduce((sum, { time }) => sum + time, 0) / values.length;
  const mean = values.reduce((sum, { value }) => sum + value, 0) / values.length;
  let covariance = 0;
  let variance = 0;
  for (const { time, value } of values) {
    covariance += (time - meanTime) * (value - mean);
    variance += (time - meanTime) ** 2;
  }
  return variance === 0 ? 0 : covariance / variance;
}
