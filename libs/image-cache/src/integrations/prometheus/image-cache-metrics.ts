import type { Registry } from 'prom-client';
import { invalidOption } from '../../common/options.js';
import { systemClock } from '../../common/system-clock.js';
import type { Observed, QueueLength } from '../../observability/history/observed.js';
import { UsageProbe } from '../../observability/history/usage-probe.js';
import type { Clock } from '../../ports/clock.js';
import type { Usage } from '../../ports/entry.js';
import { MetricSet, type Value } from './metric-set.js';

/** How the metrics of a cache are registered. */
export interface ImageCacheMetricsOptions {
  /** Where they are asked for, of prom-client; `register` of that package is the one of the process. */
  readonly registry: Registry;
  /** In front of their names. @default `image_cache_` */
  readonly prefix?: string;
  /** How many jobs the prefetcher has. */
  readonly queue?: () => QueueLength;
  /** @default the system's */
  readonly clock?: Clock;
}

type Stats = ReturnType<Observed['stats']>;
type Counts = Readonly<Record<string, number>>;

/** Seconds: from a hit in memory to the longest render. */
const REQUEST_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const RENDER_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * Puts the metrics of a cache into a registry of prom-client, by the conventions of Prometheus: base units, `_total` for
 * what only grows, and no label of which the values come from requests. Call the result to take them away.
 *
 * @throws ImageCacheError `E_IMAGE_CACHE_OPTIONS` when the prefix cannot begin the name of a metric
 */
export function registerImageCacheMetrics(
  cache: Observed,
  { registry, prefix = 'image_cache_', queue, clock = systemClock }: ImageCacheMetricsOptions,
): () => void {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(prefix))
    throw invalidOption('metrics.prefix', `${JSON.stringify(prefix)} cannot begin the name of a metric.`);
  const metrics = new MetricSet(registry, prefix);
  countRequests(metrics, cache);
  countWork(metrics, cache);
  countTroubles(metrics, cache);
  measureSizes(metrics, new UsageProbe(cache, clock));
  if (queue !== undefined) measureQueue(metrics, queue);
  const stops = [...timeRequests(metrics, cache), watchBreakers(metrics, cache)];
  return () => {
    for (const stop of stops) stop();
    metrics.remove();
  };
}

function countRequests(metrics: MetricSet, cache: Observed): void {
  const served = { name: 'requests_total', help: 'Requests that were answered, by what they were for and how' };
  metrics.counter({ ...served, labels: ['tier', 'outcome'] }, () =>
    Object.entries(cache.stats().served).flatMap(([tier, outcomes]) =>
      Object.entries(outcomes).map(([outcome, count]): Value => [{ tier, outcome }, count]),
    ),
  );
  const lookups = { name: 'lookups_total', help: 'Lookups in the tiers of the cache, by what they found' };
  metrics.counter({ ...lookups, labels: ['tier', 'result'] }, () =>
    Object.entries(cache.stats().tiers).flatMap(([tier, { hits, misses }]): Value[] => [
      [{ tier, result: 'hit' }, hits],
      [{ tier, result: 'miss' }, misses],
    ]),
  );
}

function timeRequests(metrics: MetricSet, cache: Observed): (() => void)[] {
  const requests = metrics.histogram(
    {
      name: 'request_duration_seconds',
      help: 'Time from where guards let a request pass to where its body is sent',
      labels: ['tier', 'outcome'],
    },
    REQUEST_BUCKETS,
  );
  const renders = metrics.histogram(
    { name: 'render_duration_seconds', help: 'Time that renders took, their wait for a turn left out' },
    RENDER_BUCKETS,
  );
  return [
    cache.on('served', ({ tier, outcome, duration }) => {
      requests.observe({ tier, outcome }, duration / 1000);
    }),
    cache.on('rendered', ({ duration }) => {
      renders.observe(duration / 1000);
    }),
  ];
}

function countWork(metrics: MetricSet, cache: Observed): void {
  const plain = (name: string, help: string, of: (stats: Stats) => number): void => {
    metrics.counter({ name, help }, () => [[{}, of(cache.stats())]]);
  };
  plain('renders_total', 'Renders that ended well', ({ renders }) => renders);
  plain('stored_entries_total', 'Entries that were stored', ({ stored }) => stored);
  plain('collapsed_requests_total', "Requests served by another one's render", ({ collapsed }) => collapsed);
  plain('awaited_renders_total', 'Renders of other processes that were waited for', ({ awaited }) => awaited);
  const evicted = { name: 'evicted_entries_total', help: 'Entries that were evicted, by reason' };
  metrics.counter({ ...evicted, labels: ['reason'] }, () => labelled('reason', cache.stats().evicted));
  const running = { name: 'renders_running', help: 'Renders that are under way' };
  metrics.gauge(running, () => [[{}, cache.stats().rendering.running]]);
  const waiting = { name: 'renders_waiting', help: 'Renders that wait for their turn' };
  metrics.gauge(waiting, () => [[{}, cache.stats().rendering.waiting]]);
}

function countTroubles(metrics: MetricSet, cache: Observed): void {
  const plain = (name: string, help: string, of: (stats: Stats) => number): void => {
    metrics.counter({ name, help }, () => [[{}, of(cache.stats())]]);
  };
  const by = (label: string, names: { readonly name: string; readonly help: string }, of: (stats: Stats) => Counts) => {
    metrics.counter({ ...names, labels: [label] }, () => labelled(label, of(cache.stats())));
  };
  plain('render_failures_total', 'Renders that failed', ({ renderFailures }) => renderFailures);
  plain(
    'background_failures_total',
    'Failures of what nobody waits for',
    ({ backgroundFailures }) => backgroundFailures,
  );
  by(
    'reason',
    { name: 'source_failures_total', help: 'Questions that the source did not answer' },
    ({ sourceFailures }) => sourceFailures,
  );
  by('reason', { name: 'not_stored_total', help: 'Entries served and not stored' }, ({ notStored }) => notStored);
  by(
    'reason',
    { name: 'uncacheable_total', help: 'Responses for one request alone' },
    ({ uncacheable }) => uncacheable,
  );
  by('kind', { name: 'incidents_total', help: 'What stores found and dealt with' }, ({ incidents }) => incidents);
  by(
    'reason',
    { name: 'refused_requests_total', help: 'Requests refused for the load' },
    ({ overloaded, limited }) => ({ overloaded, limited }),
  );
  const failures = { name: 'store_failures_total', help: 'Calls to stores that failed' };
  metrics.counter({ ...failures, labels: ['store', 'operation'] }, () =>
    Object.entries(cache.stats().storeFailures).map(([name, count]): Value => {
      const end = name.lastIndexOf(' ');
      return [{ store: name.slice(0, end), operation: name.slice(end + 1) }, count];
    }),
  );
}

function watchBreakers(metrics: MetricSet, cache: Observed): () => void {
  const open = new Map<string, Value>();
  const names = { name: 'store_breaker_open', help: 'Whether a path to a store is left out since it failed' };
  metrics.gauge({ ...names, labels: ['store', 'path'] }, () => open.values());
  return cache.on('store-breaker', ({ store, path, open: isOpen }) => {
    open.set(`${store} ${path}`, [{ store, path }, isOpen ? 1 : 0]);
  });
}

function measureSizes(metrics: MetricSet, probe: UsageProbe): void {
  const sizes = async (of: (usage: Usage) => number): Promise<Value[]> =>
    Object.entries(await probe.read()).map(([kind, usage]) => [{ kind }, of(usage)]);
  const bytes = { name: 'bytes', help: 'Bytes of the entries in the stores' };
  metrics.gauge({ ...bytes, labels: ['kind'] }, () => sizes((usage) => usage.bytes));
  const entries = { name: 'entries', help: 'Entries in the stores' };
  metrics.gauge({ ...entries, labels: ['kind'] }, () => sizes((usage) => usage.entries));
}

function measureQueue(metrics: MetricSet, queue: () => QueueLength): void {
  const names = { name: 'prefetch_jobs', help: 'Jobs of the prefetcher, by state' };
  metrics.gauge({ ...names, labels: ['state'] }, () => {
    const { queued, running, dead } = queue();
    return labelled('state', { queued, running, dead });
  });
}

function labelled(label: string, counts: Counts): Value[] {
  return Object.entries(counts).map(([name, count]) => [{ [label]: name }, count]);
}
