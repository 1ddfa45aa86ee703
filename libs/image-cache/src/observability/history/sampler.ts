import type { Clock } from '../../ports/clock.js';
import { SERVED_OUTCOMES, type ServedRequest, type Tier } from '../events.js';
import { SOURCE_FAILURES } from '../source-failure.js';
import { BUCKETS, bucketOf } from './log-histogram.js';
import type { Observed, QueueLength } from './observed.js';
import { emptyRow, EVICTION_REASONS, histogramOf, placeOf, TIMED, type Timed } from './series.js';
import { TopImages } from './top-images.js';
import { UsageProbe, type Usages } from './usage-probe.js';

/** What a {@link Sampler} looks at. */
export interface SamplerOptions {
  readonly cache: Observed;
  readonly clock: Clock;
  readonly queue?: (() => QueueLength) | undefined;
  /** Bytes of memory that the process has. */
  readonly rss: () => number;
  /** By whose lookups the uses of images are counted. */
  readonly usedTier: Tier;
}

type Stats = ReturnType<Observed['stats']>;

/** Makes a row of what has happened since the last one. */
export class Sampler {
  readonly top = new TopImages();
  readonly #options: SamplerOptions;
  readonly #latencies: Record<Timed, Float64Array> = {
    hit: new Float64Array(BUCKETS),
    render: new Float64Array(BUCKETS),
  };
  readonly #usage: UsageProbe;
  readonly #openBreakers = new Set<string>();
  readonly #stops: readonly (() => void)[];
  readonly #swept: Record<string, number> = { expired: 0, bounds: 0 };
  #bytes = 0;
  #breakersSeen = 0;
  #mostRunning = 0;
  #mostWaiting = 0;
  #before: Stats;

  constructor(options: SamplerOptions) {
    this.#options = options;
    const { cache, clock, usedTier } = options;
    this.#usage = new UsageProbe(cache, clock);
    this.#before = cache.stats();
    this.#stops = [
      cache.on('served', (request) => {
        this.#onServed(request);
      }),
      cache.on('rendered', ({ duration }) => {
        this.#time('render', duration);
      }),
      cache.on('hit', ({ tier, identifier }) => {
        if (tier === usedTier) this.top.add(identifier);
      }),
      cache.on('miss', ({ tier, identifier }) => {
        if (tier === usedTier) this.top.add(identifier);
      }),
      cache.on('store-breaker', ({ store, path, open }) => {
        if (open) this.#openBreakers.add(`${store} ${path}`);
        else this.#openBreakers.delete(`${store} ${path}`);
        this.#breakersSeen = Math.max(this.#breakersSeen, this.#openBreakers.size);
      }),
      cache.on('step', ({ report: { step, removed }, dryRun }) => {
        if (!dryRun && step in this.#swept) this.#swept[step] = (this.#swept[step] ?? 0) + removed;
      }),
    ];
  }

  /** A row of what was since the last one; what a store cannot tell is left out. */
  async sample(): Promise<Float64Array> {
    const usage = await this.#usage.read();
    const row = emptyRow();
    this.look();
    const now = this.#options.cache.stats();
    for (const [name, value] of [...counted(now, this.#before), ...this.#gauges(), ...sizes(usage)])
      row[placeOf(name)] = value;
    for (const [reason, count] of Object.entries(this.#swept)) {
      const place = placeOf(`evicted.${reason}`);
      row[place] = (row[place] ?? 0) + count;
      this.#swept[reason] = 0;
    }
    for (const what of TIMED) moveTo(histogramOf(row, what), this.#latencies[what]);
    this.#before = now;
    this.#bytes = 0;
    this.#mostRunning = 0;
    this.#mostWaiting = 0;
    this.#breakersSeen = this.#openBreakers.size;
    return row;
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  #onServed({ tier, outcome, duration, bytes }: ServedRequest): void {
    this.#bytes += bytes;
    const isHit = outcome === 'hit' || outcome === 'stale' || outcome === 'not-modified';
    if (tier === 'variant' && isHit) this.#time('hit', duration);
  }

  #time(what: Timed, duration: number): void {
    const buckets = this.#latencies[what];
    const bucket = bucketOf(duration);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }

  /** To be called more often than {@link sample}: renders come and go in between. */
  look(): void {
    const { running, waiting } = this.#options.cache.stats().rendering;
    this.#mostRunning = Math.max(this.#mostRunning, running);
    this.#mostWaiting = Math.max(this.#mostWaiting, waiting);
  }

  *#gauges(): Iterable<[string, number]> {
    const { queue, rss } = this.#options;
    yield ['served.bytes', this.#bytes];
    yield ['breakersOpen', this.#breakersSeen];
    yield ['rendering.running', this.#mostRunning];
    yield ['rendering.waiting', this.#mostWaiting];
    yield ['rss', rss()];
    if (queue === undefined) return;
    const { queued, running, dead } = queue();
    yield ['prefetch.queued', queued];
    yield ['prefetch.running', running];
    yield ['prefetch.dead', dead];
  }
}

function moveTo(row: Float64Array, buckets: Float64Array): void {
  for (const [bucket, count] of buckets.entries()) if (count > 0) row[bucket] = count;
  buckets.fill(0);
}

function* counted(now: Stats, before: Stats): Iterable<[string, number]> {
  for (const [tier, { hits, misses }] of Object.entries(now.tiers)) {
    const then = Object.entries(before.tiers).find(([name]) => name === tier)?.[1];
    yield [`hits.${tier}`, hits - (then?.hits ?? 0)];
    yield [`misses.${tier}`, misses - (then?.misses ?? 0)];
  }
  const servedAs = ({ served }: Stats, outcome: keyof Stats['served']['info']): number =>
    served.info[outcome] + served.variant[outcome];
  for (const outcome of SERVED_OUTCOMES)
    yield [`served.${outcome}`, servedAs(now, outcome) - servedAs(before, outcome)];
  yield ['renders', now.renders - before.renders];
  yield ['renderFailures', now.renderFailures - before.renderFailures];
  yield ['refused', now.overloaded + now.limited - before.overloaded - before.limited];
  for (const how of SOURCE_FAILURES)
    yield [`sourceFailures.${how}`, now.sourceFailures[how] - before.sourceFailures[how]];
  yield ['storeFailures', total(now.storeFailures) - total(before.storeFailures)];
  const evicted = Object.fromEntries(EVICTION_REASONS.map((reason) => [reason, 0]));
  for (const [name, count] of Object.entries(now.evicted)) {
    const reason = name in evicted ? name : 'other';
    evicted[reason] = (evicted[reason] ?? 0) + count - (before.evicted[name] ?? 0);
  }
  for (const [reason, count] of Object.entries(evicted)) yield [`evicted.${reason}`, count];
}

function* sizes(usage: Usages): Iterable<[string, number]> {
  for (const [kind, { entries, bytes }] of Object.entries(usage)) {
    yield [`entries.${kind}`, entries];
    yield [`bytes.${kind}`, bytes];
  }
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
