import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { Generations } from '../../../../libs/image-cache/src/common/generations.js';

describe('Generations', () => {
  it('stay as they are without an eviction', () => {
    const generations = new Generations();
    expect(generations.of('a')).toBe(generations.of('a'));
  });

  it('never come back, whatever is evicted in whatever order', () => {
    const steps = fc.array(fc.constantFrom('a', 'b', 'c', 'all'), { maxLength: 40 });
    fc.assert(
      fc.property(steps, (evictions) => {
        const generations = new Generations();
        const seen = new Map(['a', 'b', 'c'].map((group) => [group, [generations.of(group)]]));
        for (const evicted of evictions) {
          if (evicted === 'all') generations.bumpAll();
          else generations.bump(evicted);
          for (const [group, former] of seen) {
            const now = generations.of(group);
            if (evicted === group || evicted === 'all') expect(former).not.toContain(now);
            else expect(now).toBe(former.at(-1));
            former.push(now);
          }
        }
      }),
    );
  });

  it('of one image stay as they are while thousands of others end', () => {
    const generations = new Generations();
    const group = (index: number): string => createHash('sha256').update(`${index}`).digest('hex');
    const before = Array.from({ length: 100 }, (_, index) => generations.of(group(index)));
    for (let index = 1000; index < 11_000; index += 1) generations.bump(group(index));
    const kept = before.filter((generation, index) => generations.of(group(index)) === generation);
    expect(kept.length).toBeGreaterThan(60);
  });
});
