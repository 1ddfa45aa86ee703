import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FakeClock } from 'nestjs-image-cache/testing';
import { Admission, type Priority } from '../../../../libs/image-cache/src/common/admission.js';
import { deferred, type Deferred } from '../../../support/async.js';

const STAYS = new AbortController().signal;

const OVERLOADED = { code: 'E_IMAGE_CACHE_OVERLOADED', status: 503, retryAfter: 1 };

describe('Admission', () => {
  let clock: FakeClock;
  let admission: Admission;
  let begun: Map<string, Deferred<string>>;

  const run = (name: string, signal = STAYS, priority?: () => Priority): Promise<string> => {
    const outcome = admission.run(
      () => {
        const work = deferred<string>();
        begun.set(name, work);
        return work.promise;
      },
      { signal, ...(priority && { priority }) },
    );
    outcome.catch(() => undefined);
    return outcome;
  };

  beforeEach(() => {
    clock = new FakeClock();
    begun = new Map();
    admission = new Admission({ concurrency: 2, queue: 2, timeout: 1000 }, clock);
  });

  it('runs so many tasks at a time, and the others in the order of their arrival', async () => {
    for (const name of ['a', 'b', 'c', 'd']) void run(name);
    await clock.advance(0);
    expect([...begun.keys()]).toEqual(['a', 'b']);
    expect({ running: admission.running, waiting: admission.waiting }).toEqual({ running: 2, waiting: 2 });
    begun.get('b')?.resolve('done');
    await clock.advance(0);
    expect([...begun.keys()]).toEqual(['a', 'b', 'c']);
    begun.get('a')?.reject(new Error('failed'));
    await clock.advance(0);
    expect([...begun.keys()]).toEqual(['a', 'b', 'c', 'd']);
    expect({ running: admission.running, waiting: admission.waiting }).toEqual({ running: 2, waiting: 0 });
  });

  it('keeps the place of a task that has made something for as long as that lasts', async () => {
    const end = deferred();
    const lasting = (made: string): Promise<void> | undefined => (made === 'growing' ? end.promise : undefined);
    const made = ['growing', 'whole'].map((each) =>
      admission.run(() => Promise.resolve(each), { signal: STAYS, lasting }),
    );
    expect(await Promise.all(made)).toEqual(['growing', 'whole']);
    expect(admission.running).toBe(1);
    end.resolve();
    await clock.advance(0);
    expect(admission.running).toBe(0);
  });

  it('gives back what the task gave, or threw', async () => {
    const good = run('a');
    const bad = run('b');
    await clock.advance(0);
    begun.get('a')?.resolve('value');
    begun.get('b')?.reject(new Error('failed'));
    await expect(good).resolves.toBe('value');
    await expect(bad).rejects.toThrow('failed');
    await clock.advance(0);
    expect(admission.running).toBe(0);
  });

  it('refuses at once what finds no place in the queue', async () => {
    for (const name of ['a', 'b', 'c', 'd']) void run(name);
    await expect(run('e')).rejects.toMatchObject(OVERLOADED);
    expect(admission.waiting).toBe(2);
  });

  it('refuses what has waited too long, and lets what runs take its time', async () => {
    const running = run('a');
    void run('b');
    const waiting = run('c');
    await clock.advance(999);
    expect(admission.waiting).toBe(1);
    await clock.advance(1);
    await expect(waiting).rejects.toMatchObject(OVERLOADED);
    expect(admission.waiting).toBe(0);
    begun.get('a')?.resolve('value');
    await expect(running).resolves.toBe('value');
    await clock.advance(0);
    expect([...begun.keys()]).toEqual(['a', 'b']);
    expect(clock.scheduled).toBe(0);
  });

  it('lets tasks wait for ever when there is no limit of time', async () => {
    admission = new Admission({ concurrency: 1, queue: 1, timeout: 0 }, clock);
    void run('a');
    const waiting = run('b');
    await clock.advance(1_000_000);
    begun.get('a')?.resolve('value');
    await clock.advance(0);
    begun.get('b')?.resolve('late');
    await expect(waiting).resolves.toBe('late');
  });

  it('takes a task out of the queue when its signal says so, and not once it runs', async () => {
    const controller = new AbortController();
    const running = run('a', controller.signal);
    void run('b');
    const waiting = run('c', controller.signal);
    const next = run('d');
    await clock.advance(0);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_ABORTED' });
    begun.get('a')?.resolve('value');
    await expect(running).resolves.toBe('value');
    await clock.advance(0);
    begun.get('d')?.resolve('next');
    await expect(next).resolves.toBe('next');
    expect([...begun.keys()]).toEqual(['a', 'b', 'd']);
  });

  it('does not begin a task whose signal was aborted before', async () => {
    await expect(run('a', AbortSignal.abort())).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_ABORTED' });
    expect(begun.size).toBe(0);
    expect(admission.running).toBe(0);
  });

  describe('of tasks in the background', () => {
    const background = (): Priority => 'background';

    const finish = async (name: string): Promise<void> => {
      begun.get(name)?.resolve('done');
      await clock.advance(0);
    };

    beforeEach(() => {
      admission = new Admission({ concurrency: 1, queue: 2, timeout: 1000 }, clock);
    });

    it('lets interactive ones go first, and both in the order of their arrival', async () => {
      void run('first', STAYS, background);
      for (const name of ['b1', 'b2']) void run(name, STAYS, background);
      for (const name of ['i1', 'i2']) void run(name);
      for (const name of ['first', 'i1', 'i2', 'b1', 'b2']) {
        await clock.advance(0);
        expect([...begun.keys()].at(-1)).toBe(name);
        await finish(name);
      }
      expect([admission.running, admission.waiting]).toEqual([0, 0]);
    });

    it('gives them no place in the queue of the others, and no end of their wait', async () => {
      const running = run('i0');
      const patient = ['b1', 'b2', 'b3'].map((name) => run(name, STAYS, background));
      for (const name of ['i1', 'i2']) void run(name);
      await expect(run('i3')).rejects.toMatchObject(OVERLOADED);
      expect(admission.waiting).toBe(5);
      await clock.advance(100_000);
      expect(admission.waiting).toBe(3);
      for (const name of ['i0', 'b1', 'b2', 'b3']) await finish(name);
      expect(await Promise.all([running, ...patient])).toEqual(['done', 'done', 'done', 'done']);
    });

    it('takes one that somebody has begun to wait for for an interactive one', async () => {
      let priority: Priority = 'background';
      void run('i0');
      void run('b1', STAYS, background);
      void run('b2', STAYS, () => priority);
      void run('i1');
      await clock.advance(0);
      priority = 'interactive';
      await finish('i0');
      expect([...begun.keys()]).toEqual(['i0', 'b2']);
      await finish('b2');
      expect([...begun.keys()]).toEqual(['i0', 'b2', 'i1']);
      for (const name of ['i1', 'b1']) await finish(name);
    });

    it('takes one out when its signal says so', async () => {
      const controller = new AbortController();
      void run('i0');
      const waiting = run('b1', controller.signal, background);
      controller.abort();
      await expect(waiting).rejects.toMatchObject({ code: 'E_IMAGE_CACHE_ABORTED' });
      await finish('i0');
      expect([admission.running, admission.waiting]).toEqual([0, 0]);
    });
  });

  it('never runs more than it may, loses no place and keeps the order, whatever happens', async () => {
    const events = fc.array(fc.constantFrom('arrive', 'finish', 'fail', 'leave', 'wait'), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(events, fc.integer({ min: 1, max: 3 }), fc.nat(4), async (steps, concurrency, queue) => {
        admission = new Admission({ concurrency, queue, timeout: 1000 }, clock);
        begun = new Map();
        const controllers = new Map<number, AbortController>();
        const open = (): Deferred<string>[] => [...begun.values()];
        for (const [index, step] of steps.entries()) {
          if (step === 'arrive') {
            const controller = new AbortController();
            controllers.set(index, controller);
            void run(`${index}`, controller.signal);
          }
          if (step === 'finish') open().at(-1)?.resolve('value');
          if (step === 'fail') open().at(0)?.reject(new Error('failed'));
          if (step === 'leave') [...controllers.values()].find((each) => !each.signal.aborted)?.abort();
          await clock.advance(step === 'wait' ? 400 : 0);
          expect(admission.running).toBeLessThanOrEqual(concurrency);
          expect(admission.waiting).toBeLessThanOrEqual(queue);
          if (admission.waiting > 0) expect(admission.running).toBe(concurrency);
        }
        const order = [...begun.keys()].map(Number);
        expect(order).toEqual(order.toSorted((one, other) => one - other));
        for (let turn = 0; turn <= steps.length; turn += 1) {
          for (const work of open()) work.resolve('value');
          await clock.advance(0);
        }
        expect([admission.running, admission.waiting]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
  });
});
