import { beforeEach, describe, expect, it } from '@jest/globals';
import { infoKey, type Kind, type MaintainOptions } from 'nestjs-image-cache';
import { ChaosStore, FakeClock } from 'nestjs-image-cache/testing';
import { expiredStep } from '../../../../libs/image-cache/src/maintenance/expired-step.js';
import { sweep } from '../../../../libs/image-cache/src/maintenance/sweep.js';
import { CacheEvents } from '../../../../libs/image-cache/src/observability/events.js';
import type { StepReport } from 'nestjs-image-cache';
import type { FreshnessOptions } from '../../../../libs/image-cache/src/tiers/freshness.js';
import { makeHeap, put, variantOf } from '../../../support/stores.js';

const FOR_EVER: FreshnessOptions = { ttl: 0, staleness: 0 };

describe('the step "expired"', () => {
  let clock: FakeClock;
  let store: ChaosStore;
  let freshness: Record<Kind, FreshnessOptions>;
  let dryRun: boolean;

  const run = async (stores = [store], signal?: AbortSignal): Promise<StepReport | undefined> => {
    const step = expiredStep({ stores, freshness, margin: 100, clock, stallOf: () => 0 });
    return (await sweep([step], { clock, events: new CacheEvents(), signal, dryRun })).steps[0];
  };

  const names = async (): Promise<string[]> => {
    const identifiers: string[] = [];
    for await (const { meta } of store.entries()) identifiers.push(meta.identifier);
    return identifiers.sort();
  };

  const add = async (identifier: string): Promise<void> => {
    await put(store, variantOf(identifier), 'body', { identifier, createdAt: clock.now() });
  };

  beforeEach(() => {
    clock = new FakeClock();
    dryRun = false;
    store = new ChaosStore(makeHeap(clock), clock);
    freshness = { info: FOR_EVER, variant: { ttl: 1000, staleness: 0 }, source: FOR_EVER };
  });

  it('takes away what nobody has asked for within its time and a margin for accesses not written yet', async () => {
    await add('old');
    await clock.advance(1);
    await add('young');
    await clock.advance(1099);
    expect(await run()).toMatchObject({ examined: 2, removed: 0 });
    await clock.advance(1);
    const report = await run();
    expect(report).toMatchObject({ step: 'expired', examined: 2, removed: 1, failed: 0 });
    expect(report?.bytes).toBeGreaterThanOrEqual(4);
    expect(await names()).toEqual(['young']);
  });

  it('takes away what is too old to be served, however often it was asked for', async () => {
    freshness.variant = { ttl: 0, staleness: 1000 };
    await add('old');
    await clock.advance(1001);
    await store.touch([{ key: variantOf('old'), at: clock.now(), hits: 1 }]);
    await add('young');
    expect(await run()).toMatchObject({ removed: 1 });
    expect(await names()).toEqual(['young']);
  });

  it('goes by the settings of each kind', async () => {
    await add('variant');
    await put(store, infoKey('info'), '{}', { identifier: 'info' });
    await clock.advance(1_000_000);
    expect(await run()).toMatchObject({ examined: 2, removed: 1 });
    expect(await names()).toEqual(['info']);
  });

  it('takes nothing away when everything is kept for ever', async () => {
    freshness.variant = FOR_EVER;
    await add('old');
    await clock.advance(1e12);
    expect(await run()).toMatchObject({ examined: 1, removed: 0 });
  });

  it('spares what was asked for since it was listed', async () => {
    await add('a');
    await clock.advance(2000);
    store.hang('stat');
    const report = run();
    await clock.advance(0);
    await store.touch([{ key: variantOf('a'), at: clock.now(), hits: 1 }]);
    store.heal();
    expect(await report).toMatchObject({ examined: 1, removed: 0 });
    expect(await names()).toEqual(['a']);
  });

  it('takes nothing away in a dry run, and counts what it would', async () => {
    for (const identifier of ['a', 'b']) await add(identifier);
    await clock.advance(2000);
    await add('young');
    dryRun = true;
    expect(await run()).toMatchObject({ examined: 3, removed: 2, bytes: 8 });
    expect(await names()).toEqual(['a', 'b', 'young']);
  });

  it('has the store do it that has a better way, with the margin of accesses that are not written yet', async () => {
    const asked: MaintainOptions[] = [];
    const heap = makeHeap(clock);
    Object.defineProperty(heap, 'features', { value: { ...heap.features, steps: ['expired'] as const } });
    const able = Object.assign(heap, {
      maintain: (step: string, options: MaintainOptions) => {
        asked.push(options);
        return Promise.resolve({ step, examined: 7, removed: 3, bytes: 9, failed: 0, duration: 1 });
      },
    });
    freshness.info = { ttl: 0, staleness: 500 };
    expect(await run([new ChaosStore(able, clock)])).toMatchObject({ examined: 7, removed: 3, bytes: 9 });
    expect(asked).toMatchObject([
      {
        expiry: {
          variant: { idle: 1100, staleness: 0 },
          info: { idle: 0, staleness: 500 },
          source: { idle: 0, staleness: 0 },
        },
      },
    ]);
  });

  it('goes on past an entry that cannot be evicted, and counts it', async () => {
    for (const identifier of ['a', 'b', 'c']) await add(identifier);
    await clock.advance(2000);
    store.fail('delete', new Error('read-only'), { times: 1 });
    expect(await run()).toMatchObject({ examined: 3, removed: 2, failed: 1 });
    expect(await names()).toHaveLength(1);
  });

  it('goes on to the next store when one cannot list its entries, and tells of it', async () => {
    await add('a');
    await clock.advance(2000);
    const broken = new ChaosStore(makeHeap(clock), clock);
    broken.fail('entries', new Error('no connection'));
    expect(await run([broken, store])).toMatchObject({ removed: 1, failed: 1, failure: 'no connection' });
    expect(await names()).toEqual([]);
  });

  it('stops when it is told to, and tells what it has done', async () => {
    for (const identifier of ['a', 'b', 'c']) await add(identifier);
    await clock.advance(2000);
    const controller = new AbortController();
    store.hang('delete');
    const report = run([store], controller.signal);
    await clock.advance(0);
    controller.abort();
    store.heal();
    expect(await report).toMatchObject({ removed: 1, stopped: 'aborted', failed: 0 });
    expect(await names()).toHaveLength(2);
  });
});
