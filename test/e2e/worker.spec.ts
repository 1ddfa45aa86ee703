import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import {
  CacheVariant,
  CacheWorker,
  heapStore,
  type ImageCacheOptions,
  type MaintainOptions,
  type StoreFactory,
  type StoreStep,
} from 'nestjs-image-cache';
import { deferred, record, until } from '../support/async.js';
import { failing } from '../support/failing-store.js';
import { FakeSource } from '../support/fake-source.js';
import { MemoryLeases, withLeases } from '../support/leases.js';
import { jpegOf } from '../support/pictures.js';
import { makeHeap } from '../support/stores.js';
import { PLATFORMS, usingApps, type TestApp } from '../support/test-app.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

@Controller('pictures')
class Pictures {
  @Get(':id')
  @CacheVariant({ namespace: '' })
  picture(): Buffer {
    return jpegOf(1000);
  }
}

describe.each(PLATFORMS)('the worker on %s', (platform) => {
  const start = usingApps(platform);

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] });
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  async function withWorker(worker: NonNullable<ImageCacheOptions['worker']>, options: ImageCacheOptions = {}) {
    const app = await start({
      controllers: [Pictures],
      imports: [ScheduleModule.forRoot()],
      cache: { ...options, worker },
    });
    const steps = record(app.cache, 'step');
    const shifts = (): number => steps.filter(({ report }) => report.step === 'trash').length;
    return { app, steps, shifts };
  }

  /** Lets the time pass, and what it sets off settle. */
  async function pass(milliseconds: number): Promise<void> {
    await jest.advanceTimersByTimeAsync(milliseconds);
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  it('makes its first shift after the initial delay, and the next ones at its interval', async () => {
    const { app, shifts } = await withWorker({ initialDelay: '1m', interval: '1h' });
    expect(app.nest.get(SchedulerRegistry).getTimeouts()).toEqual(['image-cache:worker']);
    await pass(MINUTE - 1);
    expect(shifts()).toBe(0);
    await pass(1);
    expect(shifts()).toBe(1);
    await pass(HOUR - 1);
    expect(shifts()).toBe(1);
    await pass(1);
    expect(shifts()).toBe(2);
    await pass(10 * HOUR);
    expect(shifts()).toBe(12);
    expect(app.log.filter(({ message }) => message.startsWith('Shift done'))).toHaveLength(12);
  });

  it('takes a new interval, an end and a new beginning while it runs', async () => {
    const { app, shifts } = await withWorker({ initialDelay: '1h', interval: '1h' });
    app.cache.configure({ worker: { initialDelay: '1m', interval: '10m' } });
    await pass(MINUTE);
    expect(shifts()).toBe(1);
    await pass(10 * MINUTE);
    expect(shifts()).toBe(2);
    app.cache.configure({ worker: false });
    await pass(DAY);
    expect(shifts()).toBe(2);
    expect(app.nest.get(SchedulerRegistry).getTimeouts()).toEqual([]);
    app.cache.configure({ worker: { initialDelay: '1m' } });
    await pass(MINUTE);
    expect(shifts()).toBe(3);
  });

  it('sweeps at the rate that is set, also when that changes', async () => {
    const rates: unknown[] = [];
    const recording: StoreFactory = (context) => {
      const heap = heapStore()(context);
      const features = { ...heap.features, steps: ['trash'] as const };
      return Object.defineProperties(heap, {
        features: { value: features },
        maintain: {
          value: (step: StoreStep, { rate }: MaintainOptions) => {
            rates.push(rate);
            return Promise.resolve({ step, examined: 0, removed: 0, bytes: 0, failed: 0, duration: 0 });
          },
        },
      });
    };
    const { app } = await withWorker({ interval: '1h' }, { variant: { store: recording } });
    await pass(MINUTE);
    app.cache.configure({ worker: { rate: { files: 100, bytes: '1MB' } } });
    await app.nest.get(CacheWorker).runShift();
    expect(rates).toEqual([{ share: 0.5 }, { share: 0.5, files: 100, bytes: 1_048_576 }]);
  });

  it('takes away what nobody has asked for in time', async () => {
    const { app, steps } = await withWorker({ initialDelay: '1m', interval: '1h' }, { variant: { ttl: '30m' } });
    await app.get('/pictures/a');
    await pass(45 * MINUTE);
    await app.get('/pictures/b');
    await pass(16 * MINUTE);
    const expired = steps.filter(({ report }) => report.step === 'expired').map(({ report }) => report.removed);
    expect(expired).toEqual([0, 1]);
    expect((await app.get('/pictures/b')).headers['cache-status']).toMatch(/hit/);
    expect((await app.get('/pictures/a')).headers['cache-status']).toMatch(/fwd=miss/);
  });

  it('makes one shift at a time, and counts the interval from its end', async () => {
    const { store, chaos } = failing(heapStore());
    const { app, shifts } = await withWorker({ initialDelay: '1m', interval: '1h' }, { variant: { store } });
    chaos().hang('entries');
    await pass(MINUTE);
    const worker = app.nest.get(CacheWorker);
    const both = [worker.runShift(), worker.runShift()];
    await pass(10 * HOUR);
    expect([chaos().calls('entries'), shifts()]).toEqual([1, 0]);
    chaos().heal();
    const [one, other] = await Promise.all(both);
    expect(one).toBe(other);
    expect(one?.steps.map(({ step }) => step)).toEqual([
      'expired',
      'abandoned',
      'detritus',
      'quarantine',
      'trash',
      'reconcile',
      'bounds',
      'scrub',
    ]);
    await pass(HOUR - 1);
    expect(shifts()).toBe(1);
    await pass(1);
    expect(shifts()).toBe(2);
  });

  /** A worker whose shift does not come to its end before the store is healed. */
  async function inShift() {
    const { store, chaos } = failing(heapStore());
    const { app, shifts } = await withWorker({ initialDelay: '1m', interval: '1h' }, { variant: { store } });
    chaos().hang('entries');
    await pass(MINUTE);
    expect(chaos().calls('entries')).toBe(1);
    const end = async (): Promise<void> => {
      chaos().heal();
      await pass(0);
    };
    return { app, shifts, end };
  }

  it('plans one shift when it is configured during one, at the times that were set last', async () => {
    const { app, shifts, end } = await inShift();
    app.cache.configure({ worker: { initialDelay: '5m', interval: '2h' } });
    app.cache.configure({ worker: { initialDelay: '3m', interval: '30m' } });
    await pass(DAY);
    await end();
    expect(app.nest.get(CacheWorker).nextAt).toBe(Date.now() + 3 * MINUTE);
    for (const [time, count] of [
      [3 * MINUTE - 1, 1],
      [1, 2],
      [30 * MINUTE - 1, 2],
      [1, 3],
    ] as const) {
      await pass(time);
      expect(shifts()).toBe(count);
    }
    expect(app.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('makes no further shift when it is switched off during one, or soon after it', async () => {
    const { app, shifts, end } = await inShift();
    app.cache.configure({ worker: { interval: '2h', initialDelay: '3m' } });
    await end();
    app.cache.configure({ worker: false });
    await pass(DAY);
    expect([shifts(), app.nest.get(CacheWorker).nextAt]).toEqual([1, undefined]);
    app.cache.configure({ worker: { interval: '2h', initialDelay: '3m' } });
    await pass(3 * MINUTE);
    expect(shifts()).toBe(2);
  });

  it('leaves no timer behind when it was configured during a shift', async () => {
    const before = jest.getTimerCount();
    const { app, end } = await inShift();
    app.cache.configure({ worker: { interval: '2h', initialDelay: '1d' } });
    await end();
    await app.close();
    expect(jest.getTimerCount()).toBe(before);
  });

  it('leaves a shift to another process that is making one, and says so', async () => {
    const leases = new MemoryLeases();
    const store = withLeases(makeHeap(), leases);
    const { app, shifts } = await withWorker(
      { initialDelay: '1m', interval: '1h' },
      { variant: { store: () => store } },
    );
    const lease = await leases.hold('sweep');
    await pass(MINUTE);
    expect(shifts()).toBe(0);
    const said = app.log.filter(({ message }) => /process|Shift/.test(message));
    expect(said).toMatchObject([{ level: 'log', message: expect.stringContaining(store.name) as unknown }]);
    await lease.release();
    await pass(HOUR);
    expect(shifts()).toBe(1);
  });

  it('remembers its last twenty shifts, those left to another process included', async () => {
    const leases = new MemoryLeases();
    const store = withLeases(makeHeap(), leases);
    const { app } = await withWorker({ interval: '1d' }, { variant: { store: () => store } });
    const worker = app.nest.get(CacheWorker);
    for (let count = 0; count < 24; count += 1) {
      await worker.runShift();
      await pass(1000);
    }
    const lease = await leases.hold('sweep');
    await worker.runShift();
    await lease.release();
    const { shifts, last } = worker;
    expect(shifts).toHaveLength(20);
    expect(shifts[0]).toBe(last);
    expect(last?.report).toMatchObject({ steps: [], skipped: [store.name] });
    expect(shifts[1]?.report.steps[0]).toMatchObject({ step: 'expired', removed: 0 });
    const begins = shifts.map(({ startedAt }) => startedAt);
    expect(begins).toEqual([...begins].sort((a, b) => b - a));
    for (const { startedAt, at, report } of shifts) expect(at - startedAt).toBeGreaterThanOrEqual(report.duration);
  });

  it('goes on after an error, and tells of it', async () => {
    const { store, chaos } = failing(heapStore());
    const { app, steps, shifts } = await withWorker({ initialDelay: '1m', interval: '1h' }, { variant: { store } });
    chaos().fail('entries', new Error('EIO: i/o error'));
    await pass(MINUTE);
    expect(steps[0]?.report).toMatchObject({ step: 'expired', failed: 1 });
    expect(app.log.filter(({ level, message }) => level === 'warn' && message.includes('EIO: i/o error'))).toHaveLength(
      1,
    );
    chaos().heal();
    await pass(HOUR);
    expect(shifts()).toBe(2);
    expect(steps[8]?.report).toMatchObject({ step: 'expired', failed: 0 });
  });

  it.each([
    ['interval', { initialDelay: '0', interval: '30d' }, 1],
    ['initial delay', { initialDelay: '30d', interval: '1000d' }, 0],
  ])('waits the whole of an %s that is longer than a timer of Node can be', async (_what, worker, first) => {
    const { shifts } = await withWorker(worker);
    await pass(0);
    expect(shifts()).toBe(first);
    await pass(30 * DAY - HOUR);
    expect(shifts()).toBe(first);
    await pass(HOUR);
    expect(shifts()).toBe(first + 1);
  });

  async function busyInShift(): Promise<{ app: TestApp; source: FakeSource; steps: readonly { report: object }[] }> {
    const source = new FakeSource();
    const ids = Array.from({ length: 50 }, (_, index) => `image${index}`);
    for (const id of ids) source.put(id, { size: 1 });
    const { app, steps } = await withWorker(
      { initialDelay: '1m', interval: '1h' },
      { source, resolveFirst: true, render: { timeout: '0' } },
    );
    for (const id of ids) await app.get(`/pictures/${id}`);
    source.lookups = 0;
    return { app, source, steps };
  }

  it('ends the shift that is under way when the application shuts down', async () => {
    const { app, source, steps } = await busyInShift();
    const gate = deferred();
    source.gate = gate.promise;
    await pass(MINUTE);
    await until(() => source.lookups > 0);
    const under = source.lookups;
    const closed = app.close();
    await pass(0);
    gate.resolve();
    await closed;
    expect(source.lookups).toBe(under);
    expect(steps.map(({ report }) => report)).toMatchObject([
      { step: 'expired' },
      { step: 'invalid', stopped: 'aborted', removed: 0 },
    ]);
  });

  it('leaves no timer behind when the application is closed', async () => {
    const before = jest.getTimerCount();
    const { app, shifts } = await withWorker({ initialDelay: '1m', interval: '1h' });
    await app.get('/pictures/a');
    await app.get('/pictures/a');
    await pass(MINUTE);
    expect(shifts()).toBe(1);
    const registry = app.nest.get(SchedulerRegistry);
    await app.close();
    expect(jest.getTimerCount()).toBe(before);
    expect(registry.getTimeouts()).toEqual([]);
    await pass(10 * HOUR);
    expect(shifts()).toBe(1);
  });

  it('says at the start what to import when there is no scheduler', async () => {
    await expect(start({ controllers: [Pictures], cache: { worker: {} } })).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_OPTIONS',
      message: expect.stringMatching(/^imageCache\.worker: .*ScheduleModule\.forRoot\(\)/) as unknown,
    });
  });

  it('does nothing by itself when it is not wanted, and shifts can be made by hand', async () => {
    const app = await start({ controllers: [Pictures] });
    const steps = record(app.cache, 'step');
    await pass(100 * DAY);
    expect(steps).toEqual([]);
    const report = await app.nest.get(CacheWorker).runShift();
    expect(report).toMatchObject({ aborted: false });
    expect(steps).toHaveLength(8);
  });
});
