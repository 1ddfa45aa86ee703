/** Where the first bucket ends; milliseconds. */
const FIRST = 0.1;

/** Buckets for each doubling. */
const PER_DOUBLING = 2;

/** Buckets of a histogram; the last one has no end. They reach from a tenth of a millisecond to about 100 seconds. */
export const BUCKETS = 41;

/** Where a bucket ends; milliseconds. */
export function endOfBucket(bucket: number): number {
  return FIRST * 2 ** (bucket / PER_DOUBLING);
}

/** In which bucket a duration is. */
export function bucketOf(milliseconds: number): number {
  if (!(milliseconds > FIRST)) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log2(milliseconds / FIRST) * PER_DOUBLING));
}

/**
 * The duration that a share of all does not exceed; in between the ends of a bucket by its logarithm, so that it is wrong
 * by no more than the width of one, a factor of 1.41.
 *
 * @param counts of the buckets; what is no number is none
 * @param share from 0 to 1
 * @returns milliseconds; `undefined` when there are none
 */
export function percentile(counts: Iterable<number>, share: number): number | undefined {
  const known = Array.from(counts, (count) => (count > 0 ? count : 0));
  const total = known.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const rank = share * total;
  let below = 0;
  for (const [bucket, count] of known.entries()) {
    if (count > 0 && below + count >= rank) return endOfBucket(bucket - 1 + Math.max(0, rank - below) / count);
    below += count;
  }
  return endOfBucket(known.length - 1);
}
