import { repeat } from '../../common/repeat.js';
import type { Clock, ScheduledCall } from '../../ports/clock.js';
import type { Tier } from '../events.js';
import { forecast, type ValueAt } from './forecast.js';
import { historyDocument, type HistoryDocument, type HistoryParts } from './history-document.js';
import { Notices } from './notices.js';
import type { Observed, QueueLength } from './observed.js';
import { newProcessId, ProcessFiles, type ProcessRecord, type StoredRow } from './process-files.js';
import { Ring, type RingRow } from './ring.js';
import { Sampler } from './sampler.js';
import { emptyRow, foldRow, placeOf, SERIES_NAMES, WIDTH } from './series.js';
import { mergeUsed } from './top-images.js';

/** What a {@link History} depends on. */
export interface HistoryOptions {
  readonly cache: Observed;
  readonly clock: Clock;
  /** Directory of its own by which the processes of a host tell one another; without it, a process speaks for itself. */
  readonly directory?: string | undefined;
  readonly queue?: (() => QueueLength) | undefined;
  /** Up to where the stores may be filled; it may be set anew. */
  readonly bounds?: () => HistoryDocument['bounds'];
  /** By whose lookups the uses of images are counted. @default `variant` */
  readonly usedTier?: Tier | undefined;
  /** Bytes of memory that the process has. @default what the system says */
  readonly rss?: () => number;
}

const SECOND = 1000;

/** An hour by ten seconds, and two days by five minutes; with the histograms, 1 MB in all. */
const FINE = { step: 10 * SECOND, rows: 360 };
const COARSE = { step: 300 * SECOND, rows: 576 };

/** Milliseconds after which who has not written is no process that one speaks for. */
const SILENT = 3 * FINE.step;

/** Milliseconds after the end of a span when its row is made. */
const LATE = 500;

/** Milliseconds between two looks at the renders. */
const LOOK = 1000;

/** Images that are told of as the most used ones. */
const TOP = 24;

/** Milliseconds after which half of the uses of images is forgotten. */
const FADING = 3_600_000;

const COLUMNS = `${SERIES_NAMES.join()},${WIDTH}`;
const KINDS = ['variant', 'info', 'source'];
const BYTES = KINDS.map((kind) => placeOf(`bytes.${kind}`));
const ENTRIES = KINDS.map((kind) => placeOf(`entries.${kind}`));

/**
 * What a cache did in the last two days: a row of numbers every ten seconds, in memory that does not grow, and in files
 * where several processes are to be seen as one, or the past is to outlive a restart.
 */
export class History {
  readonly notices: Notices;
  readonly #options: HistoryOptions;
  readonly #sampler: Sampler;
  readonly #fine = new Ring(FINE);
  readonly #coarse = new Ring(COARSE);
  readonly #files: ProcessFiles | undefined;
  readonly #id = newProcessId();
  readonly #startedAt: number;
  readonly #listeners = new Set<() => void>();
  readonly #repeated: readonly ScheduledCall[];
  #timer: ScheduledCall;
  #sampling: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: HistoryOptions) {
    const { cache, clock, queue, directory, usedTier = 'variant' } = options;
    const { rss = () => process.memoryUsage.rss() } = options;
    this.#options = options;
    this.notices = new Notices(cache, clock);
    this.#sampler = new Sampler({ cache, clock, queue, rss, usedTier });
    this.#files = directory === undefined ? undefined : new ProcessFiles(directory, COARSE.step * COARSE.rows);
    this.#startedAt = clock.now();
    this.#timer = this.#scheduleSample();
    this.#repeated = [
      repeat(clock, LOOK, () => {
        this.#sampler.look();
      }),
      repeat(clock, FADING, () => {
        this.#sampler.top.fade();
      }),
    ];
  }

  /** Told when a span has ended and is in the history; call the result to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The last so many seconds: up to an hour by ten seconds, beyond by five minutes. */
  async read(seconds: number): Promise<HistoryDocument> {
    const now = this.#options.clock.now();
    const size = seconds * SECOND <= FINE.step * FINE.rows ? FINE : COARSE;
    const span = Math.min(seconds * SECOND, size.step * size.rows);
    // What has only begun would look like a fall.
    const end = Math.floor((now - LATE) / size.step) * size.step;
    const start = end - Math.ceil(span / size.step) * size.step;
    const others = await this.#others(now);
    const living = others.filter(({ ended, at }) => !ended && now - at <= SILENT);
    const bounds = this.#options.bounds?.();
    return historyDocument({
      rows: this.#merged(size, { start, end, others }),
      start,
      end,
      now,
      step: size.step,
      processes: living.length + 1,
      ...(bounds && { bounds }),
      forecast: this.#forecast({ others, living, now, bounds }),
      top: mergeUsed([this.#sampler.top.list(TOP), ...living.map(({ top }) => top)], TOP),
    });
  }

  /** Takes a last sample, tells the others that this was it, and ends. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { clock } = this.#options;
    this.#timer.cancel();
    for (const call of this.#repeated) call.cancel();
    this.#listeners.clear();
    this.#sampling = this.#sampling.then(() => this.#sample(clock.now() - 1));
    await this.#sampling;
    this.#sampler.close();
    this.notices.close();
  }

  /**
   * A little after the end of a span, whenever the process was started: the rows of all processes are of the same spans,
   * and a timer that comes a moment late leaves none out.
   */
  #scheduleSample(): ScheduledCall {
    const { clock } = this.#options;
    const { step } = FINE;
    return clock.schedule(step - ((clock.now() - LATE) % step), () => {
      this.#timer = this.#scheduleSample();
      const time = clock.now() - step / 2;
      this.#sampling = this.#sampling.then(() => this.#sample(time));
    });
  }

  async #sample(time: number): Promise<void> {
    const { cache } = this.#options;
    try {
      const row = await this.#sampler.sample();
      this.#fine.add(time, row);
      this.#coarse.add(time, row);
      await this.#files?.write(this.#record());
    } catch (error) {
      cache.tell('background-failed', { what: 'keeping the history', error });
    }
    for (const listener of this.#listeners) listener();
  }

  #record(): ProcessRecord {
    const now = this.#options.clock.now();
    const rows = (ring: Ring): StoredRow[] => Array.from(ring.between(0, now), stored);
    const top = this.#sampler.top.list(TOP);
    const told = { id: this.#id, startedAt: this.#startedAt, at: now, ended: this.#isClosed, columns: COLUMNS };
    return { version: 1, ...told, fine: rows(this.#fine), coarse: rows(this.#coarse), top };
  }

  async #others(now: number): Promise<ProcessRecord[]> {
    if (this.#files === undefined) return [];
    try {
      return (await this.#files.readOthers(this.#id, now)).filter(({ columns }) => columns === COLUMNS);
    } catch (error) {
      this.#options.cache.tell('background-failed', { what: 'reading the history of other processes', error });
      return [];
    }
  }

  /** Rows of all processes as one; what they see of one store is as the newest of them says. */
  #merged(size: typeof FINE, { start, end, others }: Merged): RingRow[] {
    const merged = new Map<number, Float64Array>();
    const add = (span: number, values: ArrayLike<number>): void => {
      const row = merged.get(span) ?? emptyRow();
      foldRow(row, values, 'overProcesses');
      merged.set(span, row);
    };
    const isFine = size === FINE;
    for (const other of others)
      for (const row of isFine ? other.fine : other.coarse)
        if (Number(row[0]) >= start && Number(row[0]) < end) add(Number(row[0]), unpacked(row));
    for (const row of (isFine ? this.#fine : this.#coarse).between(start, end)) add(row.start, row.values);
    return [...merged].map(([span, values]) => ({ start: span, values }));
  }

  /** By the two days, as far as the processes that are there now have filled the stores. */
  #forecast({ others, living, now, bounds }: Told): HistoryParts['forecast'] {
    const { step, rows: length } = COARSE;
    const { maxSize, maxEntries } = bounds ?? {};
    const since = Math.min(this.#startedAt, ...living.map(({ startedAt }) => startedAt));
    const rows = this.#merged(COARSE, { start: now - step * length, end: now + step, others });
    rows.sort((a, b) => a.start - b.start);
    const trendOf = (places: readonly number[], bound: number | undefined): ReturnType<typeof forecast> =>
      forecast(
        rows.map((row) => sumAt(row, places)).filter((each) => each !== undefined),
        { now, bound, since },
      );
    return { bytes: trendOf(BYTES, maxSize), entries: trendOf(ENTRIES, maxEntries) };
  }
}

interface Told {
  readonly others: readonly ProcessRecord[];
  readonly living: readonly ProcessRecord[];
  readonly now: number;
  readonly bounds: HistoryDocument['bounds'];
}

interface Merged {
  readonly start: number;
  readonly end: number;
  readonly others: readonly ProcessRecord[];
}

function stored({ start, values }: RingRow): StoredRow {
  const row = [start];
  for (const [place, value] of values.entries()) if (!Number.isNaN(value)) row.push(place, value);
  return row;
}

function unpacked(row: StoredRow): Float64Array {
  const values = emptyRow();
  for (let index = 1; index + 1 < row.length; index += 2) {
    const place = row[index];
    const value = row[index + 1];
    if (place !== undefined && value !== undefined && place < values.length) values[place] = value;
  }
  return values;
}

function sumAt({ start, values }: RingRow, places: readonly number[]): ValueAt | undefined {
  const known = places.map((place) => values[place] ?? NaN).filter((value) => !Number.isNaN(value));
  return known.length === 0 ? undefined : { time: start, value: known.reduce((sum, value) => sum + value, 0) };
}
