import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from 'nestjs-image-cache/testing';
import type { Priority } from '../../../../libs/image-cache/src/common/admission.js';
import { ImageCacheError } from '../../../../libs/image-cache/src/common/errors.js';
import {
  SingleFlight,
  type JoinOptions,
  type Landed,
  type Turn,
} from '../../../../libs/image-cache/src/common/single-flight.js';
import { deferred, type Deferred } from '../../../support/async.js';

const ABORTED = { code: 'E_IMAGE_CACHE_ABORTED' };

const abandoned = (): Error => new ImageCacheError('E_IMAGE_CACHE_ABORTED', 'The leader gave up.');

describe('SingleFlight', () => {
  let clock: FakeClock;
  let flights: SingleFlight<string>;
  let turn: Turn<string> | undefined;
  /** One per task that has begun, in their order. */
  let begun: { readonly name: string; readonly outcome: Deferred<string> }[];

  beforeEach(() => {
    clock = new FakeClock();
    flights = new SingleFlight();
    turn = undefined;
    begun = [];
  });

  const deadline = (options: Partial<JoinOptions<string>> = {}): JoinOptions<string> => ({
    clock,
    timeout: 1000,
    expired: () => new Error('too late'),
    ...(turn && { turn }),
    ...options,
  });

  const task = (name: string) => (): Promise<string> => {
    const outcome = deferred<string>();
    begun.push({ name, outcome });
    return outcome.promise;
  };

  const join = (name: string, options?: Partial<JoinOptions<string>>, key = 'key'): Promise<Landed<string>> => {
    const landed = flights.join(key, task(name), deadline(options));
    landed.catch(() => undefined);
    return landed;
  };

  const names = (): string[] => begun.map(({ name }) => name);

  it('does the work once for all who want it, and tells who has done it', async () => {
    const landed = ['a', 'b', 'c'].map((name) => join(name));
    await clock.advance(0);
    begun[0]?.outcome.resolve('value');
    expect(await Promise.all(landed)).toEqual([
      { value: 'value', collapsed: false },
      { value: 'value', collapsed: true },
      { value: 'value', collapsed: true },
    ]);
    expect(names()).toEqual(['a']);
    expect(flights.size).toBe(0);
  });

  it('does the work of each key, and the work again when it is wanted later', async () => {
    const first = join('a', {}, 'one');
    void join('b', {}, 'two');
    await clock.advance(0);
    expect(names()).toEqual(['a', 'b']);
    begun[0]?.outcome.resolve('1');
    await first;
    void join('c', {}, 'one');
    await clock.advance(0);
    expect(names()).toEqual(['a', 'b', 'c']);
  });

  it('lets who comes while the work is under way join it', async () => {
    void join('a');
    await clock.advance(500);
    const late = join('b');
    await clock.advance(0);
    begun[0]?.outcome.resolve('value');
    expect(await late).toEqual({ value: 'value', collapsed: true });
    expect(names()).toEqual(['a']);
  });

  it('is joined by who comes when its value is there, for as long as that lasts', async () => {
    const end = deferred();
    let discharged = false;
    const charge = () => () => void (discharged = true);
    const first = join('a', { lasting: () => end.promise, charge });
    await clock.advance(0);
    begun[0]?.outcome.resolve('value');
    expect(await first).toEqual({ value: 'value', collapsed: false });
    expect(await join('b')).toEqual({ value: 'value', collapsed: true });
    const settled = flights.settled();
    expect([flights.size, discharged]).toEqual([1, false]);
    end.resolve();
    await settled;
    expect([flights.size, discharged]).toEqual([0, true]);
    void join('c');
    await clock.advance(0);
    expect(names()).toEqual(['a', 'c']);
  });

  it.each([
    ['a failure', new Error('undecodable')],
    ['a refusal', new ImageCacheError('E_IMAGE_CACHE_OVERLOADED', 'full')],
    ['a missing image', new ImageCacheError('E_IMAGE_CACHE_NOT_FOUND', 'none')],
  ])('tells %s to all, and begins anew for who comes later', async (_, error) => {
    const landed = [join('a'), join('b')];
    await clock.advance(0);
    begun[0]?.outcome.reject(error);
    for (const each of landed) await expect(each).rejects.toBe(error);
    const later = join('c');
    await clock.advance(0);
    begun[1]?.outcome.resolve('value');
    expect(await later).toEqual({ value: 'value', collapsed: false });
    expect(names()).toEqual(['a', 'c']);
  });

  it('tells a task that throws at once like one that fails', async () => {
    const throwing = (): never => {
      throw new Error('at once');
    };
    await expect(flights.join('key', throwing, deadline())).rejects.toThrow('at once');
    expect(flights.size).toBe(0);
  });

  it('finishes what has begun though all who wanted it have left', async () => {
    const controller = new AbortController();
    const landed = [join('a', { signal: controller.signal }), join('b', { signal: controller.signal })];
    await clock.advance(0);
    controller.abort();
    for (const each of landed) await expect(each).rejects.toMatchObject(ABORTED);
    expect(flights.size).toBe(1);
    const late = join('c');
    begun[0]?.outcome.resolve('value');
    expect(await late).toEqual({ value: 'value', collapsed: true });
    expect(names()).toEqual(['a']);
  });

  it('lets no failure go astray when all who wanted it have left', async () => {
    const controller = new AbortController();
    void join('a', { signal: controller.signal });
    await clock.advance(0);
    controller.abort();
    begun[0]?.outcome.reject(new Error('nobody hears this'));
    await flights.settled();
    await clock.advance(0);
    expect(flights.size).toBe(0);
  });

  it('hands the work of a leader that gave up over to who has waited longest', async () => {
    const landed = ['a', 'b', 'c'].map((name) => join(name));
    await clock.advance(0);
    begun[0]?.outcome.reject(abandoned());
    await clock.advance(0);
    expect(names()).toEqual(['a', 'b']);
    begun[1]?.outcome.resolve('value');
    expect((await Promise.all(landed)).map(({ collapsed }) => collapsed)).toEqual([true, false, true]);
  });

  it.each(['AbortError', 'TimeoutError'])('hands over after an %s of the task', async (name) => {
    void join('a');
    const follower = join('b');
    await clock.advance(0);
    begun[0]?.outcome.reject(Object.assign(new Error('x'), { name }));
    await clock.advance(0);
    begun[1]?.outcome.resolve('value');
    expect(await follower).toEqual({ value: 'value', collapsed: false });
  });

  it('hands over to none of those who have left', async () => {
    const controller = new AbortController();
    void join('a');
    void join('b', { signal: controller.signal });
    void join('c');
    await clock.advance(0);
    controller.abort();
    await clock.advance(0);
    begun[0]?.outcome.reject(abandoned());
    await clock.advance(0);
    expect(names()).toEqual(['a', 'c']);
  });

  it('hands over once, and then tells all that it was given up', async () => {
    const landed = ['a', 'b', 'c'].map((name) => join(name));
    await clock.advance(0);
    begun[0]?.outcome.reject(abandoned());
    await clock.advance(0);
    begun[1]?.outcome.reject(abandoned());
    for (const each of landed) await expect(each).rejects.toMatchObject(ABORTED);
    expect(names()).toEqual(['a', 'b']);
  });

  it('tells a leader alone that it has given up', async () => {
    const landed = join('a');
    await clock.advance(0);
    begun[0]?.outcome.reject(abandoned());
    await expect(landed).rejects.toMatchObject(ABORTED);
    expect(names()).toEqual(['a']);
  });

  it('lets a waiter that runs out of time go, without a task of its own, and the others stay', async () => {
    const patient = join('a', { timeout: 5000 });
    const hasty = join('b', { timeout: 100 });
    await clock.advance(100);
    await expect(hasty).rejects.toThrow('too late');
    begun[0]?.outcome.resolve('value');
    expect((await patient).value).toBe('value');
    expect(names()).toEqual(['a']);
  });

  it('lets a leader that runs out of time go, and the others have its result', async () => {
    const hasty = join('a', { timeout: 100 });
    const patient = join('b', { timeout: 5000 });
    await clock.advance(100);
    await expect(hasty).rejects.toThrow('too late');
    begun[0]?.outcome.resolve('value');
    expect(await patient).toEqual({ value: 'value', collapsed: true });
    expect(names()).toEqual(['a']);
  });

  it('waits for all flights to land', async () => {
    let landed = false;
    void join('a', {}, 'one');
    void join('b', {}, 'two');
    const settled = flights.settled().then(() => (landed = true));
    await clock.advance(0);
    begun[0]?.outcome.resolve('1');
    await clock.advance(0);
    expect(landed).toBe(false);
    begun[1]?.outcome.reject(new Error('x'));
    await settled;
    expect(flights.size).toBe(0);
  });

  describe('whose turn has to come', () => {
    let turns: Deferred[];
    let signals: AbortSignal[];
    let priorities: (() => Priority)[];

    beforeEach(() => {
      turns = [];
      signals = [];
      priorities = [];
      turn = async (work, signal, { priority }) => {
        const mine = deferred();
        turns.push(mine);
        signals.push(signal);
        priorities.push(priority);
        await mine.promise;
        return work();
      };
    });

    it('lets who has waited longest then do the work', async () => {
      const controller = new AbortController();
      const gone = join('a', { signal: controller.signal });
      const stayed = join('b');
      await clock.advance(0);
      controller.abort();
      await expect(gone).rejects.toMatchObject(ABORTED);
      turns[0]?.resolve();
      await clock.advance(0);
      begun[0]?.outcome.resolve('value');
      expect(await stayed).toEqual({ value: 'value', collapsed: false });
      expect(names()).toEqual(['b']);
      expect(signals[0]?.aborted).toBe(false);
    });

    it('is in the background until somebody joins who is not', async () => {
      void join('a', { priority: 'background' });
      void join('b', { priority: 'background' });
      await clock.advance(0);
      expect(priorities[0]?.()).toBe('background');
      void join('c');
      expect(priorities[0]?.()).toBe('interactive');
      void join('d', { priority: 'background' });
      expect(priorities[0]?.()).toBe('interactive');
      turns[0]?.resolve();
      await clock.advance(0);
      begun[0]?.outcome.resolve('value');
      await flights.settled();
      expect(priorities).toHaveLength(1);
    });

    it('drops work that has not begun when nobody waits for it any more', async () => {
      const controller = new AbortController();
      const landed = [join('a', { signal: controller.signal }), join('b', { timeout: 100 })];
      await clock.advance(0);
      controller.abort();
      await clock.advance(100);
      await Promise.allSettled(landed);
      expect(signals[0]?.aborted).toBe(true);
      expect(flights.size).toBe(0);
      turns[0]?.resolve();
      await clock.advance(0);
      expect(names()).toEqual([]);
    });

    it('begins anew for who comes after work was dropped', async () => {
      const controller = new AbortController();
      void join('a', { signal: controller.signal });
      await clock.advance(0);
      controller.abort();
      await clock.advance(0);
      const late = join('b');
      await clock.advance(0);
      for (const turn of turns) turn.resolve();
      await clock.advance(0);
      begun[0]?.outcome.resolve('value');
      expect(await late).toEqual({ value: 'value', collapsed: false });
      expect(names()).toEqual(['b']);
      expect(flights.size).toBe(0);
    });

    it('drops work that was handed over and has not begun when nobody waits for it any more', async () => {
      const controller = new AbortController();
      const landed = [join('a', { signal: controller.signal }), join('b', { signal: controller.signal })];
      await clock.advance(0);
      turns[0]?.resolve();
      await clock.advance(0);
      begun[0]?.outcome.reject(abandoned());
      await clock.advance(0);
      expect(signals).toHaveLength(2);
      controller.abort();
      await Promise.allSettled(landed);
      expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
      expect(flights.size).toBe(0);
    });

    it('does not begin for a caller that has left before it came', async () => {
      await expect(join('a', { signal: AbortSignal.abort() })).rejects.toMatchObject(ABORTED);
      await clock.advance(0);
      expect(signals.every(({ aborted }) => aborted)).toBe(true);
      turns[0]?.resolve();
      await clock.advance(0);
      expect(names()).toEqual([]);
    });

    it('gives a value that was come by in another way to all, and nobody has made it here', async () => {
      turn = () => Promise.resolve('found');
      const landed = { value: 'found', collapsed: true };
      expect(await Promise.all([join('a'), join('b')])).toEqual([landed, landed]);
      expect(names()).toEqual([]);
    });
  });
});
