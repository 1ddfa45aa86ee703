/** Whole numbers below a limit, the same in every run (mulberry32). */
export function randomOf(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** Bytes without order, of which no two parts of a larger length are the same; the same in every run. */
export function seededBytes(length: number, seed = 1): Buffer {
  const random = randomOf(seed);
  // A prime number: wherever a body is cut, each part begins elsewhere in the pattern.
  const pattern = Buffer.from(Array.from({ length: 4093 }, () => random(256)));
  return Buffer.alloc(length, pattern);
}
