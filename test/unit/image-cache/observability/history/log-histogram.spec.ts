import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  BUCKETS,
  bucketOf,
  endOfBucket,
  percentile,
} from '../../../../../libs/image-cache/src/observability/history/log-histogram.js';

const durations = fc.array(fc.double({ min: 0.1, max: 90_000, noNaN: true }), { minLength: 1, maxLength: 200 });

describe('A histogram of latencies', () => {
  it('keeps each duration in a bucket that ends behind it', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 100_000, noNaN: true }), (duration) => {
        const bucket = bucketOf(duration);
        expect(endOfBucket(bucket)).toBeGreaterThanOrEqual(duration * 0.999_999);
        if (bucket > 0) expect(endOfBucket(bucket - 1)).toBeLessThan(duration * 1.000_001);
      }),
    );
  });

  it('takes what is longer than all buckets, and what is no duration', () => {
    expect(bucketOf(1e12)).toBe(BUCKETS - 1);
    expect(bucketOf(0)).toBe(0);
    expect(bucketOf(NaN)).toBe(0);
  });

  it('tells percentiles that are wrong by no more than the width of a bucket', () => {
    fc.assert(
      fc.property(durations, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, share) => {
        const counts = Array.from({ length: BUCKETS }, () => 0);
        for (const duration of all) counts[bucketOf(duration)] = (counts[bucketOf(duration)] ?? 0) + 1;
        const exact = [...all].sort((a, b) => a - b)[Math.ceil(share * all.length) - 1] ?? NaN;
        const told = percentile(counts, share) ?? NaN;
        expect(told / exact).toBeGreaterThan(1 / 1.4143);
        expect(told / exact).toBeLessThan(1.4143);
      }),
    );
  });

  it('tells nothing of nothing', () => {
    expect(percentile([], 0.5)).toBeUndefined();
    expect(percentile([0, NaN, 0], 0.5)).toBeUndefined();
  });
});
