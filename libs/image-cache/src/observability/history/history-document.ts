import type { Trend } from './forecast.js';
import { percentile } from './log-histogram.js';
import type { RingRow } from './ring.js';
import { histogramOf, placeOf, SERIES_NAMES, TIMED } from './series.js';
import type { UsedImage } from './top-images.js';

/** What was in the last while, of all processes that tell. */
export interface HistoryDocument {
  /** When it was made (ISO 8601, UTC). */
  readonly now: string;
  /** Where the first span begins (ISO 8601, UTC). */
  readonly start: string;
  /** Seconds that each value stands for. */
  readonly step: number;
  /** How many processes it speaks for now. */
  readonly processes: number;
  /** By name, a value for each span, `null` where nothing is known; latencies as percentiles, in milliseconds. */
  readonly series: Readonly<Record<string, readonly (number | null)[]>>;
  readonly bounds?: { readonly maxSize?: number; readonly maxEntries?: number };
  /** How what is stored grows; absent where too little is known. */
  readonly forecast: { readonly bytes?: TrendDocument; readonly entries?: TrendDocument };
  /** Images that were asked for most. */
  readonly top: readonly UsedImage[];
}

/** How something grows. */
export interface TrendDocument {
  readonly perDay: number;
  /** When the bound is reached (ISO 8601, UTC). */
  readonly fullAt?: string;
}

/** What a {@link HistoryDocument} is made from. */
export interface HistoryParts {
  readonly rows: readonly RingRow[];
  readonly start: number;
  readonly end: number;
  /** Milliseconds. */
  readonly step: number;
  readonly now: number;
  readonly processes: number;
  readonly bounds?: HistoryDocument['bounds'];
  readonly forecast: { readonly bytes: Trend | undefined; readonly entries: Trend | undefined };
  readonly top: readonly UsedImage[];
}

/** Latencies are told as these shares of all. */
const PERCENTILES = { p50: 0.5, p95: 0.95, p99: 0.99 } as const;

/** Writes down rows for those who draw them; series of which nothing is known are left out. */
export function historyDocument({ rows, start, end, step, ...parts }: HistoryParts): HistoryDocument {
  const length = Math.max(0, Math.ceil((end - start) / step));
  const at = new Map(rows.map((row) => [Math.round((row.start - start) / step), row.values]));
  const series: Record<string, readonly (number | null)[]> = {};
  const add = (name: string, valueOf: (row: Float64Array) => number | undefined): void => {
    const values = Array.from({ length }, (_, index) => orNull(at.get(index), valueOf));
    if (values.some((value) => value !== null)) series[name] = values;
  };
  for (const name of SERIES_NAMES) {
    const place = placeOf(name);
    add(name, (row) => row[place]);
  }
  for (const what of TIMED)
    for (const [name, share] of Object.entries(PERCENTILES))
      add(`latency.${what}.${name}`, (row) => rounded(percentile(histogramOf(row, what), share)));
  const { now, processes, bounds, forecast, top } = parts;
  return {
    now: new Date(now).toISOString(),
    start: new Date(start).toISOString(),
    step: step / 1000,
    processes,
    series,
    ...(bounds && { bounds }),
    forecast: {
      ...(forecast.bytes && { bytes: trendDocument(forecast.bytes) }),
      ...(forecast.entries && { entries: trendDocument(forecast.entries) }),
    },
    top,
  };
}

function trendDocument({ perDay, fullAt }: Trend): TrendDocument {
  return { perDay, ...(fullAt !== undefined && { fullAt: new Date(fullAt).toISOString() }) };
}

function orNull(row: Float64Array | undefined, valueOf: (row: Float64Array) => number | undefined): number | null {
  const value = row && valueOf(row);
  return value === undefined || Number.isNaN(value) ? null : value;
}

/** Three digits: a bucket says no more. */
function rounded(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Number(value.toPrecision(3));
}
