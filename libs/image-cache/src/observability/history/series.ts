import { SERVED_OUTCOMES } from '../events.js';
import { SOURCE_FAILURES } from '../source-failure.js';
import { BUCKETS } from './log-histogram.js';

/**
 * How values of one series become one: `sum` for what is counted in a span of time, `last` for what is at a moment,
 * `most` for what must not be overlooked.
 */
type Fold = 'sum' | 'last' | 'most';

/** One column of the history. */
interface Series {
  readonly name: string;
  /** Of several moments in a span. */
  readonly overTime: Fold;
  /** Of several processes in a span; what all of them see of one store is not added up. */
  readonly overProcesses: Fold;
}

/** Why entries go, as far as it is told apart; anything else is `other`. */
export const EVICTION_REASONS = ['request', 'changed', 'missing', 'expired', 'bounds', 'purge', 'other'] as const;

/** What latencies are kept of. */
export const TIMED = ['hit', 'render'] as const;

/** What a latency is kept of. */
export type Timed = (typeof TIMED)[number];

const TIERS = ['heap-info', 'info', 'variant', 'source'] as const;
const KINDS = ['info', 'variant', 'source'] as const;

const counted = (name: string): Series => ({ name, overTime: 'sum', overProcesses: 'sum' });
const own = (name: string): Series => ({ name, overTime: 'most', overProcesses: 'sum' });
const shared = (name: string): Series => ({ name, overTime: 'last', overProcesses: 'last' });

const SERIES: readonly Series[] = [
  ...TIERS.flatMap((tier) => [counted(`hits.${tier}`), counted(`misses.${tier}`)]),
  ...SERVED_OUTCOMES.map((outcome) => counted(`served.${outcome}`)),
  counted('served.bytes'),
  counted('renders'),
  counted('renderFailures'),
  counted('refused'),
  ...EVICTION_REASONS.map((reason) => counted(`evicted.${reason}`)),
  counted('storeFailures'),
  ...SOURCE_FAILURES.map((how) => counted(`sourceFailures.${how}`)),
  { name: 'breakersOpen', overTime: 'most', overProcesses: 'sum' },
  own('rendering.running'),
  own('rendering.waiting'),
  own('rss'),
  ...KINDS.flatMap((kind) => [shared(`entries.${kind}`), shared(`bytes.${kind}`)]),
  ...(['queued', 'running', 'dead'] as const).map((state) => shared(`prefetch.${state}`)),
];

const HISTOGRAMS = TIMED.flatMap((what) =>
  Array.from({ length: BUCKETS }, (_, bucket) => counted(`latency.${what}.${bucket}`)),
);

const COLUMNS = [...SERIES, ...HISTOGRAMS];

/** Names of the series that are told as they are. */
export const SERIES_NAMES: readonly string[] = SERIES.map(({ name }) => name);

/** Numbers in a row of the history. */
export const WIDTH = COLUMNS.length;

const PLACES: ReadonlyMap<string, number> = new Map(COLUMNS.map(({ name }, place) => [name, place]));

/** Where a row keeps a series. */
export function placeOf(name: string): number {
  const place = PLACES.get(name);
  if (place === undefined) throw new RangeError(`There is no series ${name}.`);
  return place;
}

/** Where a row keeps the histogram of a latency. */
export function histogramOf(row: Float64Array, what: Timed): Float64Array {
  const start = placeOf(`latency.${what}.0`);
  return row.subarray(start, start + BUCKETS);
}

/** A row of which nothing is known yet. */
export function emptyRow(): Float64Array {
  return new Float64Array(WIDTH).fill(NaN);
}

/**
 * Adds a row to another one.
 *
 * @param across what they differ in: the moment, or the process
 */
export function foldRow(into: Float64Array, row: ArrayLike<number>, across: 'overTime' | 'overProcesses'): void {
  for (const [place, column] of COLUMNS.entries()) {
    const value = row[place] ?? NaN;
    if (Number.isNaN(value)) continue;
    const present = into[place] ?? NaN;
    into[place] = Number.isNaN(present) ? value : folded(column[across], present, value);
  }
}

function folded(fold: Fold, present: number, value: number): number {
  if (fold === 'sum') return present + value;
  return fold === 'most' ? Math.max(present, value) : value;
}
