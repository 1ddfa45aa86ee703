import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { PrefetchQueue } from '../../../../libs/image-cache/src/prefetch/prefetch-queue.js';
import { until } from '../../../support/async.js';
import { QUEUES, type OpenQueue, type QueueSettings } from '../../../support/prefetch-queues.js';

const SECOND = 1000;

describe.each(Object.entries(QUEUES))(
  'the queue of a prefetcher %s, when a process leaves jobs behind',
  (_kind, make) => {
    const opened: OpenQueue[] = [];
    let open: OpenQueue;
    let queue: PrefetchQueue;

    const start = async (settings?: QueueSettings): Promise<void> => {
      open = await make(settings);
      opened.push(open);
      queue = open.queue;
    };

    const add = (identifier: string, priority = 0) => queue.add({ identifier, priority });

    const take = async (from = queue): Promise<string | undefined> => (await from.claim())?.identifier;

    const claimed = async () => {
      const job = await queue.claim();
      if (job === undefined) throw new Error('there is no job');
      return job;
    };

    beforeEach(() => start());

    afterEach(async () => {
      for (const each of opened.splice(0)) await each.close();
    });

    it('takes the jobs of a process over that has ended', async () => {
      const other = await open.another('other', { ended: ['me'] });
      await add('a');
      const job = await claimed();
      expect(await take(other)).toBe('a');
      await queue.sync();
      expect([queue.isHeld(job), await queue.complete(job)]).toEqual([false, false]);
      expect(other.counts.running).toBe(1);
    });

    it('leaves the jobs of a process alone for as long as it gives signs of life', async () => {
      const other = await open.another('other');
      await add('a');
      await claimed();
      for (let seconds = 0; seconds < 120; seconds += 10) {
        expect(await take(other)).toBeUndefined();
        await open.clock.advance(10 * SECOND);
      }
    });

    it('takes the jobs of a process over that has given no sign of life for half a minute', async () => {
      const { job } = await add('a');
      await open.journal.submit({ op: 'claim', id: job.id, holder: 'on another host' });
      expect(await take()).toBeUndefined();
      await open.clock.advance(30 * SECOND - 1);
      expect(await take()).toBeUndefined();
      await open.clock.advance(1);
      expect(await take()).toBe('a');
    });

    it('takes over at the beginning of a sweep what was left behind, paused or not', async () => {
      const other = await open.another('other', { ended: ['me'] });
      await add('urgent', 5);
      await add('a');
      await claimed();
      await queue.pause();
      await other.returnAll();
      expect(other.counts).toEqual({ queued: 2, running: 0, dead: 0 });
      await other.resume();
      expect(await take(other)).toBe('urgent');
    });

    it('takes over what was left behind while it works', async () => {
      const other = await open.another('other', { ended: ['me'] });
      await add('a');
      expect(await take(other)).toBe('a');
      await add('b');
      await claimed();
      await other.sync();
      expect(other.counts.running).toBe(2);
      await open.clock.advance(5 * SECOND);
      await until(() => other.counts.running === 1);
      expect(other.find('b')).toMatchObject({ state: 'queued' });
    });

    it('knows from what is written when a process that was there before counts as lost', async () => {
      await start({ short: 1 });
      const { job } = await add('a');
      const at = open.clock.now();
      await open.journal.submit({ op: 'claim', id: job.id, holder: 'on another host', at });
      await open.clock.advance(20 * SECOND);
      for (let index = 0; index < 20; index += 1) await queue.remove((await add('b')).job.id);
      const later = await open.another('later');
      expect([await take(later), later.nextDue]).toEqual([undefined, at + 30 * SECOND]);
      await open.clock.advance(10 * SECOND);
      const latest = await open.another('latest');
      expect(await take(latest)).toBe('a');
    });

    it('takes nobody for lost whose clock is fast, or who has given a sign since', async () => {
      const { job } = await add('a');
      const holder = 'on another host';
      await open.journal.submit({ op: 'claim', id: job.id, holder, at: open.clock.now() + 3600 * SECOND });
      expect([await take(), queue.nextDue]).toEqual([undefined, open.clock.now() + 30 * SECOND]);
      await open.clock.advance(20 * SECOND);
      await open.journal.submit({ op: 'beat', holder, at: open.clock.now(), progress: {} });
      await open.clock.advance(10 * SECOND);
      expect([await take(), queue.nextDue]).toEqual([undefined, open.clock.now() + 20 * SECOND]);
      await open.clock.advance(20 * SECOND);
      expect(await take()).toBe('a');
    });

    it('leaves out of the time of failing for how long nobody tries a job that was given back, or left behind', async () => {
      await add('a');
      const failingSince = open.clock.now();
      await queue.fail(await claimed(), 'no luck', failingSince);
      await queue.release(await claimed());
      await open.clock.advance(3600 * SECOND);
      const job = await claimed();
      expect(job.failingSince).toBe(failingSince + 3600 * SECOND);
      await queue.release(job);
      await open.journal.submit({ op: 'claim', id: job.id, holder: 'on another host', at: open.clock.now() });
      await open.clock.advance(3600 * SECOND);
      await queue.returnAll();
      await open.clock.advance(SECOND);
      expect((await claimed()).failingSince).toBe(failingSince + 7201 * SECOND);
    });

    it('gives back what is not done at its end', async () => {
      const other = await open.another('other');
      await add('a');
      await claimed();
      await other.sync();
      expect(other.counts).toMatchObject({ running: 1 });
      await queue.returnAll();
      await other.sync();
      expect(other.find('a')).toMatchObject({ state: 'queued', attempts: 0 });
    });
  },
);
