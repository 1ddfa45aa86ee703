import type { Generation } from '../ports/entry.js';

/** Groups share this many counters. */
const COUNTERS = 65_536;

/**
 * Counts the evictions that this process has made, in a fixed space. Groups that share a counter share their
 * generations: an eviction of the one at worst makes a render of the other be thrown away.
 */
export class Generations {
  readonly #counters = new Uint32Array(COUNTERS);
  #epoch = 0;

  of(group: string): Generation {
    return `${this.#epoch}.${this.#counters[indexOf(group)] ?? 0}`;
  }

  /** Ends the generation of a group. */
  bump(group: string): void {
    const index = indexOf(group);
    this.#counters[index] = (this.#counters[index] ?? 0) + 1;
  }

  /** Ends all generations. */
  bumpAll(): void {
    this.#epoch += 1;
  }
}

/** Groups are hashes, in hexadecimal digits; others are spread less evenly. */
function indexOf(group: string): number {
  const digits = Number.parseInt(group.slice(0, 8), 16);
  return (Number.isNaN(digits) ? group.length : digits) % COUNTERS;
}
