import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PrefetchQueue } from '../../../../libs/image-cache/src/prefetch/prefetch-queue.js';
import type { QueuedJob } from '../../../../libs/image-cache/src/prefetch/queue/queue-operation.js';
import { QUEUES, type OpenQueue } from '../../../support/prefetch-queues.js';

/** A job as it has to be, said in the simplest way. */
interface Expected {
  readonly order: number;
  priority: number;
  state: 'queued' | 'running' | 'dead';
  /** Which of the processes works on it. */
  holder?: number;
  attempts: number;
}

const STATES = ['running', 'queued', 'dead'];

const image = fc.constantFrom('a', 'b', 'c', 'd');

const step = fc.record({
  what: fc.constantFrom(
    'add',
    'add',
    'add',
    'claim',
    'claim',
    'complete',
    'fail',
    'giveUp',
    'release',
    'retry',
    'remove',
    'clear',
  ),
  who: fc.nat(1),
  image,
  priority: fc.integer({ min: -1, max: 1 }),
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What two processes do to a queue, and what has to come of it. */
class Model {
  readonly jobs = new Map<string, Expected>();
  readonly #held: Map<string, QueuedJob>[] = [new Map<string, QueuedJob>(), new Map<string, QueuedJob>()];
  readonly #queues: readonly PrefetchQueue[];
  #order = 0;

  constructor(queues: readonly PrefetchQueue[]) {
    this.#queues = queues;
  }

  async take({ what, who, image: name, priority }: Step): Promise<void> {
    const queue = this.#queues[who] as PrefetchQueue;
    await queue.sync();
    const known = this.jobs.get(name);
    switch (what) {
      case 'add': {
        const { isNew } = await queue.add({ identifier: name, priority });
        expect(isNew).toBe(known === undefined || known.state === 'dead');
        if (isNew) this.jobs.set(name, { order: (this.#order += 1), priority, state: 'queued', attempts: 0 });
        else if (known !== undefined) known.priority = Math.max(known.priority, priority);
        return;
      }
      case 'claim': {
        const [next] = this.inOrder().filter(([, { state }]) => state === 'queued');
        const job = await queue.claim();
        expect(job?.identifier).toBe(next?.[0]);
        if (job === undefined || next === undefined) return;
        Object.assign(next[1], { state: 'running', holder: who });
        this.#held[who]?.set(job.identifier, job);
        return;
      }
      case 'remove': {
        const job = queue.find(name);
        expect(job !== undefined && (await queue.remove(job.id))).toBe(known !== undefined);
        this.jobs.delete(name);
        return;
      }
      case 'retry': {
        const failed = [...this.jobs.values()].filter(
          ({ state, attempts }) => state === 'dead' || (state === 'queued' && attempts > 0),
        );
        expect(await queue.retry()).toBe(failed.length);
        for (const job of failed) Object.assign(job, { state: 'queued', attempts: 0 });
        return;
      }
      case 'clear':
        expect(await queue.clear()).toBe(this.jobs.size);
        this.jobs.clear();
        return;
      default:
        await this.#end(what, { queue, who, name });
    }
  }

  /** The end of what a process believes to have: it counts only if that is so. */
  async #end(
    what: 'complete' | 'fail' | 'giveUp' | 'release',
    { queue, who, name }: { readonly queue: PrefetchQueue; readonly who: number; readonly name: string },
  ): Promise<void> {
    const job = this.#held[who]?.get(name);
    if (job === undefined) return;
    this.#held[who]?.delete(name);
    const known = this.jobs.get(name);
    const isHeld = queue.isHeld(job);
    expect(isHeld).toBe(known?.state === 'running' && known.holder === who && this.#isSame(job, name));
    if (what === 'complete') expect(await queue.complete(job)).toBe(isHeld);
    else if (what === 'release') expect(await queue.release(job)).toBe(isHeld);
    else expect(await queue.fail(job, 'no luck', what === 'fail' ? 1 : undefined)).toBe(isHeld);
    if (!isHeld || known === undefined) return;
    delete known.holder;
    if (what === 'complete') this.jobs.delete(name);
    else known.state = what === 'giveUp' ? 'dead' : 'queued';
    if (what === 'fail' || what === 'giveUp') known.attempts += 1;
  }

  /** Whether the job of an image is the one that was taken, and not a later one. */
  #isSame({ id }: QueuedJob, name: string): boolean {
    return this.#queues[0]?.find(name)?.id === id || this.#queues[1]?.find(name)?.id === id;
  }

  inOrder(): readonly (readonly [string, Expected])[] {
    return [...this.jobs].sort(
      ([, one], [, other]) =>
        STATES.indexOf(one.state) - STATES.indexOf(other.state) ||
        other.priority - one.priority ||
        one.order - other.order,
    );
  }
}

describe.each(Object.entries(QUEUES))('a queue %s, whatever two processes do to it', (_kind, make) => {
  it('has the jobs that were not done, each once, in their order, and loses none', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const open: OpenQueue = await make();
        try {
          const other = await open.another('other');
          const model = new Model([open.queue, other]);
          for (const each of steps) {
            await open.clock.advance(1);
            await model.take(each);
          }
          const later = await open.another('later');
          const expected = model.inOrder().map(([identifier, { priority, state, attempts }]) => ({
            identifier,
            priority,
            state,
            attempts,
          }));
          for (const queue of [open.queue, other, later]) {
            await queue.sync();
            const { jobs } = queue.page({});
            expect(
              jobs.map(({ identifier, priority, state, attempts }) => ({ identifier, priority, state, attempts })),
            ).toEqual(expected);
          }
        } finally {
          await open.close();
        }
      }),
      { numRuns: 60 },
    );
  });
});
