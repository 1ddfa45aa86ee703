/** @typedef {import('./forecast.js').Trend} Trend */

/**
 * @typedef {{
 *   now: string, start: string, step: number, processes: number, series: Record<string, (number | null)[]>,
 *   bounds?: { maxSize?: number, maxEntries?: number },
 *   forecast: { bytes?: Trend, entries?: Trend },
 *   top: { identifier: string, uses: number, error: number }[],
 * }} HistoryDocument
 */

/** Requests of which a share tells something. */
const FEWEST_REQUESTS = 5;

/** Spans that are shown of a server that has just started. */
const FEWEST = 30;

/** The history that is drawn: a document of it, and what has come since. */
export class HistoryData {
  /** Seconds since the epoch where each span begins. @type {number[]} */
  times = [];
  /** Seconds. */
  step = 10;
  /** @type {Record<string, (number | null)[]>} */
  #series = {};
  /** Spans that are kept. */
  #length = 0;

  /** @param {HistoryDocument} document */
  replace({ start, step, series }) {
    const begin = Date.parse(start) / 1000;
    const [first = []] = Object.values(series);
    // Of a server that has just started, the time before is not shown.
    const known = (series['rss'] ?? first).findIndex((value) => value !== null);
    const skipped = Math.max(0, Math.min(known - 1, first.length - FEWEST));
    this.step = step;
    this.times = first.slice(skipped).map((_, index) => begin + (skipped + index) * step);
    this.#series = Object.fromEntries(Object.entries(series).map(([name, values]) => [name, values.slice(skipped)]));
    this.#length = first.length;
  }

  /**
   * Takes in what has come since, if it is of the same spans; as many spans stay as there were.
   *
   * @param {HistoryDocument} document
   */
  append({ start, step, series }) {
    if (step !== this.step || this.times.length === 0) return false;
    const begin = Date.parse(start) / 1000;
    const [first = []] = Object.values(series);
    for (const index of first.keys()) this.#put(begin + index * step, index, series);
    return true;
  }

  /**
   * @param {number} time
   * @param {number} index
   * @param {Record<string, (number | null)[]>} series
   */
  #put(time, index, series) {
    const last = this.times.at(-1) ?? time;
    for (let missing = Math.round((time - last) / this.step); missing > 0; missing -= 1) this.#extend();
    const place = this.times.length - 1 - Math.round(((this.times.at(-1) ?? time) - time) / this.step);
    if (place < 0) return;
    for (const [name, values] of Object.entries(series)) {
      const own = (this.#series[name] ??= this.times.map(() => null));
      own[place] = values[index] ?? null;
    }
  }

  /** Begins a span; the oldest one goes when there are enough. */
  #extend() {
    const isFull = this.times.length >= this.#length;
    this.times = [...this.times, (this.times.at(-1) ?? 0) + this.step].slice(isFull ? 1 : 0);
    for (const [name, values] of Object.entries(this.#series))
      this.#series[name] = [...values, null].slice(isFull ? 1 : 0);
  }

  /** Whether anything is known at all. */
  get isEmpty() {
    return !(this.#series['rss'] ?? []).some((value) => value !== null);
  }

  /** @param {string} name */
  has(name) {
    return this.#series[name] !== undefined;
  }

  /** @param {string} name @returns {(number | null)[]} */
  of(name) {
    return this.#series[name] ?? this.times.map(() => null);
  }

  /** Per second. @param {string} name */
  rate(name) {
    return this.of(name).map((value) => (value === null ? null : value / this.step));
  }

  /** The sum of several. @param {readonly string[]} names */
  sum(names) {
    const all = names.map((name) => this.of(name));
    return this.times.map((_, index) => {
      const known = all.map((values) => values[index] ?? null).filter((value) => value !== null);
      return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
    });
  }

  /**
   * The share of one in the sum with another, over a minute or three spans: of a few requests, a share jumps.
   *
   * @param {string} part
   * @param {string} rest
   */
  share(part, rest) {
    const parts = this.of(part);
    const rests = this.of(rest);
    const width = Math.max(3, Math.round(60 / this.step));
    return this.times.map((_, index) => {
      const from = Math.max(0, index - width + 1);
      const sum = (/** @type {(number | null)[]} */ values) =>
        values.slice(from, index + 1).reduce((total, value) => (total ?? 0) + (value ?? 0), 0) ?? 0;
      const [good, bad] = [sum(parts), sum(rests)];
      return parts[index] === null || good + bad < FEWEST_REQUESTS ? null : good / (good + bad);
    });
  }
}
