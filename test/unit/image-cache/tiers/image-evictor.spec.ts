import { beforeEach, describe, expect, it } from '@jest/globals';
import { infoKey, type CacheEventMap, type Eviction } from 'nestjs-image-cache';
import { ChaosStore, FakeClock } from 'nestjs-image-cache/testing';
import { CacheEvents } from '../../../../libs/image-cache/src/observability/events.js';
import { HeapInfoCache } from '../../../../libs/image-cache/src/tiers/heap-info-cache.js';
import { ImageEvictor, sumCounts } from '../../../../libs/image-cache/src/tiers/image-evictor.js';
import { SourceMonitor } from '../../../../libs/image-cache/src/tiers/source-monitor.js';
import { until } from '../../../support/async.js';
import { SharedStore } from '../../../support/fake-bus.js';
import { nobodyTold } from '../../../support/eviction-notices.js';
import { FakeSource } from '../../../support/fake-source.js';
import { imageInfo } from '../../../support/image-info.js';
import { makeHeap, put, readText, variantOf } from '../../../support/stores.js';

const KEY = variantOf('image');

const NOTHING = { infos: 0, variants: 0, sources: 0, bytes: 0 };

describe('ImageEvictor', () => {
  let variants: ChaosStore;
  let infos: ChaosStore;
  let heapInfos: HeapInfoCache;
  let told: CacheEventMap['evicted'][];

  const make = (evictMissing = false): ImageEvictor => {
    const clock = new FakeClock();
    const events = new CacheEvents();
    events.on('evicted', (payload) => told.push(payload));
    const { signal: closing } = new AbortController();
    const times = { revalidateAfter: 0, stale: 0, timeout: 1000, closing, clock };
    const options = { source: undefined, resolveFirst: false, ...times, events };
    variants = new ChaosStore(makeHeap(clock), clock);
    infos = new ChaosStore(makeHeap(clock), clock);
    heapInfos = new HeapInfoCache(100_000);
    const monitor = new SourceMonitor(options);
    return new ImageEvictor({
      stores: [variants, infos],
      heapInfos,
      monitor,
      evictMissing,
      notices: nobodyTold(events),
      events,
    });
  };

  const fill = async (text = 'body'): Promise<void> => {
    await put(variants, KEY, text);
    await put(infos, infoKey('image'), '{}');
    heapInfos.set('image', imageInfo(), heapInfos.generation('image'));
  };

  beforeEach(() => {
    told = [];
  });

  it('takes all of an image away, from all stores and the heap, and counts it', async () => {
    const evictor = make();
    await fill();
    await put(variants, variantOf('other image'), 'other');
    expect(await evictor.evict('image', 'request')).toMatchObject({ infos: 1, variants: 1, sources: 0 });
    expect(await readText(variants, KEY)).toBeUndefined();
    expect(heapInfos.peek('image')).toBeUndefined();
    expect(await readText(variants, variantOf('other image'))).toBe('other');
    expect(told).toMatchObject([{ reason: 'request', identifier: 'image', counts: { infos: 1, variants: 1 } }]);
  });

  it('counts an info that was in the heap only, and tells nothing when there was nothing', async () => {
    const evictor = make();
    heapInfos.set('image', imageInfo(), heapInfos.generation('image'));
    expect(await evictor.evict('image', 'request')).toMatchObject({ infos: 1, variants: 0 });
    expect(await evictor.evict('image', 'request')).toEqual(NOTHING);
    expect(told).toHaveLength(1);
  });

  it('takes away once what many have seen, and what was rendered since stays', async () => {
    const evictor = make();
    await fill('old');
    const seen = await evictor.generations('image');
    const counts = await Promise.all(Array.from({ length: 20 }, () => evictor.evict('image', 'changed', seen)));
    expect(sumCounts(counts)).toMatchObject({ infos: 1, variants: 1 });
    const after = await evictor.generations('image');
    await fill('new');
    expect(await evictor.evict('image', 'changed', seen)).toEqual(NOTHING);
    expect(await evictor.generations('image')).toEqual(after);
    expect(await readText(variants, KEY)).toBe('new');
    expect(heapInfos.peek('image')).toBeDefined();
    expect(told).toHaveLength(1);
  });

  it('evicts from the other stores and the heap when one store fails, and fails then', async () => {
    const evictor = make();
    await fill();
    const error = new Error('no connection');
    variants.fail('deleteGroup', error);
    const before = await evictor.generations('image');
    await expect(evictor.evict('image', 'request')).rejects.toBe(error);
    expect(await infos.stat(infoKey('image'))).toBeUndefined();
    expect(heapInfos.peek('image')).toBeUndefined();
    expect((await evictor.generations('image')).own).not.toBe(before.own);
  });

  describe('when others have evicted from a store that they share', () => {
    const EVERYTHING: Eviction = {};
    const IMAGE: Eviction = { group: KEY.group };
    let source: FakeSource;
    let monitor: SourceMonitor;
    let shared: SharedStore;
    let evictor: ImageEvictor;

    beforeEach(async () => {
      const clock = new FakeClock();
      const events = new CacheEvents();
      events.on('evicted', (payload) => told.push(payload));
      source = new FakeSource();
      source.put('image', { etag: '1' });
      monitor = new SourceMonitor({
        source,
        resolveFirst: true,
        revalidateAfter: 60_000,
        stale: 0,
        timeout: 1000,
        closing: new AbortController().signal,
        clock,
        events,
      });
      variants = new ChaosStore(makeHeap(clock), clock);
      shared = new SharedStore(makeHeap(clock));
      infos = shared;
      heapInfos = new HeapInfoCache(100_000);
      evictor = new ImageEvictor({
        stores: [variants, shared],
        heapInfos,
        monitor,
        evictMissing: false,
        notices: nobodyTold(events),
        events,
      });
      shared.bus.subscribe((eviction) => {
        evictor.drop(eviction);
      });
      await fill();
      await monitor.beforeHit('image');
      heapInfos.set('other', imageInfo({ identifier: 'other' }), heapInfos.generation('other'));
    });

    it.each<[string, Eviction, readonly string[]]>([
      ['the image', IMAGE, ['other info']],
      ['everything', EVERYTHING, []],
      ['all infos', { kind: 'info' }, ['lookup', 'variant']],
      ['all variants', { kind: 'variant' }, ['lookup', 'info', 'other info']],
      ['the info', { key: infoKey('image') }, ['lookup', 'variant', 'other info']],
      ['the variant', { key: KEY }, ['lookup', 'info', 'other info']],
    ])('drops from memory what that takes along: %s', async (_, eviction, left) => {
      const before = await evictor.generations('image');
      await shared.evictElsewhere(eviction);
      const after = await evictor.generations('image');
      expect(after.own).not.toBe(before.own);
      const { lookups } = source;
      await monitor.beforeHit('image');
      const held = {
        lookup: source.lookups === lookups,
        variant: (await variants.stat(KEY)) !== undefined,
        info: heapInfos.peek('image') !== undefined,
        'other info': heapInfos.peek('other') !== undefined,
      };
      expect(Object.entries(held).flatMap(([name, isHeld]) => (isHeld ? [name] : []))).toEqual(left);
    });

    it('keeps nothing that was read before', async () => {
      const generation = heapInfos.generation('image');
      const reservation = await variants.reserve(KEY);
      await shared.evictElsewhere(IMAGE);
      heapInfos.set('image', imageInfo(), generation);
      expect(heapInfos.peek('image')).toBeUndefined();
      const meta = { identifier: 'image', contentType: 'image/jpeg', createdAt: 0 };
      expect(await reservation.commit({ body: Buffer.from('old') }, meta)).toBe('fenced');
    });

    it('counts what went from memory, by the identifier where it is known, and tells nothing when there was nothing', async () => {
      await shared.evictElsewhere(IMAGE);
      await shared.evictElsewhere(EVERYTHING);
      await shared.evictElsewhere(EVERYTHING);
      await until(() => told.length === 2);
      expect(told).toMatchObject([
        { reason: 'elsewhere', identifier: 'image', counts: { infos: 1, variants: 1 } },
        { reason: 'elsewhere', counts: { infos: 1, variants: 0 } },
      ]);
    });

    it('takes an image away that it has seen after it had learnt of an eviction by asking for the generation', async () => {
      shared.news = IMAGE;
      const seen = await evictor.generations('image');
      await fill();
      expect(await evictor.evict('image', 'changed', seen)).toMatchObject({ infos: 1 });
      expect(heapInfos.peek('image')).toBeUndefined();
    });
  });

  it('refuses a missing image, and takes what is cached of it along when that is wanted', async () => {
    for (const [evictMissing, left] of [
      [false, 'body'],
      [true, undefined],
    ] as const) {
      const evictor = make(evictMissing);
      await fill();
      await expect(evictor.refuseAbsent('image', { status: 'missing' })).rejects.toMatchObject({
        code: 'E_IMAGE_CACHE_NOT_FOUND',
        status: 404,
      });
      expect(await readText(variants, KEY)).toBe(left);
    }
  });

  it('refuses an image that nobody can tell about, and takes nothing away', async () => {
    const evictor = make(true);
    await fill();
    await expect(evictor.refuseAbsent('image', { status: 'unavailable', since: 0 })).rejects.toMatchObject({
      code: 'E_IMAGE_CACHE_SOURCE_UNAVAILABLE',
      status: 503,
    });
    expect(await readText(variants, KEY)).toBe('body');
  });

  it('lets an image pass that is there, or that nobody asked for', async () => {
    const evictor = make(true);
    await evictor.refuseAbsent('image', { status: 'found', stamp: {} });
    await evictor.refuseAbsent('image', { status: 'unknown' });
    expect(told).toEqual([]);
  });
});
