/** How often an image was asked for, at most by `error` too high. */
export interface UsedImage {
  readonly identifier: string;
  readonly uses: number;
  /** How much of `uses` may be of others that were forgotten in its favour. */
  readonly error: number;
}

/** Images that are counted at a time. */
const COUNTED = 256;

interface Counter {
  uses: number;
  error: number;
}

/**
 * The images that are asked for most, in memory that does not grow with their number: the algorithm "Space-Saving" of
 * Metwally, Agrawal and El Abbadi (2005). Whatever makes up more than 1/256 of all requests is among them.
 */
export class TopImages {
  readonly #counters = new Map<string, Counter>();

  /** Counts a request. */
  add(identifier: string): void {
    const counter = this.#counters.get(identifier);
    if (counter !== undefined) counter.uses += 1;
    else this.#begin(identifier);
  }

  /** Forgets half of everything, so that what was asked for long ago makes room. */
  fade(): void {
    for (const [identifier, counter] of this.#counters) {
      counter.uses = Math.floor(counter.uses / 2);
      counter.error = Math.floor(counter.error / 2);
      if (counter.uses === 0) this.#counters.delete(identifier);
    }
  }

  /** The most used ones, the most used first. */
  list(count: number): UsedImage[] {
    const all = [...this.#counters].map(([identifier, { uses, error }]) => ({ identifier, uses, error }));
    return all.sort(byUses).slice(0, count);
  }

  /** The new one takes over the count of the least used: it may have been there before. */
  #begin(identifier: string): void {
    if (this.#counters.size < COUNTED) {
      this.#counters.set(identifier, { uses: 1, error: 0 });
      return;
    }
    let least: string | undefined;
    let uses = Infinity;
    for (const [each, counter] of this.#counters) if (counter.uses < uses) [least, uses] = [each, counter.uses];
    if (least !== undefined) this.#counters.delete(least);
    this.#counters.set(identifier, { uses: uses + 1, error: uses });
  }
}

/** What several processes have counted, as one. */
export function mergeUsed(lists: readonly (readonly UsedImage[])[], count: number): UsedImage[] {
  const merged = new Map<string, UsedImage>();
  for (const { identifier, uses, error } of lists.flat()) {
    const present = merged.get(identifier);
    const sum = { identifier, uses: uses + (present?.uses ?? 0), error: error + (present?.error ?? 0) };
    merged.set(identifier, sum);
  }
  return [...merged.values()].sort(byUses).slice(0, count);
}

function byUses(a: UsedImage, b: UsedImage): number {
  return b.uses - a.uses || (a.identifier < b.identifier ? -1 : 1);
}
