import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from 'nestjs-image-cache/testing';
import { CacheEvents } from '../../../../../libs/image-cache/src/observability/events.js';
import { Notices } from '../../../../../libs/image-cache/src/observability/history/notices.js';
import { CacheStats } from '../../../../../libs/image-cache/src/observability/stats.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('The log of what happened of late', () => {
  let clock: FakeClock;
  let events: CacheEvents;
  let notices: Notices;

  beforeEach(() => {
    clock = new FakeClock(Date.UTC(2026, 0, 1, 3));
    events = new CacheEvents();
    const stats = new CacheStats(events);
    const cache = {
      stats: () => ({ ...stats.snapshot(), rendering: { running: 0, waiting: 0 } }),
      on: events.on.bind(events),
      tell: () => undefined,
    };
    notices = new Notices(cache, clock);
  });

  const told = (): readonly (readonly [string, number])[] => notices.list().map(({ text, times }) => [text, times]);

  const evict = (identifier: string, reason = 'request', variants = 1): void => {
    events.emit('evicted', { reason, identifier, counts: { infos: 0, variants, sources: 0, bytes: 1 } });
  };

  const failAt = async (hour: string): Promise<void> => {
    await clock.advance(HOUR);
    events.emit('store-failed', { store: 'disk', operation: 'read', error: new Error(`EIO at ${hour}`) });
  };

  it('has a line for each time that something has failed, hours apart', async () => {
    for (const hour of ['04:00', '05:00']) await failAt(hour);
    expect(told()).toEqual([
      ['disk failed to read: EIO at 05:00', 1],
      ['disk failed to read: EIO at 04:00', 1],
    ]);
  });

  it('has one line for what fails again within a minute each', async () => {
    await failAt('04:00');
    for (let turn = 0; turn < 5; turn += 1) {
      await clock.advance(MINUTE - 1);
      events.emit('store-failed', { store: 'disk', operation: 'read', error: new Error('EIO, again') });
    }
    expect(told()).toEqual([['disk failed to read: EIO, again', 6]]);
    expect(notices.list()).toMatchObject([{ id: 6, run: 1, at: clock.now() }]);
  });

  it('tells each image that somebody has had evicted, and the same again once', () => {
    for (const identifier of ['a.tif', 'b.tif', 'b.tif', 'c.tif']) evict(identifier);
    expect(told()).toEqual([
      ['Evicted c.tif (request): 1 variant.', 1],
      ['Evicted b.tif (request): 1 variant.', 2],
      ['Evicted a.tif (request): 1 variant.', 1],
    ]);
  });

  it('sums up images that have changed, and names the last of them', () => {
    evict('a.tif', 'changed');
    expect(told()).toEqual([['Evicted a.tif (changed): 1 variant.', 1]]);
    for (const identifier of ['b.tif', 'c.tif']) evict(identifier, 'changed', 2);
    expect(told()).toEqual([['Evicted images (changed), c.tif the last: 2 variants.', 3]]);
  });

  it('tells a purge of nothing beside the one before', () => {
    for (const variants of [5, 0])
      events.emit('evicted', { reason: 'purge', counts: { infos: 0, variants, sources: 0, bytes: 1 } });
    expect(told()).toEqual([
      ['Evicted everything (purge): nothing.', 1],
      ['Evicted everything (purge): 5 variants.', 1],
    ]);
  });

  it('keeps what has failed while images are evicted by the thousand, and the other way round', async () => {
    await failAt('04:00');
    for (let image = 0; image < 1000; image += 1) evict(`${image}.tif`);
    expect(notices.list()).toHaveLength(100);
    expect(told().at(-1)).toEqual(['disk failed to read: EIO at 04:00', 1]);
    for (let task = 0; task < 1000; task += 1)
      events.emit('background-failed', { what: `task ${task}`, error: new Error('no') });
    const levels = notices.list().map(({ level }) => level);
    expect([levels.length, levels.filter((level) => level === 'done').length]).toEqual([100, 50]);
  });

  it('says which line another one replaces', () => {
    const heard: (readonly [number, string])[] = [];
    notices.subscribe(({ run, text }) => heard.push([run, text]));
    for (const identifier of ['a.tif', 'b.tif']) evict(identifier, 'missing');
    evict('c.tif');
    expect(heard).toEqual([
      [1, 'Evicted a.tif (missing): 1 variant.'],
      [1, 'Evicted images (missing), b.tif the last: 1 variant.'],
      [3, 'Evicted c.tif (request): 1 variant.'],
    ]);
  });
});
