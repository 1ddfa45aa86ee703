import { foldRow, WIDTH } from './series.js';

/** Rows of the last so many spans of time, in memory that is taken once and does not grow. */
export class Ring {
  /** Milliseconds that a row stands for. */
  readonly step: number;
  readonly #rows: number;
  readonly #values: Float64Array;
  /** Which span each row is of, counted in steps since the epoch. */
  readonly #spans: Float64Array;

  constructor({ step, rows }: RingSize) {
    this.step = step;
    this.#rows = rows;
    this.#values = new Float64Array(rows * WIDTH);
    this.#spans = new Float64Array(rows).fill(-1);
  }

  /**
   * Adds what was at a time to the row of its span; what is older than all that is kept is left out.
   *
   * @param time milliseconds since the epoch
   */
  add(time: number, row: ArrayLike<number>): void {
    const span = Math.floor(time / this.step);
    const index = span % this.#rows;
    const present = this.#spans[index] ?? -1;
    if (present > span) return;
    const own = this.#rowAt(index);
    if (present < span) own.fill(NaN);
    this.#spans[index] = span;
    foldRow(own, row, 'overTime');
  }

  /**
   * The rows of a time, oldest first; views of what is kept, not copies.
   *
   * @param from milliseconds since the epoch @param to not included
   */
  *between(from: number, to: number): Iterable<RingRow> {
    const end = Math.ceil(to / this.step);
    for (let span = Math.max(Math.floor(from / this.step), end - this.#rows); span < end; span += 1) {
      const index = span % this.#rows;
      if (this.#spans[index] === span) yield { start: span * this.step, values: this.#rowAt(index) };
    }
  }

  #rowAt(index: number): Float64Array {
    return this.#values.subarray(index * WIDTH, (index + 1) * WIDTH);
  }
}

/** How much a ring keeps. */
export interface RingSize {
  /** Milliseconds. */
  readonly step: number;
  readonly rows: number;
}

/** What was in a span of time. */
export interface RingRow {
  /** Milliseconds since the epoch. */
  readonly start: number;
  readonly values: Float64Array;
}
