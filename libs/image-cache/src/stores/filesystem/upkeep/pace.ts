import type { MaintenanceRate } from '../../../ports/cache-store.js';

/** What a {@link Pace} depends on. */
export interface PaceOptions {
  readonly rate: MaintenanceRate;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => void;
}

/** What has been done. */
export interface Work {
  readonly files?: number;
  readonly bytes?: number;
}

/** Waits that are shorter are put off until they have added up; milliseconds. */
const SHORTEST_WAIT = 5;

/** Milliseconds of work before the rest that belongs to it. */
const SLICE = 10;

/** Milliseconds of lost time that are made up for: after a disk has hung for long, it is not to get all at once. */
const LARGEST_ARREARS = 100;

/** Holds a step back, so that it takes no more of the machine than it may. */
export class Pace {
  readonly #options: PaceOptions;
  /** When it would have started, had no time been lost. */
  #started: number;
  #sliceBegan: number;
  #files = 0;
  #bytes = 0;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#started = options.now();
    this.#sliceBegan = this.#started;
  }

  /** Something has been done; waits when it was too much for the time. */
  spend(work: Work = {}): void {
    const wait = this.owe(work);
    if (wait === 0) return;
    this.#options.sleep(wait);
    this.rested();
  }

  /** Something has been done; returns the milliseconds to wait, by those who can wait otherwise than by sleeping. */
  owe({ files = 0, bytes = 0 }: Work): number {
    const { rate, now } = this.#options;
    this.#files += files;
    this.#bytes += bytes;
    const time = now();
    const due = Math.max(millisecondsFor(this.#files, rate.files), millisecondsFor(this.#bytes, rate.bytes));
    const arrears = time - this.#started - due;
    if (arrears > LARGEST_ARREARS) this.#started += arrears - LARGEST_ARREARS;
    const wait = Math.max(-arrears, this.#rest(time));
    return wait < SHORTEST_WAIT ? 0 : wait;
  }

  /** There was a rest for another reason. */
  rested(): void {
    this.#sliceBegan = this.#options.now();
  }

  /** The rest that the work since the last one asks for. */
  #rest(time: number): number {
    const { share = 1 } = this.#options.rate;
    const busy = time - this.#sliceBegan;
    return busy < SLICE ? 0 : (busy * (1 - share)) / share;
  }
}

function millisecondsFor(amount: number, perSecond: number | undefined): number {
  return perSecond === undefined ? 0 : (amount / perSecond) * 1000;
}
