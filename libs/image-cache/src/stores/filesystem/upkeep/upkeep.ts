import { ImageCacheError, isImageCacheError } from '../../../common/errors.js';
import type {
  CachedImage,
  ImagesOptions,
  MaintainOptions,
  StepReport,
  StoreIncident,
  StoreStep,
} from '../../../ports/cache-store.js';
import type { Clock } from '../../../ports/clock.js';
import type { Trash } from '../eviction/trash.js';
import { uniqueName, type Layout } from '../files/layout.js';
import type { FoundFile } from '../files/walk.js';
import { isBounded, type Bounds } from '../space/bounds.js';
import type { SpaceSteps } from '../space/space.js';
import { Handover } from './handover.js';
import { ProcessRun } from './process-run.js';
import type { Batch, News, RemovedEntry, StepCounts, StepRequest, ThreadStep } from './protocol.js';
import { SweepClient, type SweepClientOptions } from './sweep-client.js';

/** What {@link Upkeep} depends on. */
export interface UpkeepOptions {
  readonly layout: Layout;
  readonly trash: Trash;
  readonly clock: Clock;
  readonly report: (incident: StoreIncident) => void;
  /** Told in batches of entries that were removed or set aside. */
  readonly onRemoved?: (entries: readonly RemovedEntry[]) => void;
  /** Told in batches of paths in trash and quarantine of which nothing is left. */
  readonly onEmptied?: (paths: readonly string[]) => void;
  /** What the index has to do with a sweep, where there is one. */
  readonly steps?: SpaceSteps | undefined;
  /** Where there is no index, they are kept by sweeps. @default none */
  readonly bounds?: Bounds;
  /** @default the thread of this package */
  readonly start?: SweepClientOptions['start'];
}

/** The steps that {@link Upkeep} does. */
export const STORE_STEPS: readonly StoreStep[] = [
  'expired',
  'abandoned',
  'detritus',
  'quarantine',
  'trash',
  'reconcile',
  'bounds',
  'scrub',
];

/** Bytes per second that are read to be verified, unless another rate is set. */
const SCRUB_RATE = 16 * 1024 * 1024;

/** Seconds for which a shift verifies at its rate; the next one goes on. */
const SCRUB_TIME = 600;

const NOTHING: StepCounts = { examined: 0, removed: 0, bytes: 0, failed: 0 };

/** The maintenance of a store: by a thread that goes through its files, and by the index, which the process has open. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #client: SweepClient;
  readonly #closing = new AbortController();
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: UpkeepOptions) {
    const { clock, start } = options;
    this.#options = options;
    this.#client = new SweepClient({ clock, ...(start && { start }) });
  }

  /** Does a step. Throws as {@link SweepClient.run}, but for an abort: that is told by the report. */
  run(step: StoreStep, options: MaintainOptions): Promise<StepReport> {
    const { steps } = this.#options;
    if (step === 'reconcile')
      return this.#inProcess(step, options, async (run) => steps?.reconcile(run, this.#files(run, options)));
    if (step === 'bounds' && steps !== undefined)
      return this.#inProcess(step, options, async (run) => steps.bounds(run));
    return this.#inThread(step, options);
  }

  /** Lists images, a batch when the last one has been dealt with. Throws what the step fails of. */
  async *images(options: ImagesOptions = {}): AsyncGenerator<readonly CachedImage[]> {
    for await (const batch of this.#list('images', options)) if ('images' in batch) yield batch.images;
  }

  /** Stops what is under way, and waits for its end. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#underWay);
    await this.#client.close();
  }

  async #inThread(step: ThreadStep & StoreStep, options: MaintainOptions): Promise<StepReport> {
    const { clock } = this.#options;
    const started = clock.now();
    let counts = NOTHING;
    const onNews = (news: News): void => {
      ({ counts } = news);
      this.#pass(news);
      options.onProgress?.({ step, ...counts });
    };
    try {
      await this.#client.run(this.#request(step, options), { signal: options.signal, onNews });
    } catch (error) {
      if (!isImageCacheError(error, 'E_IMAGE_CACHE_ABORTED')) throw error;
      counts = { ...counts, stopped: 'aborted' };
    }
    return { step, ...counts, duration: clock.now() - started };
  }

  async #inProcess(
    step: StoreStep,
    options: MaintainOptions,
    work: (run: ProcessRun) => Promise<void>,
  ): Promise<StepReport> {
    const { clock, report } = this.#options;
    const { rate = {}, dryRun = false, onProgress } = options;
    const started = clock.now();
    const signal = eitherOf(this.#closing.signal, options.signal);
    const tell = (counts: StepCounts): void => onProgress?.({ step, ...counts });
    const run = new ProcessRun({ signal, rate, dryRun, isAwaited: true, report, tell });
    const working = work(run);
    this.#underWay.add(working);
    try {
      await working;
    } catch (error) {
      if (!signal.aborted) throw error;
      run.counts.stopped = 'aborted';
    } finally {
      this.#underWay.delete(working);
    }
    return { step, ...run.counts, duration: clock.now() - started };
  }

  /** The files of entries, as the thread finds them; what it counts is counted with the rest. */
  async *#files(run: ProcessRun, { rate }: MaintainOptions): AsyncGenerator<readonly FoundFile[]> {
    const { signal, dryRun, counts } = run;
    let told = NOTHING;
    const onCounts = (now: StepCounts): void => {
      counts.examined += now.examined - told.examined;
      counts.failed += now.failed - told.failed;
      counts.failure ??= now.failure;
      told = now;
      run.tell();
    };
    for await (const batch of this.#list('files', { signal, dryRun, ...(rate && { rate }) }, onCounts)) {
      run.rested();
      if ('files' in batch) yield batch.files;
    }
  }

  async *#list(
    step: 'images' | 'files',
    options: ImagesOptions,
    onCounts?: (counts: StepCounts) => void,
  ): AsyncGenerator<Batch> {
    const left = new AbortController();
    const signal = eitherOf(left.signal, options.signal);
    const handover = new Handover<Batch>();
    let stopped: string | undefined;
    const ended = this.#client
      .run(this.#request(step, { stall: 0, ...options }), {
        signal,
        onNews: (news) => {
          ({ stopped } = news.counts);
          this.#pass(news);
          onCounts?.(news.counts);
        },
        onBatch: (batch) => handover.give(batch),
      })
      .finally(() => {
        handover.end();
      });
    ended.catch(() => undefined);
    try {
      yield* handover;
      await ended;
      signal.throwIfAborted();
      if (stopped !== undefined) throw new ImageCacheError('E_IMAGE_CACHE_STORE_UNAVAILABLE', stopped);
    } finally {
      left.abort();
    }
  }

  #request(step: ThreadStep, options: MaintainOptions): StepRequest {
    const { layout, trash, clock, bounds } = this.#options;
    const { stall, dryRun = false, rate = {}, expiry } = options;
    const bytes = rate.bytes ?? SCRUB_RATE;
    return {
      step,
      root: layout.root,
      geometry: layout.geometry,
      now: clock.now(),
      stall,
      dryRun,
      rate: { ...rate, bytes },
      trash: { names: trash.inUse, from: uniqueName() },
      budget: bytes * SCRUB_TIME,
      ...(expiry && { expiry }),
      ...(bounds && isBounded(bounds) && { bounds }),
    };
  }

  #pass({ removed, emptied, incidents }: News): void {
    const { report, onRemoved, onEmptied } = this.#options;
    if (removed.length > 0) onRemoved?.(removed);
    if (emptied.length > 0) onEmptied?.(emptied);
    for (const incident of incidents) report(incident);
  }
}

function eitherOf(one: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  return other === undefined ? one : AbortSignal.any([one, other]);
}
