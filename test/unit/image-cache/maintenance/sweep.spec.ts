import { beforeEach, describe, expect, it } from '@jest/globals';
import type { MaintainOptions, StepProgress, StepReport, StoreStep } from 'nestjs-image-cache';
import { ChaosStore, FakeClock } from 'nestjs-image-cache/testing';
import { storeStep } from '../../../../libs/image-cache/src/maintenance/store-step.js';
import { sweep, type SweepStep } from '../../../../libs/image-cache/src/maintenance/sweep.js';
import { CacheEvents } from '../../../../libs/image-cache/src/observability/events.js';
import { makeHeap } from '../../../support/stores.js';

describe('sweep', () => {
  let clock: FakeClock;
  let events: CacheEvents;
  let told: StepReport[];

  const step = (name: string, run: SweepStep['run'] = () => Promise.resolve()): SweepStep => ({ name, run });

  beforeEach(() => {
    clock = new FakeClock();
    events = new CacheEvents();
    told = [];
    events.on('step', ({ report }) => told.push(report));
  });

  it('runs one step after the other and tells what each has done, and how long it took', async () => {
    const order: string[] = [];
    const slow = (name: string): SweepStep =>
      step(name, async (tally) => {
        order.push(`${name} begins`);
        await new Promise<void>((resolve) => clock.schedule(100, resolve));
        tally.examined += 5;
        tally.removed += 2;
        tally.bytes += 700;
        order.push(`${name} ends`);
      });
    const report = sweep([slow('a'), slow('b')], { clock, events });
    await clock.advance(200);
    const counts = { examined: 5, removed: 2, bytes: 700, failed: 0, duration: 100 };
    expect(await report).toEqual({
      steps: [
        { step: 'a', ...counts },
        { step: 'b', ...counts },
      ],
      duration: 200,
      aborted: false,
      dryRun: false,
    });
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
    expect(told.map(({ step: name }) => name)).toEqual(['a', 'b']);
  });

  it('runs the other steps when one fails, and keeps what that one had done', async () => {
    const failing = step('a', (tally) => {
      tally.removed += 3;
      return Promise.reject(new Error('no connection'));
    });
    const { steps } = await sweep([failing, step('b')], { clock, events });
    expect(steps).toMatchObject([
      { step: 'a', removed: 3, failed: 1, stopped: 'no connection' },
      { step: 'b', failed: 0 },
    ]);
  });

  it('begins no further step when it is aborted, and keeps what was done', async () => {
    const controller = new AbortController();
    const aborting = step('a', (tally, shift) => {
      tally.removed += 3;
      controller.abort();
      shift.signal.throwIfAborted();
      return Promise.resolve();
    });
    const report = await sweep([aborting, step('b')], { clock, events, signal: controller.signal });
    expect(report).toMatchObject({ steps: [{ step: 'a', removed: 3, failed: 0, stopped: 'aborted' }], aborted: true });
    expect(report.steps).toHaveLength(1);
  });

  it('tells every half second how far a step is', async () => {
    const progress: StepProgress[] = [];
    const heard: StepProgress[] = [];
    events.on('progress', (event) => heard.push(event.progress));
    const busy = step('a', async (tally, shift) => {
      for (let turn = 0; turn < 100; turn += 1) {
        await new Promise<void>((resolve) => clock.schedule(20, resolve));
        tally.examined += 1;
        shift.progress();
      }
    });
    const report = sweep([busy], { clock, events, onProgress: (each) => progress.push(each) });
    await clock.advance(2000);
    await report;
    expect(progress.map(({ examined }) => examined)).toEqual([25, 50, 75, 100]);
    expect(progress[0]).toEqual({ step: 'a', examined: 25, removed: 0, bytes: 0 });
    expect(heard).toEqual(progress);
  });

  it('goes on when whoever is told how far it is fails, and tells of that', async () => {
    const failures: unknown[] = [];
    events.on('background-failed', (event) => failures.push(event));
    const error = new Error('no terminal');
    const onProgress = (): never => {
      throw error;
    };
    const busy = step('a', async (tally, shift) => {
      await new Promise<void>((resolve) => clock.schedule(500, resolve));
      shift.progress();
      tally.examined += 1;
    });
    const report = sweep([busy], { clock, events, onProgress });
    await clock.advance(500);
    expect((await report).steps).toMatchObject([{ examined: 1, failed: 0 }]);
    expect(failures).toEqual([{ what: 'onProgress', error }]);
  });

  it('gives the steps what they have to know, and tells in its report of a dry run', async () => {
    const given: unknown[] = [];
    const asking = step('a', (_, { dryRun, rate }) => {
      given.push({ dryRun, rate });
      return Promise.resolve();
    });
    expect(await sweep([asking], { clock, events, dryRun: true, rate: { files: 5 } })).toMatchObject({ dryRun: true });
    await sweep([asking], { clock, events });
    expect(given).toEqual([
      { dryRun: true, rate: { files: 5 } },
      { dryRun: false, rate: {} },
    ]);
  });

  describe('with a step of the stores', () => {
    const report = (step: string): StepReport => ({ step, examined: 4, removed: 2, bytes: 10, failed: 1, duration: 9 });

    /** A store that does the trash, and what else a test wants. */
    const storeWith = (
      maintain: (step: StoreStep, options: MaintainOptions) => Promise<StepReport>,
      steps: readonly StoreStep[] = ['trash'],
    ): ChaosStore => {
      const heap = makeHeap(clock);
      const features = { value: { ...heap.features, steps } };
      return new ChaosStore(Object.defineProperties(heap, { maintain: { value: maintain }, features }), clock);
    };

    const run = async (stores: readonly ChaosStore[], name: StoreStep = 'trash'): Promise<StepReport | undefined> =>
      (await sweep([storeStep(name, { stores, stallOf: () => 5000 })], { clock, events, rate: { share: 0.5 } }))
        .steps[0];

    it('adds up what the stores have done', async () => {
      const calls: unknown[] = [];
      const store = (): ChaosStore =>
        storeWith((step, { stall, dryRun, rate }) => {
          calls.push([step, stall, dryRun, rate]);
          return Promise.resolve(report(step));
        });
      const counts = { examined: 8, removed: 4, bytes: 20, failed: 2, duration: 0 };
      expect(await run([store(), store()])).toEqual({ step: 'trash', ...counts });
      expect(calls).toEqual(Array(2).fill(['trash', 5000, false, { share: 0.5 }]));
    });

    it('asks no store for a step that it does not do', async () => {
      const store = storeWith((step) => Promise.resolve(report(step)));
      expect(await run([store], 'scrub')).toMatchObject({ examined: 0, failed: 0 });
      expect(await run([new ChaosStore(makeHeap(clock), clock)])).toMatchObject({ examined: 0, failed: 0 });
      expect(store.calls('maintain')).toBe(0);
    });

    it('goes on to the next store when one fails, tells of it, and counts what that one had done', async () => {
      const broken = storeWith((step, { onProgress }) => {
        onProgress?.({ step, examined: 3, removed: 1, bytes: 7 });
        return Promise.reject(new Error('no connection'));
      });
      const sound = storeWith((step) => Promise.resolve(report(step)));
      expect(await run([sound, broken, sound])).toMatchObject({
        examined: 11,
        removed: 5,
        bytes: 27,
        failed: 3,
        failure: 'no connection',
      });
    });

    it('tells why a store stopped, and of the first failure', async () => {
      const store = storeWith((step) => Promise.resolve({ ...report(step), stopped: 'aborted', failure: 'EROFS' }));
      expect(await run([store])).toMatchObject({ removed: 2, stopped: 'aborted', failure: 'EROFS' });
    });
  });
});
