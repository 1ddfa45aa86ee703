import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FakeClock } from 'nestjs-image-cache/testing';
import { CacheEvents, type ServedOutcome } from '../../../../../libs/image-cache/src/observability/events.js';
import { History, type HistoryOptions } from '../../../../../libs/image-cache/src/observability/history/history.js';
import type { HistoryDocument } from '../../../../../libs/image-cache/src/observability/history/history-document.js';
import { CacheStats } from '../../../../../libs/image-cache/src/observability/stats.js';
import { eventually } from '../../../../support/async.js';
import { makeDirectory, type TestDirectory } from '../../../../support/directories.js';

const START = Date.UTC(2024, 0, 1, 0, 0, 1);

interface Observing {
  readonly events: CacheEvents;
  readonly history: History;
  readonly rendering: { running: number; waiting: number };
  readonly failures: string[];
  usage: { variant: { entries: number; bytes: number } } | Error | Promise<never>;
}

describe('The history of a cache', () => {
  let clock: FakeClock;
  let directory: TestDirectory;
  const open: History[] = [];

  beforeEach(async () => {
    clock = new FakeClock(START);
    directory = await makeDirectory();
  });

  afterEach(async () => {
    for (const history of open.splice(0)) await history.close();
    await directory.remove();
  });

  function observe(options: Partial<HistoryOptions> = {}): Observing {
    const events = new CacheEvents();
    const stats = new CacheStats(events);
    const rendering = { running: 0, waiting: 0 };
    const failures: string[] = [];
    const observing: { usage: Observing['usage'] } = { usage: { variant: { entries: 0, bytes: 0 } } };
    const cache = {
      stats: () => ({ ...stats.snapshot(), rendering: { ...rendering } }),
      on: events.on.bind(events),
      tell: (_: string, { what }: { readonly what: string }) => void failures.push(what),
      usage: () =>
        observing.usage instanceof Error ? Promise.reject(observing.usage) : Promise.resolve(observing.usage),
    };
    const history = new History({ cache, clock, rss: () => 50, ...options });
    open.push(history);
    return Object.assign(observing, { events, history, rendering, failures });
  }

  const serve = ({ events }: Observing, outcome: ServedOutcome, duration = 1): void => {
    events.emit('served', { tier: 'variant', outcome, duration, bytes: 100 });
  };

  /** Lets spans end, and waits for their rows, which are written to files. */
  async function pass(seconds: number, ...all: Observing[]): Promise<void> {
    const told = all.map(({ history }) => new Promise<void>((resolve) => void history.subscribe(resolve)));
    await clock.advance(seconds * 1000);
    await Promise.all(told);
  }

  const last = async ({ history }: Observing, name: string): Promise<number | null | undefined> =>
    (await history.read(60)).series[name]?.at(-1);

  it('has a row for every ten seconds, of what happened in them', async () => {
    const cache = observe();
    cache.events.emit('hit', { tier: 'variant', identifier: 'a' });
    serve(cache, 'hit');
    serve(cache, 'hit');
    cache.rendering.waiting = 3;
    await pass(9.5, cache);
    serve(cache, 'miss');
    cache.rendering.waiting = 0;
    await pass(10, cache);
    const { series, start, step, processes, now } = await cache.history.read(20);
    expect({ start, step, processes, now }).toEqual({
      start: '2024-01-01T00:00:00.000Z',
      step: 10,
      processes: 1,
      now: '2024-01-01T00:00:20.500Z',
    });
    expect(series).toMatchObject({
      'hits.variant': [1, 0],
      'served.hit': [2, 0],
      'served.miss': [0, 1],
      'served.bytes': [200, 100],
      'rendering.waiting': [3, 0],
      rss: [50, 50],
    });
    expect(series['latency.render.p50']).toBeUndefined();
  });

  it('has its rows also while a store counts for long, and what it counted before', async () => {
    const cache = observe();
    cache.usage = { variant: { entries: 5, bytes: 50 } };
    await pass(9.5, cache);
    cache.usage = new Promise<never>(() => undefined);
    serve(cache, 'hit');
    await clock.advance(10_000);
    await pass(1, cache);
    for (const seconds of [9, 10]) {
      serve(cache, 'hit');
      await pass(seconds, cache);
    }
    const { series } = await cache.history.read(30);
    expect(series).toMatchObject({ 'served.hit': [1, 1, 1], 'entries.variant': [5, 5, 5] });
    const failing = observe();
    failing.usage = { variant: { entries: 7, bytes: 70 } };
    await pass(10, failing);
    failing.usage = new Error('There is no store.');
    await pass(10, failing);
    expect((await failing.history.read(20)).series['entries.variant']).toEqual([7, 7]);
  });

  it('tells latencies by percentiles, of hits and of renders', async () => {
    const cache = observe();
    for (let count = 0; count < 98; count += 1) serve(cache, 'hit', 1);
    for (let count = 0; count < 2; count += 1) serve(cache, 'not-modified', 500);
    serve(cache, 'miss', 9000);
    cache.events.emit('rendered', { identifier: 'a', duration: 2000 });
    await pass(9.5, cache);
    expect(await last(cache, 'latency.hit.p50')).toBeCloseTo(1, 0);
    expect(await last(cache, 'latency.hit.p99')).toBeGreaterThan(350);
    expect(await last(cache, 'latency.render.p99')).toBeGreaterThan(1400);
  });

  it('tells evictions by their reason, sweeps included, but not those of a dry run', async () => {
    const cache = observe();
    const counts = { infos: 1, variants: 2, sources: 0, bytes: 4 };
    cache.events.emit('evicted', { reason: 'purge', counts });
    cache.events.emit('evicted', { reason: 'elsewhere', counts });
    const report = { step: 'bounds', examined: 9, removed: 5, bytes: 1, failed: 0, duration: 1 };
    cache.events.emit('step', { report, dryRun: false });
    cache.events.emit('step', { report, dryRun: true });
    await pass(9.5, cache);
    expect([
      await last(cache, 'evicted.purge'),
      await last(cache, 'evicted.other'),
      await last(cache, 'evicted.bounds'),
    ]).toEqual([3, 3, 5]);
  });

  it('tells failures of the source by how it failed', async () => {
    const cache = observe();
    const fail = (error: unknown): void => {
      cache.events.emit('source-unavailable', { identifier: 'a', error });
    };
    fail(new Error('It did not answer.', { cause: new DOMException('Too late.', 'TimeoutError') }));
    fail(
      new Error('It did not answer.', { cause: Object.assign(new Error('late'), { code: 'UND_ERR_HEADERS_TIMEOUT' }) }),
    );
    fail(new Error('It did not answer.', { cause: Object.assign(new Error('none'), { code: 'ECONNREFUSED' }) }));
    fail(Object.assign(new Error('It answered with status 500.'), { code: 'E_IIIF_SOURCE_UNAVAILABLE' }));
    await pass(9.5, cache);
    expect([
      await last(cache, 'sourceFailures.timeout'),
      await last(cache, 'sourceFailures.unreachable'),
      await last(cache, 'sourceFailures.refused'),
    ]).toEqual([2, 1, 1]);
  });

  it.each(['variant', 'source'] as const)('counts the uses of images by the tier %s', async (usedTier) => {
    const cache = observe({ usedTier });
    cache.events.emit('hit', { tier: 'variant', identifier: 'variant' });
    cache.events.emit('miss', { tier: 'source', identifier: 'source' });
    await pass(9.5, cache);
    expect((await cache.history.read(10)).top).toEqual([{ identifier: usedTier, uses: 1, error: 0 }]);
  });

  it('shows a breaker that was open for a moment', async () => {
    const cache = observe();
    cache.events.emit('store-breaker', { store: 'X', path: 'reads', open: true });
    cache.events.emit('store-breaker', { store: 'X', path: 'reads', open: false });
    await pass(9.5, cache);
    expect(await last(cache, 'breakersOpen')).toBe(1);
    await pass(10, cache);
    expect(await last(cache, 'breakersOpen')).toBe(0);
  });

  it('goes on where a store cannot tell what it holds', async () => {
    const cache = observe();
    cache.usage = new Error('no answer');
    serve(cache, 'hit');
    await pass(9.5, cache);
    expect(await last(cache, 'bytes.variant')).toBeUndefined();
    expect(await last(cache, 'served.hit')).toBe(1);
  });

  it('keeps two days by five minutes, in which nothing is lost', async () => {
    const cache = observe();
    for (let span = 0; span < 90; span += 1) {
      serve(cache, 'hit');
      await pass(span === 0 ? 9.5 : 10, cache);
    }
    const { step, series } = await cache.history.read(2 * 86_400);
    expect(step).toBe(300);
    expect(series['served.hit']?.slice(-3)).toEqual([30, 30, 30]);
    expect(series['served.hit']).toHaveLength(576);
  });

  describe('when the cache will be full', () => {
    /** Fills the cache by ten bytes and an entry in each span of ten seconds. */
    async function fill(cache: Observing, spans: number): Promise<void> {
      for (let span = 0; span < spans; span += 1) {
        cache.usage = { variant: { entries: 100 + span, bytes: 1000 + span * 10 } };
        await pass(10, cache);
      }
    }

    it('is told of bytes and of entries', async () => {
      const bounds = { maxSize: 10_000, maxEntries: 1000 };
      const cache = observe({ bounds: () => bounds });
      await fill(cache, 400);
      const told = await cache.history.read(60);
      expect(told.bounds).toEqual(bounds);
      const { bytes, entries } = told.forecast;
      expect((bytes?.perDay ?? 0) / 86_400).toBeCloseTo(1, 1);
      expect((entries?.perDay ?? 0) / 8640).toBeCloseTo(1, 1);
      for (const trend of [bytes, entries]) expect(Date.parse(trend?.fullAt ?? '')).toBeGreaterThan(clock.now());
    });

    it('is not told before an hour has passed since the start, whatever was before', async () => {
      const before = observe({ directory: directory.path });
      await fill(before, 400);
      await before.history.close();
      const cache = observe({ directory: directory.path });
      await fill(cache, 100);
      expect((await cache.history.read(60)).forecast).toEqual({});
    });
  });

  it('keeps the last notices, and tells the same one once with how often it was', () => {
    const { events, history } = observe();
    const error = new Error('no');
    for (let turn = 0; turn < 500; turn += 1) events.emit('background-failed', { what: `task ${turn}`, error });
    for (let turn = 0; turn < 3; turn += 1) events.emit('store-failed', { store: 'X', operation: 'read', error });
    const [newest] = history.notices.list();
    expect(newest).toMatchObject({ level: 'warning', text: 'X failed to read: no', times: 3 });
    events.emit('prefetch-failed', { identifier: 'a', error, attempts: 1, isGivenUp: true });
    expect(history.notices.list()[0]).toMatchObject({ text: 'Images are not prefetched, a the last: no' });
    expect(history.notices.list()).toHaveLength(100);
  });

  describe('of several processes', () => {
    const both = async (): Promise<readonly [Observing, Observing]> => {
      const pair = [observe({ directory: directory.path }), observe({ directory: directory.path })] as const;
      for (const cache of pair) {
        cache.usage = { variant: { entries: 5, bytes: 500 } };
        cache.rendering.running = 1;
        serve(cache, 'hit');
        cache.events.emit('hit', { tier: 'variant', identifier: 'a' });
      }
      await pass(9.5, ...pair);
      return pair;
    };

    it('adds up what each of them did, but not the store that they share', async () => {
      const [one] = await both();
      const { processes, series, top } = await one.history.read(10);
      expect(processes).toBe(2);
      expect(series).toMatchObject({
        'served.hit': [2],
        'rendering.running': [2],
        'bytes.variant': [500],
        'entries.variant': [5],
        rss: [100],
      });
      expect(top).toEqual([{ identifier: 'a', uses: 2, error: 0 }]);
    });

    it('does not speak for one that has ended, or is not heard of, but knows what it did', async () => {
      const [one, other] = await both();
      await other.history.close();
      expect(await one.history.read(10)).toMatchObject({ processes: 1, series: { 'served.hit': [2] } });
      await pass(40, one);
      const { processes, series } = await one.history.read(50);
      expect(processes).toBe(1);
      expect(series['served.hit']?.[0]).toBe(2);
    });

    it('has what was before a restart', async () => {
      const [one, other] = await both();
      await Promise.all([one.history.close(), other.history.close()]);
      const next = observe({ directory: directory.path });
      expect((await next.history.read(10)).series['served.hit']).toEqual([2]);
    });

    it.each([
      ['no JSON', '{"version": 1'],
      ['none of ours', '{"version":1,"id":"x","fine":[["x"]]}'],
      [
        'of another version',
        '{"version":1,"id":"x","columns":"a","ended":false,"at":1,"startedAt":1,"fine":[],"coarse":[],"top":[]}',
      ],
    ])('leaves out a file that is %s', async (_, content) => {
      const [one] = await both();
      await writeFile(join(directory.path, 'x-1-00000000.json'), content);
      expect(await one.history.read(10)).toMatchObject({ processes: 2, series: { 'served.hit': [2] } });
      expect(one.failures).toEqual([]);
    });

    it('hears of nobody before anybody has written, and finds nothing wrong with that', async () => {
      const { history, failures } = observe({ directory: join(directory.path, 'not', 'yet') });
      expect(await history.read(10)).toMatchObject({ processes: 1 });
      expect(failures).toEqual([]);
    });

    it('says that the others cannot be heard, and tells of itself', async () => {
      const cache = observe({ directory: join(directory.path, 'file', 'below') });
      await writeFile(join(directory.path, 'file'), '');
      serve(cache, 'hit');
      await pass(9.5, cache);
      const told: HistoryDocument = await cache.history.read(10);
      expect(told).toMatchObject({ processes: 1, series: { 'served.hit': [1] } });
      await eventually(() => {
        expect(cache.failures).toEqual(['keeping the history', 'reading the history of other processes']);
      });
    });
  });
});
