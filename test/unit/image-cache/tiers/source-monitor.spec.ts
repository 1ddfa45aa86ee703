import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from 'nestjs-image-cache/testing';
import { SourceMonitor, type SourceMonitorOptions } from '../../../../libs/image-cache/src/tiers/source-monitor.js';
import { groupOf } from '../../../../libs/image-cache/src/keys/entry-keys.js';
import type { ImageSource, SourceLookup } from '../../../../libs/image-cache/src/ports/image-info.js';
import { CacheEvents } from '../../../../libs/image-cache/src/observability/events.js';
import { deferred } from '../../../support/async.js';
import { FakeSource } from '../../../support/fake-source.js';

const found = (etag: string): unknown => ({ status: 'found', stamp: { etag } });

describe('SourceMonitor', () => {
  let clock: FakeClock;
  let source: FakeSource;
  let failures: unknown[];

  const make = (options: Partial<SourceMonitorOptions> = {}): SourceMonitor => {
    const events = new CacheEvents();
    events.on('source-unavailable', ({ error }) => failures.push(error));
    return new SourceMonitor({
      source,
      resolveFirst: true,
      revalidateAfter: 0,
      stale: 0,
      timeout: 1000,
      closing: new AbortController().signal,
      clock,
      events,
      ...options,
    });
  };

  beforeEach(() => {
    clock = new FakeClock();
    source = new FakeSource();
    source.put('image', { etag: 'old' });
    failures = [];
  });

  it('asks nobody before a hit in aggressive mode, or without a source', async () => {
    expect(await make({ resolveFirst: false }).beforeHit('image')).toEqual({ status: 'unknown' });
    expect(await make({ source: undefined }).beforeHit('image')).toEqual({ status: 'unknown' });
    expect(await make({ source: undefined }).current('image')).toEqual({ status: 'unknown' });
    expect(source.lookups).toBe(0);
  });

  it('asks the source in both modes when it has to know', async () => {
    expect(await make({ resolveFirst: false }).current('image')).toEqual(found('old'));
  });

  it('tells found, missing and unavailable apart', async () => {
    const monitor = make();
    expect(await monitor.beforeHit('image')).toEqual(found('old'));
    expect(await monitor.beforeHit('other image')).toEqual({ status: 'missing' });
    source.unavailable = true;
    expect(await monitor.beforeHit('image')).toMatchObject({ status: 'unavailable' });
    expect(failures).toHaveLength(1);
  });

  it('tells a source for which nobody waits any more', async () => {
    const asked: (AbortSignal | undefined)[] = [];
    const silent: ImageSource = {
      name: 'silent',
      lookup: (_identifier, options) => {
        asked.push(options?.signal);
        return new Promise(() => undefined);
      },
    };
    const closing = new AbortController();
    const monitor = make({ source: silent, closing: closing.signal });
    const late = monitor.current('image');
    await clock.advance(1000);
    expect(await late).toMatchObject({ status: 'unavailable' });
    const ended = monitor.current('image');
    closing.abort(new Error('the cache ends'));
    await ended.catch(() => undefined);
    expect(asked.map((signal) => signal?.aborted)).toEqual([true, true]);
  });

  it('takes a source that throws at once for one that is unavailable', async () => {
    const throwing = {
      name: 'throwing',
      lookup: (): never => {
        throw new Error('at once');
      },
    };
    expect(await make({ source: throwing }).current('image')).toMatchObject({ status: 'unavailable' });
  });

  it('passes the refusal of an identifier on', async () => {
    const refusal = Object.assign(new Error('no such name'), { status: 400 });
    const refusing = { name: 'refusing', lookup: () => Promise.reject(refusal) };
    await expect(make({ source: refusing }).beforeHit('../image')).rejects.toBe(refusal);
    expect(failures).toEqual([]);
  });

  it('counts for each image how long nobody could tell, also while the source tells of others', async () => {
    source.put('other image', { etag: '1' });
    const lookup = (identifier: string): Promise<SourceLookup> =>
      identifier === 'image' ? Promise.reject(new Error('access denied')) : source.lookup(identifier);
    const monitor = make({ source: { name: 'partly', lookup }, stale: 1000 });
    expect(await monitor.before('image', {})).toEqual({ status: 'unknown', tolerated: true });
    for (const time of [600, 1200]) {
      await clock.advance(600);
      expect(await monitor.before('other image', {})).toMatchObject({ status: 'found' });
      expect([time, (await monitor.before('image', {})).status]).toEqual([
        time,
        time > 1000 ? 'unavailable' : 'unknown',
      ]);
    }
  });

  it('takes a source that does not answer in time for one that is unavailable', async () => {
    source.gate = deferred().promise;
    const state = make().beforeHit('image');
    await clock.advance(1000);
    expect(await state).toMatchObject({ status: 'unavailable' });
  });

  it('asks once for all who want to know at the same time', async () => {
    const monitor = make();
    const gate = deferred();
    source.gate = gate.promise;
    const states = Array.from({ length: 50 }, () => monitor.beforeHit('image'));
    gate.resolve();
    expect(new Set(await Promise.all(states)).size).toBe(1);
    expect(source.lookups).toBe(1);
  });

  it('goes on asking for the others when one of them gives up', async () => {
    const monitor = make();
    const gate = deferred();
    source.gate = gate.promise;
    const controller = new AbortController();
    const leaving = monitor.beforeHit('image', controller.signal);
    const staying = monitor.beforeHit('image');
    controller.abort();
    await expect(leaving).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_ABORTED' });
    gate.resolve();
    expect(await staying).toEqual(found('old'));
    expect(source.lookups).toBe(1);
  });

  it('begins a lookup of its own for who has to know the state of now', async () => {
    const monitor = make();
    const gate = deferred();
    source.gate = gate.promise;
    const before = monitor.beforeHit('image');
    await clock.advance(0);
    source.put('image', { etag: 'new' });
    const now = monitor.current('image');
    gate.resolve();
    expect(await before).toEqual(found('old'));
    expect(await now).toEqual(found('new'));
  });

  it('remembers nothing by default', async () => {
    const monitor = make();
    await monitor.beforeHit('image');
    source.put('image', { etag: 'new' });
    expect(await monitor.beforeHit('image')).toEqual(found('new'));
  });

  it('remembers what it was told for so long, counted from when it asked', async () => {
    const monitor = make({ revalidateAfter: 5000 });
    await monitor.beforeHit('image');
    await monitor.beforeHit('other image');
    source.put('image', { etag: 'new' });
    source.put('other image', { etag: 'new' });
    await clock.advance(4999);
    expect(await monitor.beforeHit('image')).toEqual(found('old'));
    expect(await monitor.beforeHit('other image')).toEqual({ status: 'missing' });
    await clock.advance(1);
    expect(await monitor.beforeHit('image')).toEqual(found('new'));
  });

  it('does not remember that the source could not tell', async () => {
    const monitor = make({ revalidateAfter: 5000 });
    source.unavailable = true;
    await monitor.beforeHit('image');
    source.unavailable = false;
    expect(await monitor.beforeHit('image')).toEqual(found('old'));
  });

  it('learns from every lookup, and never answers from memory who has to know the state of now', async () => {
    const monitor = make({ revalidateAfter: 5000 });
    await monitor.beforeHit('image');
    source.put('image', { etag: 'new' });
    expect(await monitor.current('image')).toEqual(found('new'));
    expect(await monitor.beforeHit('image')).toEqual(found('new'));
    expect(source.lookups).toBe(2);
  });

  it('remembers the later of two lookups, whichever is answered last', async () => {
    const monitor = make({ revalidateAfter: 5000 });
    const slow = deferred();
    source.gate = slow.promise;
    const first = monitor.current('image');
    await clock.advance(10);
    source.put('image', { etag: 'new' });
    source.gate = undefined;
    await monitor.current('image');
    slow.resolve();
    expect(await first).toEqual(found('old'));
    expect(await monitor.beforeHit('image')).toEqual(found('new'));
  });

  it('forgets an image, or all, when it is told to', async () => {
    const monitor = make({ revalidateAfter: 5000 });
    for (const identifier of ['image', 'other image']) await monitor.beforeHit(identifier);
    monitor.forget('image');
    for (const identifier of ['image', 'other image']) await monitor.beforeHit(identifier);
    expect(source.lookups).toBe(3);
    monitor.forget();
    for (const identifier of ['image', 'other image']) await monitor.beforeHit(identifier);
    expect(source.lookups).toBe(5);
  });

  it.each<[string, (monitor: SourceMonitor) => void]>([
    [
      'the image',
      (monitor) => {
        monitor.forget('image');
      },
    ],
    [
      'its group',
      (monitor) => {
        monitor.forgetGroup(groupOf('image'));
      },
    ],
    [
      'all',
      (monitor) => {
        monitor.forget();
      },
    ],
  ])('answers nobody with a lookup that began before %s was forgotten, and does not remember it', async (_, forget) => {
    const monitor = make({ revalidateAfter: 5000 });
    const gate = deferred();
    source.gate = gate.promise;
    const before = monitor.beforeHit('image');
    await clock.advance(0);
    source.put('image', { etag: 'new' });
    forget(monitor);
    const after = monitor.beforeHit('image');
    await clock.advance(0);
    gate.resolve();
    expect(await before).toEqual(found('old'));
    expect(await after).toEqual(found('new'));
    expect(await monitor.beforeHit('image')).toEqual(found('new'));
  });
});
