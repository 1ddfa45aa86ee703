import { NOTHING, type Totals } from '../index/totals.js';
import type { Shortage } from '../space/bounds.js';
import type { DiskState } from './disk.js';

/** Milliseconds of a slot: within it, only a few entries are told apart by their last access. */
const SLOT = 300_000;

/** Two years and a half; what is older has the first slot. */
const SLOTS = 2 ** 18;

/** A span of last accesses. */
export interface Span {
  /** Milliseconds since the epoch; inclusive. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  /** Entries in it. */
  readonly entries: number;
  /** What of it has to go. */
  readonly shortage: Shortage;
}

/** What a file takes on the disk; bytes. Some file systems tell of their blocks only when they have written them. */
export function spaceOf({ size, stored }: DiskState): number {
  return Math.max(size, stored);
}

/** Counts entries by their last access, in some megabytes of memory however many there are. */
export class Census {
  readonly #from: number;
  readonly #bytes = new Float64Array(SLOTS);
  readonly #entries = new Uint32Array(SLOTS);
  #otherBytes = 0;

  /** @param now milliseconds since the epoch; who was asked for later has the last slot */
  constructor(now: number) {
    this.#from = now + SLOT - SLOTS * SLOT;
  }

  addEntry(state: DiskState): void {
    const slot = Math.floor((state.mtimeMs - this.#from) / SLOT);
    const index = Math.min(SLOTS - 1, Math.max(0, slot));
    this.#bytes[index] = (this.#bytes[index] ?? 0) + spaceOf(state);
    this.#entries[index] = (this.#entries[index] ?? 0) + 1;
  }

  /** What takes space without being an entry. */
  addOther(bytes: number): void {
    this.#otherBytes += bytes;
  }

  totals(): Totals {
    const stored = this.#bytes.reduce((sum, bytes) => sum + bytes, 0);
    const entries = this.#entries.reduce((sum, count) => sum + count, 0);
    // Nobody asks here of which kind they are, or how long their bodies.
    const kinds = { ...NOTHING.kinds, variant: { entries, size: stored, stored } };
    return { ...NOTHING, kinds, discarded: this.#otherBytes };
  }

  /** The span in which the last of those lie that have to go; all that were asked for before it go. */
  lastToGo({ bytes, entries }: Shortage): Span {
    const left = { bytes, entries };
    let slot = 0;
    for (; slot < SLOTS - 1; slot += 1) {
      const [bytesHere = 0, entriesHere = 0] = [this.#bytes[slot], this.#entries[slot]];
      if (bytesHere >= left.bytes && entriesHere >= left.entries) break;
      left.bytes -= bytesHere;
      left.entries -= entriesHere;
    }
    return {
      from: slot === 0 ? -Infinity : this.#from + slot * SLOT,
      to: slot === SLOTS - 1 ? Infinity : this.#from + (slot + 1) * SLOT,
      entries: this.#entries[slot] ?? 0,
      shortage: left,
    };
  }
}
