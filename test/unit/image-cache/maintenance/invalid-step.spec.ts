import { beforeEach, describe, expect, it } from '@jest/globals';
import { infoKey, type SourceStamp, type StepReport } from 'nestjs-image-cache';
import { ChaosStore, FakeClock } from 'nestjs-image-cache/testing';
import { invalidStep } from '../../../../libs/image-cache/src/maintenance/invalid-step.js';
import { sweep } from '../../../../libs/image-cache/src/maintenance/sweep.js';
import { CacheEvents } from '../../../../libs/image-cache/src/observability/events.js';
import { ImageEvictor } from '../../../../libs/image-cache/src/tiers/image-evictor.js';
import { SourceMonitor } from '../../../../libs/image-cache/src/tiers/source-monitor.js';
import { deferred } from '../../../support/async.js';
import { nobodyTold } from '../../../support/eviction-notices.js';
import { FakeSource } from '../../../support/fake-source.js';
import { makeHeap, put, readText, variantOf } from '../../../support/stores.js';

describe('the step "invalid"', () => {
  let clock: FakeClock;
  let source: FakeSource;
  let store: ChaosStore;
  let evictMissing: boolean;
  let dryRun: boolean;

  const run = async (signal?: AbortSignal, stores = [store]): Promise<StepReport | undefined> => {
    const events = new CacheEvents();
    const times = { revalidateAfter: 0, stale: 0, timeout: 1000, closing: new AbortController().signal, clock };
    const monitor = new SourceMonitor({ source, resolveFirst: true, ...times, events });
    const evictor = new ImageEvictor({
      stores,
      heapInfos: undefined,
      monitor,
      evictMissing,
      notices: nobodyTold(events),
      events,
    });
    return (await sweep([invalidStep({ stores, monitor, evictor, evictMissing })], { clock, events, signal, dryRun }))
      .steps[0];
  };

  const add = async (identifier: string, stamp: SourceStamp | undefined, operations = 'max'): Promise<void> => {
    const meta = { identifier, ...(stamp && { source: stamp }) };
    await put(store, variantOf(identifier, operations), 'body', meta);
  };

  const cached = async (): Promise<string[]> => {
    const identifiers: string[] = [];
    for await (const { meta } of store.entries()) identifiers.push(meta.identifier);
    return [...new Set(identifiers)].sort();
  };

  const fill = async (count: number, missing: (index: number) => boolean): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      await add(`image ${index}`, { etag: 'a' });
      if (!missing(index)) source.put(`image ${index}`, { etag: 'a' });
    }
  };

  beforeEach(() => {
    clock = new FakeClock();
    source = new FakeSource();
    store = new ChaosStore(makeHeap(clock), clock);
    evictMissing = true;
    dryRun = false;
  });

  it('keeps what was made from the present state of the source', async () => {
    await fill(30, () => false);
    expect(await run()).toMatchObject({ step: 'invalid', examined: 30, removed: 0, failed: 0 });
    expect(source.lookups).toBe(30);
  });

  it('takes all of an image away when one entry of it was made from another state', async () => {
    source.put('image', { etag: 'new' });
    await add('image', { etag: 'new' }, 'max');
    await add('image', { etag: 'old' }, 'square');
    await put(store, infoKey('image'), '{}', { identifier: 'image', source: { etag: 'new' } });
    expect(await run()).toMatchObject({ removed: 3 });
    expect(await cached()).toEqual([]);
  });

  it('takes away what nobody knows the state of', async () => {
    source.put('image', { etag: 'a' });
    await add('image', undefined);
    expect(await run()).toMatchObject({ removed: 1 });
  });

  it('takes missing images away when that is wanted, and leaves them when not', async () => {
    await fill(20, (index) => index < 3);
    evictMissing = false;
    expect(await run()).toMatchObject({ removed: 0 });
    evictMissing = true;
    expect(await run()).toMatchObject({ removed: 3, failed: 0 });
    expect(await cached()).toHaveLength(17);
  });

  it('asks once for all entries of an image', async () => {
    source.put('image', { etag: 'a' });
    for (let index = 0; index < 250; index += 1) await add('image', { etag: 'a' }, `${index}`);
    expect(await run()).toMatchObject({ examined: 1, removed: 0 });
    expect(source.lookups).toBe(1);
  });

  it('asks for a few images at a time', async () => {
    await fill(30, () => false);
    const gate = deferred();
    source.gate = gate.promise;
    const report = run();
    await clock.advance(0);
    expect(source.lookups).toBe(4);
    gate.resolve();
    expect(await report).toMatchObject({ examined: 30 });
  });

  it('stops and takes nothing away when the source cannot tell', async () => {
    await fill(30, (index) => index === 0);
    await add('changed', { etag: 'old' });
    source.put('changed', { etag: 'new' });
    source.unavailable = true;
    expect(await run()).toMatchObject({ removed: 0, stopped: 'the source is not available' });
    expect(await cached()).toHaveLength(31);
  });

  it.each([
    [10, 6, 0],
    [10, 5, 5],
    [9, 9, 9],
    [100, 51, 0],
    [100, 50, 50],
  ])('of %d images of which %d are missing takes %d away', async (count, missing, removed) => {
    await fill(count, (index) => index < missing);
    const report = await run();
    expect(report).toMatchObject({ removed });
    expect(report?.stopped).toEqual(removed === 0 ? expect.stringContaining(`${missing} of ${count}`) : undefined);
    expect(await cached()).toHaveLength(count - removed);
  });

  it('stops at a suspicious share among many, however large the rest is', async () => {
    await fill(230, () => true);
    expect(await run()).toMatchObject({ removed: 0, stopped: expect.stringContaining('100 of 100') });
  });

  it('does not take away what was rendered anew since it asked', async () => {
    await add('image', { etag: 'old' });
    source.put('image', { etag: 'new' });
    const gate = deferred();
    source.gate = gate.promise;
    const report = run();
    await clock.advance(0);
    await store.deleteGroup(variantOf('image').group);
    await put(store, variantOf('image'), 'new', { identifier: 'image', source: { etag: 'new' } });
    gate.resolve();
    expect(await report).toMatchObject({ removed: 0 });
    expect(await readText(store, variantOf('image'))).toBe('new');
  });

  it('does not take away what was rendered anew since it was listed', async () => {
    for (let index = 0; index < 120; index += 1) {
      await add(`image ${index}`, { etag: 'old' });
      source.put(`image ${index}`, { etag: 'old' });
    }
    const gate = deferred();
    source.gate = gate.promise;
    const report = run();
    await clock.advance(0);
    // The first ones are being asked for, when the states and the renders of others change.
    const listed = await cached();
    for (const identifier of listed) source.put(identifier, { etag: 'new' });
    for (const identifier of listed) await add(identifier, { etag: 'new' });
    gate.resolve();
    expect(await report).toMatchObject({ examined: 120, removed: 0, failed: 0 });
    expect(await cached()).toHaveLength(120);
  });

  it('takes nothing away in a dry run, and counts what it would', async () => {
    await fill(20, (index) => index < 3);
    source.put('image 5', { etag: 'new' });
    await add('image 5', { etag: 'a' }, 'square');
    dryRun = true;
    expect(await run()).toMatchObject({ examined: 20, removed: 5, bytes: 20 });
    expect(await cached()).toHaveLength(20);
  });

  it('looks at images in the way that a store has for it', async () => {
    await add('image', { etag: 'old' });
    source.put('image', { etag: 'new' });
    const image = { identifier: 'image', entries: [{ key: variantOf('image'), source: { etag: 'old' } }], bytes: 4 };
    const inner = Object.assign(makeHeap(clock), {
      images: async function* () {
        await Promise.resolve();
        yield [image, image];
      },
    });
    await put(inner, variantOf('image'), 'body', { identifier: 'image', source: { etag: 'old' } });
    const able = new ChaosStore(inner, clock);
    expect(await run(undefined, [able])).toMatchObject({ examined: 2, removed: 1 });
    expect([able.calls('images'), able.calls('entries')]).toEqual([1, 0]);
  });

  it('goes on past an image that cannot be evicted, and counts it', async () => {
    await fill(20, (index) => index < 4);
    store.fail('deleteGroup', new Error('read-only'), { times: 1 });
    expect(await run()).toMatchObject({ removed: 3, failed: 1 });
  });

  it('goes on to the next store when one cannot list its entries, and tells of it', async () => {
    await fill(20, (index) => index < 4);
    const broken = new ChaosStore(makeHeap(clock), clock);
    broken.fail('entries', new Error('no connection'));
    expect(await run(undefined, [broken, store])).toMatchObject({ removed: 4, failed: 1, failure: 'no connection' });
  });

  it('goes on past an identifier that the source refuses, and leaves what is cached of it', async () => {
    await fill(20, () => false);
    const refusal = Object.assign(new Error('no such name'), { status: 400 });
    const lookup = source.lookup.bind(source);
    source.lookup = (identifier) => (identifier === 'image 3' ? Promise.reject(refusal) : lookup(identifier));
    source.put('image 5', { etag: 'new' });
    expect(await run()).toMatchObject({ examined: 20, removed: 1, failed: 1 });
  });

  it('stops when it is told to', async () => {
    await fill(20, (index) => index < 4);
    const controller = new AbortController();
    controller.abort();
    const report = await run(controller.signal);
    expect(report).toBeUndefined();
    const gate = deferred();
    source.gate = gate.promise;
    const later = new AbortController();
    const stopped = run(later.signal);
    await clock.advance(0);
    later.abort();
    gate.resolve();
    expect(await stopped).toMatchObject({ removed: 0, stopped: 'aborted' });
    expect(await cached()).toHaveLength(20);
  });
});
