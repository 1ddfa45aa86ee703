import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { PrefetchQueue } from '../../../../libs/image-cache/src/prefetch/prefetch-queue.js';
import { QUEUES, type OpenQueue, type QueueSettings } from '../../../support/prefetch-queues.js';

const SECOND = 1000;

describe.each(Object.entries(QUEUES))('the queue of a prefetcher %s', (_kind, make) => {
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

  const taken = async (count: number): Promise<(string | undefined)[]> => {
    const names: (string | undefined)[] = [];
    for (let index = 0; index < count; index += 1) names.push(await take());
    return names;
  };

  const claimed = async () => {
    const job = await queue.claim();
    if (job === undefined) throw new Error('there is no job');
    return job;
  };

  beforeEach(() => start());

  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
  });

  it('gives jobs in the order in which they came, and greater priorities first', async () => {
    for (const name of ['a', 'b', 'c']) await add(name);
    await add('urgent', 5);
    await add('idle', -5);
    expect(await taken(6)).toEqual(['urgent', 'a', 'b', 'c', 'idle', undefined]);
  });

  it('has one job for an image, with all that is wanted of it and the greatest priority', async () => {
    await queue.add({ identifier: 'a', priority: 0, variants: ['one'] });
    await add('b', 1);
    const again = await queue.add({ identifier: 'a', priority: 2, variants: ['two', 'one'] });
    expect(again).toMatchObject({ isNew: false, job: { variants: ['one', 'two'], priority: 2 } });
    const configured = await add('a');
    expect(configured.job).toMatchObject({ variants: ['one', 'two'], withConfigured: true, priority: 2 });
    expect(queue.counts).toEqual({ queued: 2, running: 0, dead: 0 });
    expect(await take()).toBe('a');
  });

  it('forgets a job that is done', async () => {
    await add('a');
    expect(await queue.complete(await claimed())).toBe(true);
    expect([queue.find('a'), queue.counts.running]).toEqual([undefined, 0]);
  });

  it('does a job once more when more was asked of the image meanwhile', async () => {
    await queue.add({ identifier: 'a', priority: 0, variants: ['one'] });
    const job = await claimed();
    await queue.add({ identifier: 'a', priority: 0, variants: ['two'] });
    expect(await queue.complete(job)).toBe(true);
    expect(queue.find('a')).toMatchObject({ state: 'queued', variants: ['one', 'two'] });
    const second = await claimed();
    await queue.add({ identifier: 'a', priority: 0, variants: ['one'] });
    await queue.complete(second);
    expect(queue.find('a')).toBeUndefined();
    await add('b');
    const third = await claimed();
    await queue.add({ identifier: 'b', priority: 0, again: true });
    await queue.complete(third);
    expect(queue.find('b')).toMatchObject({ state: 'queued' });
    await queue.fail(await claimed(), 'no luck', 0);
    const fourth = await claimed();
    await queue.add({ identifier: 'b', priority: 0, again: true });
    await queue.complete(fourth);
    expect(queue.find('b')).toMatchObject({ state: 'queued', attempts: 0 });
    expect(queue.find('b')?.error).toBeUndefined();
  });

  it('tries a job that has failed again, not before its time and not before others', async () => {
    await add('a');
    await add('b');
    await queue.fail(await claimed(), 'no luck', open.clock.now() + 10 * SECOND);
    const failingSince = open.clock.now();
    expect(queue.find('a')).toMatchObject({ state: 'queued', attempts: 1, error: 'no luck', failingSince });
    expect(queue.nextDue).toBe(open.clock.now() + 10 * SECOND);
    expect(await taken(2)).toEqual(['b', undefined]);
    await open.clock.advance(10 * SECOND);
    expect(await take()).toBe('a');
  });

  it('keeps a list of the jobs that were given up, and takes one up again that is asked for', async () => {
    await add('a');
    await queue.fail(await claimed(), 'hopeless');
    expect(queue.page({ state: 'dead' }).jobs).toMatchObject([{ identifier: 'a', attempts: 1, error: 'hopeless' }]);
    expect(await take()).toBeUndefined();
    const { isNew, job } = await add('a');
    expect([isNew, job.attempts, job.error]).toEqual([true, 0, undefined]);
    expect(await take()).toBe('a');
  });

  it('does jobs that have failed as if they were new when it is told to, one or all', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await add(name);
    await queue.fail(await claimed(), 'hopeless');
    await queue.fail(await claimed(), 'no luck', open.clock.now() + 1000 * SECOND);
    const job = await claimed();
    expect(await queue.retry(job.id)).toBe(0);
    expect(await queue.retry('none')).toBe(0);
    const [dead] = queue.page({ state: 'dead' }).jobs;
    expect(await queue.retry(dead?.id ?? '')).toBe(1);
    expect(queue.find('a')).toMatchObject({ state: 'queued', attempts: 0 });
    expect(queue.find('a')?.error).toBeUndefined();
    expect(await queue.retry()).toBe(1);
    expect(await taken(4)).toEqual(['a', 'b', 'd', undefined]);
    expect(queue.isHeld(job)).toBe(true);
  });

  it('lists what is being done first, then what waits, then what was given up, page by page', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await add(name, name === 'a' ? 9 : 0);
    await queue.fail(await claimed(), 'hopeless');
    await claimed();
    const seen: string[] = [];
    for (let after: string | undefined = ''; after !== undefined;) {
      const page = queue.page({ limit: 2, ...(after !== '' && { after }) });
      seen.push(...page.jobs.map(({ identifier, state }) => `${identifier} ${state}`));
      after = page.next;
    }
    expect(seen).toEqual(['b running', 'c queued', 'd queued', 'e queued', 'a dead']);
  });

  it('is paused for all that share it, and for those who come later', async () => {
    const other = await open.another('other');
    expect([await queue.pause(), await queue.pause()]).toEqual([true, false]);
    const later = await open.another('later');
    await other.sync();
    expect([queue.isPaused, other.isPaused, later.isPaused]).toEqual([true, true, true]);
    await add('a');
    expect([await take(), await take(other)]).toEqual([undefined, undefined]);
    expect([await other.resume(), await other.resume()]).toEqual([true, false]);
    await queue.sync();
    expect(queue.isPaused).toBe(false);
    expect(await take()).toBe('a');
  });

  it('begins no job that a pause came before of which it has not heard', async () => {
    const other = await open.another('other');
    await add('a');
    await other.sync();
    await queue.pause();
    expect(await take(other)).toBeUndefined();
    expect(other.counts.queued).toBe(1);
  });

  it('remembers a thousand jobs that were given up, the last ones', async () => {
    for (let index = 0; index < 1003; index += 1) {
      await add(`image ${index}`);
      await queue.fail(await claimed(), 'hopeless');
    }
    expect(queue.counts.dead).toBe(1000);
    expect([queue.find('image 2'), queue.find('image 3')?.state]).toEqual([undefined, 'dead']);
  });

  it('lets go of a job that is cancelled, also while it is being done', async () => {
    const { job: waiting } = await add('a');
    expect([await queue.remove(waiting.id), await queue.remove(waiting.id)]).toEqual([true, false]);
    await add('b');
    const job = await claimed();
    expect(queue.isHeld(job)).toBe(true);
    await queue.remove(job.id);
    expect(queue.isHeld(job)).toBe(false);
    expect(await queue.complete(job)).toBe(false);
    expect(await queue.fail(job, 'too late')).toBe(false);
  });

  it('is emptied of everything', async () => {
    for (const name of ['a', 'b', 'c']) await add(name);
    await claimed();
    expect(await queue.clear()).toBe(3);
    expect(queue.counts).toEqual({ queued: 0, running: 0, dead: 0 });
    expect(await take()).toBeUndefined();
  });

  it('refuses more jobs than it may have, but not more of those that it has', async () => {
    await start({ maxJobs: 2 });
    await add('a');
    await add('b');
    await expect(add('c')).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_OVERLOADED', status: 503 });
    expect((await add('b')).isNew).toBe(false);
  });

  it('shows its jobs in pages that are not disturbed by what is done in between', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await add(name, name === 'e' ? 1 : 0);
    const first = queue.page({ limit: 2 });
    expect(first.jobs.map(({ identifier }) => identifier)).toEqual(['e', 'a']);
    for (const { id } of first.jobs) await queue.remove(id);
    const second = queue.page({ limit: 2, after: first.next ?? '' });
    expect(second.jobs.map(({ identifier }) => identifier)).toEqual(['b', 'c']);
    const byId = queue.page({ after: second.jobs[0]?.id ?? '' });
    expect([byId.jobs.map(({ identifier }) => identifier), byId.next]).toEqual([['c', 'd'], undefined]);
  });

  it('tells how far a job is', async () => {
    await add('a');
    const job = await claimed();
    queue.report(job, { total: 3, done: 1, cached: 1, failed: 0, omitted: 0 });
    expect(queue.find('a')?.progress).toEqual({ total: 3, done: 1, cached: 1, failed: 0, omitted: 0 });
    await queue.release(job);
    expect(queue.find('a')).toMatchObject({ state: 'queued', attempts: 0 });
    expect(queue.find('a')?.progress).toBeUndefined();
  });

  it('gives a job to one process only', async () => {
    const other = await open.another('other');
    for (let index = 0; index < 20; index += 1) await add(`${index}`);
    const lane = async (from: PrefetchQueue): Promise<string[]> => {
      const names: string[] = [];
      for (let name = await take(from); name !== undefined; name = await take(from)) names.push(name);
      return names;
    };
    const lanes = await Promise.all([lane(queue), lane(other), lane(queue), lane(other)]);
    expect(lanes.flat().sort()).toEqual(Array.from({ length: 20 }, (_, index) => `${index}`).sort());
  });
});
