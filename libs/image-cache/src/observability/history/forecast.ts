/** How what is stored grows. */
export interface Forecast {
  /** By how much in a day; below 0 when it shrinks. */
  readonly bytesPerDay: number;
  /** When the bound is reached, if it goes on like that; milliseconds since the epoch. Absent when it is not to be seen. */
  readonly fullAt?: number;
}

/** A size at a time. */
export interface SizeAt {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly bytes: number;
}

const DAY = 86_400_000;

/** Fewer points, or a shorter time, tell of the moment and not of a trend. */
const FEWEST = 6;
const SHORTEST = 10 * 60_000;

/** Beyond, a line is no forecast. */
const FARTHEST = 365 * DAY;

/** Fits a line through sizes by least squares, and follows it to the bound. */
export function forecast(
  sizes: readonly SizeAt[],
  { now, bound }: { readonly now: number; readonly bound?: number | undefined },
): Forecast | undefined {
  const [first] = sizes;
  const last = sizes.at(-1);
  if (first === undefined || last === undefined) return undefined;
  if (sizes.length < FEWEST || last.time - first.time < SHORTEST) return undefined;
  const slope = slopeOf(sizes);
  const bytesPerDay = Math.round(slope * DAY);
  if (bound === undefined || !(slope > 0) || last.bytes >= bound) return { bytesPerDay };
  const rest = (bound - last.bytes) / slope;
  return rest > FARTHEST ? { bytesPerDay } : { bytesPerDay, fullAt: Math.round(Math.max(now, last.time + rest)) };
}

/** Bytes per millisecond; around the means, since times are large numbers with small differences. */
function slopeOf(sizes: readonly SizeAt[]): number {
  const meanTime = sizes.reduce((sum, { time }) => sum + time, 0) / sizes.length;
  const meanBytes = sizes.reduce((sum, { bytes }) => sum + bytes, 0) / sizes.length;
  let covariance = 0;
  let variance = 0;
  for (const { time, bytes } of sizes) {
    covariance += (time - meanTime) * (bytes - meanBytes);
    variance += (time - meanTime) ** 2;
  }
  return variance === 0 ? 0 : covariance / variance;
}
