import { beforeEach, describe, expect, it } from '@jest/globals';
import { ImageCacheError, type CacheStore } from 'nestjs-image-cache';
import { ChaosStore, FakeClock } from 'nestjs-image-cache/testing';
import { sweepInTurn } from '../../../../libs/image-cache/src/maintenance/sweep-turn.js';
import type { SweepReport, SweepStep } from '../../../../libs/image-cache/src/maintenance/sweep.js';
import { CacheEvents } from '../../../../libs/image-cache/src/observability/events.js';
import { deferred } from '../../../support/async.js';
import { MemoryLeases, withLeases } from '../../../support/leases.js';
import { makeHeap } from '../../../support/stores.js';

describe('a sweep in turn', () => {
  let clock: FakeClock;
  let leases: MemoryLeases;
  let shared: ChaosStore;
  let swept: CacheStore[][];

  beforeEach(() => {
    clock = new FakeClock();
    leases = new MemoryLeases();
    shared = new ChaosStore(withLeases(makeHeap(clock), leases), clock);
    swept = [];
  });

  const run = (
    stores: readonly CacheStore[],
    work: SweepStep['run'] = () => Promise.resolve(),
    signal?: AbortSignal,
  ): Promise<SweepReport> => {
    const stepsOf = (some: readonly CacheStore[]): SweepStep[] => {
      swept.push([...some]);
      return ['one', 'two'].map((name) => ({ name, run: work }));
    };
    return sweepInTurn(stores, stepsOf, { clock, events: new CacheEvents(), signal });
  };

  const namesOf = ({ steps }: SweepReport): string[] => steps.map(({ step }) => step);

  it('is made by one process at a time, and the other one says why it makes none', async () => {
    const middle = deferred();
    const first = run([shared], () => middle.promise);
    const second = await run([shared]);
    expect(second).toMatchObject({ steps: [], skipped: [shared.name], aborted: false });
    middle.resolve();
    const report = await first;
    expect(namesOf(report)).toEqual(['one', 'two']);
    expect(report).not.toHaveProperty('skipped');
    expect(namesOf(await run([shared]))).toEqual(['one', 'two']);
    expect(leases.isHeld('sweep')).toBe(false);
  });

  it('is made of the stores that nobody else is sweeping', async () => {
    const own = makeHeap(clock);
    const others = new ChaosStore(withLeases(makeHeap(clock), new MemoryLeases()), clock);
    const lease = await leases.hold('sweep');
    expect((await run([shared, own, others])).skipped).toEqual([shared.name]);
    expect(swept).toEqual([[own, others]]);
    await lease.release();
    await run([shared, own, others]);
    expect(swept[1]).toEqual([shared, own, others]);
  });

  it('ends when the turn is lost, and says why', async () => {
    const begun = deferred();
    const report = run([shared], async (tally, { signal }) => {
      tally.removed += 3;
      begun.resolve();
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      signal.throwIfAborted();
    });
    await begun.promise;
    leases.lose('sweep', new ImageCacheError('E_IMAGE_CACHE_ABORTED', 'Another one has it.'));
    expect(await report).toMatchObject({
      steps: [{ step: 'one', removed: 3, failed: 0, stopped: 'Another one has it.' }],
      aborted: true,
    });
  });

  it('ends when it is told to, and gives the turn back', async () => {
    const controller = new AbortController();
    const aborting: SweepStep['run'] = (_, { signal }) => {
      controller.abort();
      signal.throwIfAborted();
      return Promise.resolve();
    };
    expect(await run([shared], aborting, controller.signal)).toMatchObject({
      steps: [{ step: 'one', stopped: 'aborted' }],
      aborted: true,
    });
    expect(leases.isHeld('sweep')).toBe(false);
  });

  it('gives turns back that it has taken when it cannot take another one', async () => {
    const broken = new ChaosStore(withLeases(makeHeap(clock), new MemoryLeases()), clock);
    broken.fail('lease', new Error('no connection'));
    await expect(run([shared, broken])).rejects.toThrow('no connection');
    expect(leases.isHeld('sweep')).toBe(false);
  });

  it('has been made though its turn cannot be given back', async () => {
    shared.fail('release', new Error('no connection'));
    expect(namesOf(await run([shared]))).toEqual(['one', 'two']);
  });
});
